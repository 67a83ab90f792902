/* SPDX-License-Identifier: MIT */
/*
 * value_store.h - a value in a file that is replaced as a whole; with STORE_BUG=1 it is not synced before.
 */
#ifndef VALUE_STORE_H
#define VALUE_STORE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <crashinject/breakpoint.h>

static inline int store_save(const char *directory, char value)
{
	int parent = open(directory, O_RDONLY | O_DIRECTORY), fd;
	char text[2] = {value, '\0'};
	int good;

	fd = openat(parent, "value.new", O_WRONLY | O_CREAT | O_TRUNC, 0666);
	good = write(fd, text, 1) == 1 && (getenv("STORE_BUG") || fsync(fd) == 0) && close(fd) == 0;
	CRASH_BREAKPOINT("store.written");
	good = good && renameat(parent, "value.new", parent, "value") == 0 && fsync(parent) == 0;
	close(parent);
	if (good)
		CRASH_ACK(text);
	return good ? 0 : 1;
}

/* The value, or "?" if there is none. */
static inline char store_load(const char *directory)
{
	char path[4096], value = '?';
	int fd;

	snprintf(path, sizeof path, "%s/value", directory);
	fd = open(path, O_RDONLY);
	if (fd >= 0 && read(fd, &value, 1) != 1)
		value = '?';
	if (fd >= 0)
		close(fd);
	return value;
}

/* What was acknowledged at last, or "0". */
static inline char store_acked(const char *acked_dir)
{
	char path[4096], value = '0';
	FILE *file;

	snprintf(path, sizeof path, "%s/points", acked_dir);
	file = fopen(path, "r");
	while (file && fscanf(file, " %c", &value) == 1)
		;
	if (file)
		fclose(file);
	return value;
}

#endif
