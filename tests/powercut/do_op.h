/* SPDX-License-Identifier: MIT */
/*
 * do_op.h - does the ops of made.h for real.
 *
 * A file that is written to stays open until it has been left alone, as programs do it: it matters to file
 * systems that look after those who truncate and rewrite, when the file is closed.
 */
#ifndef CRASH_TESTS_DO_OP_H
#define CRASH_TESTS_DO_OP_H

#include "tests/explore/made.h"

struct act {
	int directory;
	int open; /* the file that is being written; -1: none */
	char path[32];
	int nameless; /* the file that O_TMPFILE made; -1: none */
};

void act_begin(struct act *act, const char *directory);

/**
 * Does one op in the directory; fails the test if it fails.
 * @param made as it was when it had just done that op: its last event is the op
 */
void act(struct act *act, const struct made *made, const struct made_op *op);

/** Does its last two ops at the same time, the first in a process of its own. */
void act_both(struct act *act, const struct made *made, const struct made_op *first,
	      const struct made_op *second);

void act_end(struct act *act);

#endif
