/* SPDX-License-Identifier: MIT */
/*
 * saver.c - saves "new" over "old" by writing a temporary file and renaming it, with as many mistakes as the
 * argument names: no-sync, no-dirsync, in-place, in-place-dsync, emptied, early-ack, two-files,
 * written-again; good has none, but that it tries a sync again that failed.
 */
#include <crashinject/breakpoint.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 4096

static char fresh[2 * BLOCK];

static void sync_directory(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	fsync(fd);
	close(fd);
}

static void acknowledge(void)
{
	puts("saved");
	fflush(stdout);
}

static int writes_again; /* what an fsync could not write */

static void write_all(int fd)
{
	if (pwrite(fd, fresh, sizeof fresh, 0) != (ssize_t)sizeof fresh)
		_exit(1);
}

static void write_file(const char *name, int sync)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	write_all(fd);
	if (sync && fsync(fd) < 0) {
		if (writes_again)
			write_all(fd);
		if (fsync(fd) < 0)
			_exit(1);
	}
	close(fd);
}

static void overwrite(int flags)
{
	int fd = open("data", O_RDWR | flags);

	write_all(fd);
	if (!flags)
		fsync(fd);
	close(fd);
}

int main(int argc, char **argv)
{
	const char *mistake = argc > 1 ? argv[1] : "good";

	memset(fresh, 'n', sizeof fresh);
	if (strncmp(mistake, "in-place", strlen("in-place")) == 0) {
		overwrite(strcmp(mistake, "in-place-dsync") == 0 ? O_DSYNC : 0);
		acknowledge();
		return 0;
	}
	if (strcmp(mistake, "emptied") == 0) {
		write_file("data", 0);
		acknowledge();
		return 0;
	}
	writes_again = strcmp(mistake, "written-again") == 0;
	write_file("data.tmp", strcmp(mistake, "no-sync") != 0);
	CRASH_BREAKPOINT("saver.written");
	if (strcmp(mistake, "early-ack") == 0)
		acknowledge();
	if (rename("data.tmp", "data") < 0)
		return 1;
	if (strcmp(mistake, "two-files") == 0) {
		write_file("mark", 1);
		sync_directory();
	} else if (strcmp(mistake, "no-dirsync") != 0) {
		sync_directory();
	}
	if (strcmp(mistake, "early-ack") != 0)
		acknowledge();
	return 0;
}
