/* SPDX-License-Identifier: MIT */
/*
 * checker_mounts.h - what a checker mounts and leaves is gone when the next state is checked.
 *
 * A worker's checkers share its mount namespace: one of its own for each would cost more than most checks do.
 */
#ifndef CRASH_CHECKER_MOUNTS_H
#define CRASH_CHECKER_MOUNTS_H

#include <stddef.h>

struct crash__mounts {
	int list; /* of what is mounted in this namespace; -1: it cannot be read here */
	char *before;
	size_t size;
};

/** Call it in the namespace where checkers are going to run. */
void crash__mounts_open(struct crash__mounts *mounts);

/** Before a checker: notes what is mounted. */
int crash__mounts_note(struct crash__mounts *mounts);

/** After it: unmounts what was not mounted then. */
int crash__mounts_restore(const struct crash__mounts *mounts);

#endif
