/* SPDX-License-Identifier: MIT */
/*
 * dropped_look.h - one exploration of what is possible only without some syncs: what dropped_syncs.c and
 * dropped_failures.c share.
 */
#ifndef CRASH_DROPPED_LOOK_H
#define CRASH_DROPPED_LOOK_H

#include "explore/syncs/dropped_syncs.h"

struct crash__dropped_look {
	struct crash__dropping *dropping;
	struct crash__engine *engine;
	uint32_t *since[CRASH__MOST_MODELS]; /* of each atom: durable with the syncs; or CRASH__NEVER */
	uint32_t
		*early[CRASH__MOST_MODELS]; /* of each step: atoms durable by then, and only with the syncs */
};

/** Whether a state has lost what was durable with the syncs. `look`: as wishes of the engine. */
bool crash__dropped_is_new(void *look, uint32_t model, const struct crash__state *state);

/** Whether it is a failure of such a state. */
bool crash__dropped_is_failure(const struct crash__entry *entry);

/** A failure that the syncs prevent; NULL: of none it is known. */
int crash__dropped_find_failure(struct crash__dropped_look *look, struct crash__entry **failure);

/** Says what fails, as far as the budget goes. No other failure of the look is one afterwards. */
int crash__dropped_explain(struct crash__dropped_look *look, struct crash__entry *failure,
			   struct crash__dropped *dropped);

#endif
