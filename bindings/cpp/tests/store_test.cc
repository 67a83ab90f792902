// SPDX-License-Identifier: MIT
//
// store_test STORE - without a framework, so that it needs none.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include <crashinject/channel.hpp>
#include <crashinject/explore.hpp>

static int failures;

static void expect(bool good, const std::string &about)
{
	if (!good) {
		std::cerr << "FAIL: " << about << "\n";
		failures++;
	}
}

static std::string new_directory()
{
	const char *temporary = std::getenv("TMPDIR");
	std::string path = std::string(temporary ? temporary : "/tmp") + "/crashinject-XXXXXX";

	return mkdtemp(path.data()) ? path : "";
}

static std::string shell(const std::string &command)
{
	return std::to_string(std::system(command.c_str()));
}

static std::string value_in(const std::string &directory)
{
	std::ifstream file(directory + "/value");
	std::string value;

	std::getline(file, value);
	return value;
}

static void the_program_is_killed_at_points(const std::string &store)
{
	const char *command = std::getenv("CRASHINJECT");
	std::string run = std::string(command ? command : "crashinject") + " run -q --dir ";

	for (const char *at : {"store.written#2", "store.save.enter#2", "store.save.leave"}) {
		std::string directory = new_directory();

		expect(shell(run + directory + " --at " + at + " -- " + store + " save 1 2") == "0", at);
		expect(value_in(directory) == "1", std::string(at) + ": " + value_in(directory));
		shell("rm -rf " + directory);
	}
}

static crashinject::exploration explored(const std::string &store, const std::string &before)
{
	std::string directory = new_directory();
	crashinject::exploration result = crashinject::explore(before + "exec " + store + " save 1 2",
							       store + " check", directory, {"posix"});

	shell("rm -rf " + directory);
	return result;
}

int main(int argc, char **argv)
{
	std::string store = argc > 1 ? argv[1] : "./store", directory = new_directory();

	/* nothing is written without the variable */
	expect(crashinject::detail::channel == -1, "there is a channel");
	crashinject::point("a");
	crashinject::ack("b");
	expect(shell("CRASH_DIR=" + directory + " " + store + " save 1") == "0", "alone");
	expect(value_in(directory) == "1", "alone");
	shell("rm -rf " + directory);
	the_program_is_killed_at_points(store);
	crashinject::exploration right = explored(store, ""),
				 wrong = explored(store, "STORE_BUG=1; export STORE_BUG; ");
	expect(bool(right), right.text);
	expect(wrong.status == 1 && wrong.text.find("fsync of value.new") != std::string::npos &&
		       wrong.text.find("replay") != std::string::npos,
	       wrong.text);
	return failures != 0;
}
