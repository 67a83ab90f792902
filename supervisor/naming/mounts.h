/* SPDX-License-Identifier: MIT */
/*
 * mounts.h - what is mounted where, as /proc/PID/mountinfo has it.
 */
#ifndef CRASH_MOUNTS_H
#define CRASH_MOUNTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crash__mount {
	uint64_t id;
	uint64_t device; /* of the file system: stat(2) may have others */
	char *root;	 /* which of its directories is mounted */
	char *point;	 /* where */
	bool in_memory;	 /* its files are nowhere else */
};

struct crash__mounts {
	struct crash__mount *list;
	size_t count, size;
};

/** Reads such a file; false if that cannot be done. */
bool crash__mounts_read(struct crash__mounts *mounts, const char *path);

void crash__mounts_clear(struct crash__mounts *mounts);

const struct crash__mount *crash__mounts_find(const struct crash__mounts *mounts, uint64_t id);

/**
 * What a file is called by way of `mounts` that is `path` in the file system `device`; if there are several
 * names, one below `preferred`. False: no mount leads there.
 */
bool crash__mounts_name(const struct crash__mounts *mounts, uint64_t device, const char *path,
			const char *preferred, char out[PATH_MAX]);

/** What is left of `path` behind `directory`: "" or begins with a slash; NULL: it is not below that. */
const char *crash__path_behind(const char *path, const char *directory);

#endif
