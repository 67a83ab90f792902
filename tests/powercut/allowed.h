/* SPDX-License-Identifier: MIT */
/*
 * allowed.h - every state that a model lets a run of made.h's ops leave, in words.
 *
 * A state is one text, the words of outcomes.h by name: "a=old510 d=dir d/x=empty".
 */
#ifndef CRASH_TESTS_POWERCUT_ALLOWED_H
#define CRASH_TESTS_POWERCUT_ALLOWED_H

#include <stdbool.h>
#include <stdint.h>

#include "explore/atoms/persistence_model.h"
#include "tests/explore/made.h"

struct allowed_state;

struct allowed {
	const struct crash__model *model;
	struct allowed_state *states; /* uthash */
	uint64_t count, seen;
};

/**
 * Finds the states after each op of the run. `base` is a directory with the starting tree.
 * @return false if there are more than `most` ways to keep and lose something, of which nothing is known then
 */
bool allowed_find(struct allowed *allowed, struct made *made, const char *base,
		  const struct crash__model *model, uint64_t most);
void allowed_clear(struct allowed *allowed);

/** Whether that can be left after so many ops; notes that it was seen. */
bool allowed_has(struct allowed *allowed, int ops, const char *text);

/** The states after so many ops, a line each. Allocated. */
char *allowed_text(const struct allowed *allowed, int ops);

/** What a directory holds, in the same words, after a run of so many ops. Allocated. */
char *allowed_read(const struct crash__model *model, int ops, const char *directory);

#endif
