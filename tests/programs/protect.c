/* SPDX-License-Identifier: MIT */
/*
 * protect - stores to a file through a mapping that was made to be read only. With an argument the file has
 * no name any more when the mapping becomes writable.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = open("data", O_RDWR);
	char *memory = mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);

	(void)argv;
	if (fd < 0 || memory == MAP_FAILED || close(fd) < 0 || (argc > 1 && unlink("data") < 0) ||
	    mprotect(memory, 16, PROT_READ | PROT_WRITE) < 0)
		return 1;
	memory[3] = 'X';
	return 0;
}
