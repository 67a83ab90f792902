/* SPDX-License-Identifier: MIT */
/*
 * lint_walk.h - the walk over a recording in which rules look for mistakes.
 */
#ifndef CRASH_LINT_WALK_H
#define CRASH_LINT_WALK_H

#include "explore/fs/fs.h"
#include "explore/lint/lint.h"

/**
 * Looks for mistakes in a run that was replayed. Call crash__lint_clear() also when it fails.
 * @param rules bit i: crash__lint_rules[i]
 * @param watch may be NULL
 */
int crash__lint_run(const struct crash__fs *fs, uint32_t rules, const struct crash__lint_watch *watch,
		    struct crash__lint *lint);

/* ------------------------------------------------------------------ its parts, for tests of classifiers */

/** Finds the facts of the whole run, and stands before its first step. */
int crash__lint_begin(const struct crash__fs *fs, struct crash__lint *lint);

/** Finds the claims of a step, and shows it to the rules. At steps_count the run has ended. */
void crash__lint_look(struct crash__lint *lint, uint32_t step, uint32_t rules);

/** Goes on over a step. */
void crash__lint_take(struct crash__lint *lint, uint32_t step);

#endif
