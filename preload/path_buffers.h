/* SPDX-License-Identifier: MIT */
/*
 * path_buffers.h - memory for paths, which must not be taken from the stack.
 *
 * A wrapper may run on a signal stack of 8 KiB or in a thread with the smallest stack there is.
 */
#ifndef CRASH_PATH_BUFFERS_H
#define CRASH_PATH_BUFFERS_H

#include <limits.h>
#include <stdbool.h>

struct crash__path_buffers {
	char path[PATH_MAX];		     /* what an op is about */
	char to[PATH_MAX];		     /* and its second file */
	char rest[PATH_MAX], link[PATH_MAX]; /* path.c walks with these */
};

/** Takes a block; never fails short of having no memory at all (NULL). Async-signal-safe. */
struct crash__path_buffers *crash__path_buffers_take(void);

/** Gives it back; NULL is ignored. */
void crash__path_buffers_give(struct crash__path_buffers *buffers);

#endif
