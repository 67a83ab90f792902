/* SPDX-License-Identifier: MIT */
/*
 * op_facts.h - what a single op is taken for.
 */
#ifndef CRASH_OP_FACTS_H
#define CRASH_OP_FACTS_H

#include "explore/lint/lint.h"

/** Asks the classifiers of ops about each step. Needs the history of nodes. */
void crash__find_op_facts(struct crash__lint *lint);

bool crash__has_op_fact(const struct crash__lint *lint, uint32_t step, enum crash__fact fact);

/** A name that its file did not keep. */
bool crash__is_passing_name(const struct crash__lint *lint, uint32_t step);

/** A file only became shorter. */
bool crash__is_truncation(const struct crash__lint *lint, uint32_t step);

/** A sync that failed because that kind of file cannot be synced. */
bool crash__is_unsyncable(const struct crash__lint *lint, uint32_t step);

/* ------------------------------------------------------------------ an op and a sync before it */

/** A write to a file of which a sync has failed. */
bool crash__is_rewritten(const struct crash__lint *lint, uint32_t step, crash__node_id node);

#endif
