/* SPDX-License-Identifier: MIT */
/*
 * copies - writes that have no buffer in the program: from file to file and from pipe to file inside the
 * kernel, to files open for reading and writing, for writing only, and for writing only with a lock held.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

int main(void)
{
	int from = open("from", O_RDWR | O_CREAT | O_TRUNC, 0600), to = open("to", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int both = open("both", O_RDWR | O_CREAT | O_TRUNC, 0600), clone = open("clone", O_WRONLY | O_CREAT, 0600), ends[2];
	off_t in = 3, out = 40;
	long wrong = 0;

	wrong += write(from, "0123456789abcdef", 16) != 16;
	wrong += sendfile(to, from, &in, 5) != 5;
	lseek(from, 0, SEEK_SET);
	wrong += sendfile(both, from, NULL, 7) != 7;
	wrong += copy_file_range(from, NULL, to, NULL, 6, 0) != 6;
	wrong += copy_file_range(from, &in, both, &out, 4, 0) != 4;
	wrong += pipe(ends) != 0 || write(ends[1], "through a pipe", 14) != 14;
	wrong += splice(ends[0], NULL, to, NULL, 7, 0) != 7;
	out = 60;
	wrong += splice(ends[0], NULL, both, &out, 7, 0) != 7;
	ioctl(clone, FICLONE, from); /* not every file system can */
	wrong += fcntl(to, F_SETLK, &(struct flock){.l_type = F_WRLCK}) != 0;
	lseek(from, 0, SEEK_SET);
	wrong += sendfile(to, from, NULL, 4) != 4;
	return wrong != 0;
}
