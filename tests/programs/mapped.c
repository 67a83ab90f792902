/* SPDX-License-Identifier: MIT */
/*
 * mapped - a file that is written to by calls and by stores, through a mapping that is longer than it: open,
 * 2 ftruncate, 4 writes and 1 store that changes something.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	int fd = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0644);
	char *memory;

	if (fd < 0 || ftruncate(fd, 65536) < 0)
		return 1;
	memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED || pwrite(fd, "hello", 5, 0) != 5 || pwrite(fd, "hello", 5, 8192) != 5 ||
	    ftruncate(fd, 70000) < 0)
		return 1;
	memory[66000] = 'x';
	if (pwrite(fd, "hello", 5, 66000) != 5 || write(fd, "x", 1) != 1)
		return 1;
	return 0;
}
