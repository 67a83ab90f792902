/* SPDX-License-Identifier: MIT */
/*
 * allowed.h - every state that a model lets a run of made.h's ops leave, in words (words.h), one by one.
 *
 * This is how a few ops are judged, and how many of the states are seen is counted. member.h judges many.
 */
#ifndef CRASH_TESTS_POWERCUT_ALLOWED_H
#define CRASH_TESTS_POWERCUT_ALLOWED_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/powercut/replayed.h"

struct allowed_state;

struct allowed {
	const struct crash__fs *fs;
	struct allowed_state *states; /* uthash */
	uint64_t count, seen;
};

/**
 * Finds the states after each op of the run, which must stay.
 * @return false if there are more than `most` ways to keep and lose something, of which nothing is known then
 */
bool allowed_find(struct allowed *allowed, const struct replayed *replayed, uint64_t most);
void allowed_clear(struct allowed *allowed);

/** Whether that can be left after so many ops; notes that it was seen. */
bool allowed_has(struct allowed *allowed, int ops, const char *text);

/** The states after so many ops, a line each. Allocated. */
char *allowed_text(const struct allowed *allowed, int ops);

/** Takes each state, without the ops. */
void allowed_each(const struct allowed *allowed,
		  void (*take)(void *context, int ops, const char *text, bool seen), void *context);

#endif
