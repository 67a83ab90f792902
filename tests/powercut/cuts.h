/* SPDX-License-Identifier: MIT */
/*
 * cuts.h - power goes at some places of a run, and what is there afterwards is judged.
 */
#ifndef CRASH_TESTS_POWERCUT_CUTS_H
#define CRASH_TESTS_POWERCUT_CUTS_H

#include "tests/powercut/rig.h"

/** What was found and is not allowed. */
struct cuts_violation {
	int over;   /* ops */
	size_t cut; /* notes */
	char *text;
};

struct cuts {
	unsigned long done, foreign; /* power losses, and those that left what is not allowed */
	struct cuts_violation first;
};

/** Loses power at so many places of a run that has been done. Ends at the first violation if that is enough.
 */
void cuts_try(struct rig *rig, struct run *run, int most, bool one_is_enough, struct cuts *cuts);
void cuts_clear(struct cuts *cuts);

#endif
