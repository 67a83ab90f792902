// SPDX-License-Identifier: MIT
//
// store.cc - a value in a file that is replaced as a whole. With STORE_BUG=1 it is not synced before.
//
//	store save VALUE...	in $CRASH_DIR
//	store check		in a crash state: the last value that was acknowledged has to be there
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include <crashinject/channel.hpp>

static void must(bool good, const char *what)
{
	if (!good)
		throw std::runtime_error(what);
}

static void sync(const char *path)
{
	int fd = open(path, O_RDONLY);

	must(fd >= 0 && fsync(fd) == 0 && close(fd) == 0, path);
}

static void save(const std::string &value)
{
	crashinject::scoped_point scope("store.save");
	int fd = open("value.new", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	must(fd >= 0 && write(fd, value.data(), value.size()) == static_cast<ssize_t>(value.size()) &&
		     close(fd) == 0,
	     "value.new");
	crashinject::point("store.written");
	if (!std::getenv("STORE_BUG"))
		sync("value.new");
	must(rename("value.new", "value") == 0, "rename");
	sync(".");
	crashinject::ack(value);
}

static int check()
{
	std::ifstream points(std::string(std::getenv("CRASH_ACKED_DIR")) + "/points"), value("value");
	std::string line, acked, there;

	while (std::getline(points, line))
		acked = line;
	std::getline(value, there);
	if (there >= acked)
		return 0;
	std::cout << "acknowledged " << acked << ", there is \"" << there << "\"\n";
	return 1;
}

int main(int argc, char **argv)
try {
	if (argc > 1 && std::string(argv[1]) == "check")
		return check();
	must(chdir(std::getenv("CRASH_DIR")) == 0, "CRASH_DIR");
	for (int i = 2; i < argc; i++)
		save(argv[i]);
	return 0;
} catch (const std::exception &error) {
	std::cerr << error.what() << "\n";
	return 1;
}
