/* SPDX-License-Identifier: MIT */
/*
 * runs.h - which ops are done before the power goes.
 */
#ifndef CRASH_TESTS_POWERCUT_RUNS_H
#define CRASH_TESTS_POWERCUT_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/explore/made.h"

#define RUNS_OPS 30 /* at most */

struct run_ops {
	const struct made_op *list[RUNS_OPS];
	int count;
	struct made_op own[RUNS_OPS]; /* those of them that were made for this run */
	struct made made;	      /* all of them done, or as many as have been done for real so far */
};

/** Chooses `count` ops at random; or takes those of OPS in the environment, in the words of runs_text(). */
void runs_choose(struct run_ops *ops, int count, uint64_t *random);

/** Takes these; false if they are not possible one after the other. */
bool runs_set(struct run_ops *ops, const struct made_op *const *list, int count);

/** "create b; append b 3". Never freed, and overwritten by the next one. */
const char *runs_text(const struct run_ops *ops);

/** Whether ext3 cannot do them, as it allocates no space. */
bool runs_are_beyond_ext3(const struct run_ops *ops);

/** The same, or they give blocks back, which data=writeback uses again too early. */
bool runs_are_beyond_writeback(const struct run_ops *ops);

/** Whether a file without a name or an extended attribute is in them. */
bool runs_are_beyond_fast_commit(const struct run_ops *ops);

/** Whether btrfs.ini says that it does not cover what such ops may leave. */
bool runs_are_beyond_btrfs(const struct run_ops *ops);

#endif
