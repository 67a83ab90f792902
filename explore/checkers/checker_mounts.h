/* SPDX-License-Identifier: MIT */
/*
 * checker_mounts.h - what a checker mounts and leaves is gone when the next state is checked.
 *
 * A worker's checkers share its mount namespace: one of its own for each would cost more than most checks do.
 */
#ifndef CRASH_CHECKER_MOUNTS_H
#define CRASH_CHECKER_MOUNTS_H

#include <stdbool.h>

struct crash__mounts {
	int list; /* of what is mounted in this namespace; -1: it cannot be read here */
	char *before;
	bool changed;	/* since a checker began, as far as anybody has asked */
	char state[24]; /* how the line of the state's mount begins; "": it is in the list of before */
};

/** Call it in the namespace where checkers are going to run, before there is a state. */
int crash__mounts_open(struct crash__mounts *mounts);

/** Before a checker: notes what is mounted, with what is shown at the path `state`. */
int crash__mounts_note(struct crash__mounts *mounts, const char *state);

/** Whether nothing was mounted or unmounted since. */
bool crash__mounts_are_same(struct crash__mounts *mounts);

/** After it: unmounts what was not mounted then. */
int crash__mounts_restore(const struct crash__mounts *mounts);

#endif
