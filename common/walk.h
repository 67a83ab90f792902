/* SPDX-License-Identifier: MIT */
/*
 * walk.h - from a path as a program gave it to the one true name of the file.
 */
#ifndef CRASH_WALK_H
#define CRASH_WALK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct crash__walk {
	const char *prefix; /* where the program's root is, as "/proc/123/root"; "" is our own */
	const char *base;   /* absolute; where a relative path starts; may be `out` */
	bool follow;	    /* a symbolic link that stands last */
	uint32_t epoch;	    /* of names: what was learnt in an earlier one is not believed */
	char *out;	    /* PATH_MAX bytes for the result: absolute, as the program would name it */
	char *rest, *link;  /* PATH_MAX bytes each to work with */
};

/** Walks `path`. Returns false, and an empty result, if there are too many links or characters. */
bool crash__walk(const struct crash__walk *walk, const char *path);

/** Whether `path` is `directory` or below it. */
bool crash__path_is_below(const char *path, const char *directory);

struct crash__control;

/** Whether an absolute path counts as storage: not /proc, /sys, /dev, and below --root. */
bool crash__path_counts(const struct crash__control *control, const char *path);

/** Takes " (deleted)" off the name of an open file that has no link any more. */
void crash__path_strip_deleted(char *path);

#endif
