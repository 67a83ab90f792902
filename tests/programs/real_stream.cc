// SPDX-License-Identifier: MIT
//
// real_stream.cc - files by way of C++ streams, with and without a flush.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

int main()
{
	std::string line(300, 'x');
	{
		std::ofstream file("lazy");
		for (int i = 0; i < 100; i++)
			file << i << ' ' << line << '\n';
	}
	{
		std::ofstream file("eager", std::ios::binary | std::ios::trunc);
		for (int i = 0; i < 20; i++)
			file << i << ' ' << line << std::endl;
		file.write(std::string(100000, 'y').data(), 100000);
	}
	{
		std::ofstream file("eager", std::ios::app);
		file << "more" << std::flush << std::unitbuf << "and"
		     << "more";
	}
	{
		std::fstream file("lazy", std::ios::in | std::ios::out);
		file.seekp(1000);
		file << "in the middle";
	}
	namespace fs = std::filesystem;
	fs::create_directories("a/b/c");
	fs::copy_file("lazy", "a/copy");
	fs::copy("a", "z", fs::copy_options::recursive);
	fs::rename("a/copy", "a/b/moved");
	fs::resize_file("a/b/moved", 77);
	fs::permissions("a/b/moved", fs::perms::owner_all);
	fs::last_write_time("a/b/moved", fs::file_time_type::clock::now());
	fs::create_symlink("moved", "a/b/link");
	fs::create_hard_link("a/b/moved", "a/hard");
	fs::remove("a/b/link");
	fs::remove_all("a");
	std::ofstream("nowhere/file") << "not";
	return 0;
}
