/* SPDX-License-Identifier: MIT */
/*
 * base_tree.h - the tree that was there before the recorded run.
 *
 * Either the data directory itself, which the run has not changed because it ran on an overlay, or what
 * `record` has put into the trace. Nothing is read that nobody asks for: the cost does not grow with the
 * directory.
 */
#ifndef CRASH_BASE_TREE_H
#define CRASH_BASE_TREE_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/attributes.h"

struct crash__base;

/** The tree in a directory; its path is copied. */
int crash__base_open(const char *directory, struct crash__base **base);

void crash__base_close(struct crash__base *base);

/**
 * Whether anything of it is no more what it was when it was first looked at, or has become something.
 * @param path what, below it
 */
bool crash__base_has_changed(const struct crash__base *base, char path[PATH_MAX]);

/** What a path below it (without a leading slash; "" is itself) is: 1; 0: nothing is there; or an error. */
int crash__base_stat(const struct crash__base *base, const char *path, struct stat *status);

/** Whether that cannot be said because a directory above it keeps us out, even as its owner. */
bool crash__base_keeps_out(const struct crash__base *base, const char *path);

/** Where a symbolic link points. */
int crash__base_link(const struct crash__base *base, const char *path, char out[PATH_MAX]);

/** The extended attributes of a path, to be cleared. */
int crash__base_xattrs(const struct crash__base *base, const char *path, struct crash__xattrs *xattrs);

/** Reads a file; returns the bytes, 0 behind its end, or -1. */
long crash__base_read(const struct crash__base *base, const char *path, void *to, size_t count,
		      uint64_t offset);

/** Reads all of a range that the file had when it was looked at. What is not there any more is an error, and
 * never zeros. */
int crash__base_read_all(const struct crash__base *base, const char *path, void *to, size_t count,
			 uint64_t offset);

/** Copies a range of a file to the same place of another, which has nothing there: holes stay holes. */
int crash__base_copy(const struct crash__base *base, const char *path, int to, uint64_t at, uint64_t end);

/**
 * The next part of a file that is no hole, from `at` on: 1; 0: there is none; or an error. The
 * next one begins behind `end`.
 */
int crash__base_data(const struct crash__base *base, const char *path, uint64_t at, uint64_t *start,
		     uint64_t *end);

/**
 * Opens a directory below it ("" is itself); NULL with errno. Not by the path of the base: where a sandbox
 * has mounted something over the data directory, that path leads to what is mounted.
 */
DIR *crash__base_open_directory(const struct crash__base *base, const char *path);

/** The directory's path, to be put under an overlay or copied. */
const char *crash__base_directory(const struct crash__base *base);

#endif
