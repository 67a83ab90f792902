/* SPDX-License-Identifier: MIT */
/*
 * classes.h - of which kind the states are that a model allows and that were never seen.
 *
 * A file's class is what it consists of, without the lengths: "old+w+zero", and behind it where it ends: "p"
 * at the end of a page, "s" at that of a sector, "b" elsewhere.
 */
#ifndef CRASH_TESTS_POWERCUT_CLASSES_H
#define CRASH_TESTS_POWERCUT_CLASSES_H

#include "tests/powercut/allowed.h"

struct class;

struct classes {
	struct class *table; /* uthash */
};

/** Adds the states of a run. */
void classes_add(struct classes *classes, const struct allowed *allowed);

/** Prints the largest that were never seen, a line each. */
void classes_print(struct classes *classes, int most);
void classes_clear(struct classes *classes);

#endif
