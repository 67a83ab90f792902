/* SPDX-License-Identifier: MIT */
/*
 * replayed.h - a run of made.h's ops as the atoms that a model makes of them.
 */
#ifndef CRASH_TESTS_POWERCUT_REPLAYED_H
#define CRASH_TESTS_POWERCUT_REPLAYED_H

#include "explore/atoms/atoms.h"
#include "tests/explore/made.h"

struct replayed {
	struct crash__base *base;
	struct crash__fs fs;
	struct crash__atoms atoms;
};

/** `base` is a directory with the starting tree. What is made stays valid as long as the run and the model.
 */
void replayed_make(struct replayed *replayed, const struct made *made, const char *base,
		   const struct crash__model *model);
void replayed_clear(struct replayed *replayed);

/** How many ops are over after a step. A synchronous write is two steps, and after the first it is not. */
int replayed_ops(const struct crash__fs *fs, int64_t step);

/** The most ops, up to so many, after which something is new: what may be left is what it was then. */
int replayed_news(const struct crash__fs *fs, int ops);

#endif
