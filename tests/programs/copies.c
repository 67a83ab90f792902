/* SPDX-License-Identifier: MIT */
/*
 * copies - writes that have no buffer in the program: from file to file and from pipe to file inside the
 * kernel, to files open for reading and writing, for writing only, and for writing only with a lock held.
 * Where the file system can, also clones of files and of parts of them; it says what came of each.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "common/names.h"

#define BLOCK 4096

static long wrong;

static void copy(void)
{
	int from = open("from", O_RDWR | O_CREAT | O_TRUNC, 0600),
	    to = open("to", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int both = open("both", O_RDWR | O_CREAT | O_TRUNC, 0600), ends[2];
	off_t in = 3, out = 40;

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
	wrong += fcntl(to, F_SETLK, &(struct flock){.l_type = F_WRLCK}) != 0;
	lseek(from, 0, SEEK_SET);
	wrong += sendfile(to, from, NULL, 4) != 4;
}

/* Blocks with a letter of its own each, and a piece of one. */
static int make_blocks(const char *name, int count, long piece)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char block[BLOCK];

	for (int i = 0; i <= count; i++) {
		long bytes = i < count ? BLOCK : piece;

		memset(block, name[0] + i, sizeof block);
		wrong += write(fd, block, (size_t)bytes) != bytes;
	}
	return fd;
}

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result == 0 ? "done" : crash__error_name(errno));
}

static void clone_part(const char *what, int from, long at, long bytes, int to, long where)
{
	struct file_clone_range range = {.src_fd = from,
					 .src_offset = (unsigned long)at,
					 .src_length = (unsigned long)bytes,
					 .dest_offset = (unsigned long)where};

	say(what, ioctl(to, FICLONERANGE, &range));
}

static void clone(void)
{
	int blocks = make_blocks("blocks", 5, 100), even = make_blocks("even", 2, 0);
	int shorter = make_blocks("shorter", 1, 7), longer = make_blocks("longer", 7, 7);
	int whole = open("whole", O_WRONLY | O_CREAT, 0600), parts = open("parts", O_RDWR | O_CREAT, 0600);
	int beyond = open("beyond", O_WRONLY | O_CREAT, 0600), reader = open("blocks", O_RDONLY);
	int same = open("same", O_RDWR | O_CREAT, 0600), elsewhere = open("/proc/self/exe", O_RDONLY);
	off_t in = BLOCK, out = 2 * BLOCK;

	say("a file", ioctl(whole, FICLONE, reader));
	say("over a shorter one", ioctl(shorter, FICLONE, blocks));
	say("over a longer one", ioctl(longer, FICLONE, even));
	say("a piece over a longer one", ioctl(longer, FICLONE, blocks));
	clone_part("one block", blocks, BLOCK, BLOCK, parts, 0);
	clone_part("two blocks", blocks, 3 * BLOCK, 2 * BLOCK, parts, BLOCK);
	clone_part("the rest", blocks, 4 * BLOCK, 0, parts, 5 * BLOCK);
	clone_part("behind the end", blocks, 0, BLOCK, beyond, 9 * BLOCK);
	clone_part("no whole block", blocks, 10, 20, parts, 0);
	clone_part("into itself", blocks, 0, BLOCK, blocks, 2 * BLOCK);
	clone_part("over itself", blocks, 0, 2 * BLOCK, blocks, BLOCK);
	say("from elsewhere", ioctl(parts, FICLONE, elsewhere));
	say("to a reader", ioctl(reader, FICLONE, parts));
	wrong += copy_file_range(blocks, &in, same, &out, 3 * BLOCK, 0) != 3 * BLOCK;
	wrong += pwrite(same, "not shared any more", 19, 2 * BLOCK + 5) != 19;
	fsync(same);
}

int main(void)
{
	copy();
	clone();
	return wrong != 0;
}
