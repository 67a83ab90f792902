// SPDX-License-Identifier: MIT
//
// allocates_cxx.cc - asks for memory with new: catches what that throws, or does not.

#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <vector>

extern "C" __attribute__((noinline)) std::string *make();

std::string *make()
{
	return new std::string("longer than what a string has within itself");
}

int main(int argc, char **argv)
{
	bool catches = argc > 1 && std::strcmp(argv[1], "catches") == 0;

	try {
		std::string *text = make();

		std::puts(text->c_str());
		delete text;
	} catch (const std::bad_alloc &) {
		if (!catches)
			throw;
		std::puts("no memory");
		return 1;
	}
	return 0;
}
