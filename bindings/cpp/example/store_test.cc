// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <iostream>
#include <unistd.h>

#include <crashinject/explore.hpp>

int main()
{
	char directory[] = "/tmp/store-XXXXXX";
	std::string store = std::getenv("PWD") + std::string("/store");
	auto result = crashinject::explore("exec " + store + " save 1 2", store + " check",
					   mkdtemp(directory), {"ext4"});

	std::cout << result.text;
	return result ? 0 : 1;
}
