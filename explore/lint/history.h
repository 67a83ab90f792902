/* SPDX-License-Identifier: MIT */
/*
 * history.h - what is known of the whole run before lint walks over it: who made each step, from when on its
 * parts are durable, and what was done to each file. What that makes of a file is for classifiers to say.
 */
#ifndef CRASH_HISTORY_H
#define CRASH_HISTORY_H

#include "explore/lint/lint.h"

/** Finds who made each step, and from when on what it did is durable. False: there is no memory. */
bool crash__history_of_steps(struct crash__lint *lint);

/** Finds what is done to each node in the whole run, and puts it as it was before. Needs that of the steps.
 * False: there is no memory. */
bool crash__history_of_nodes(struct crash__lint *lint);

/** The first write to a node behind a step; CRASH__NEVER: there is none. */
uint32_t crash__write_behind(const struct crash__lint *lint, crash__node_id node, uint32_t step);

#endif
