/* SPDX-License-Identifier: MIT */
/*
 * chosen.h - the states of an exploration that recovery is interrupted from.
 *
 * Method. Of each class of states (representatives.h) it is the first one, in the order in which sweeps over
 * the recording name them, that the checker accepts; from those that fail, nothing more is to be learnt. A
 * state that stands for two classes is one state. The order follows from the recording alone, so that two
 * explorations with the same verdicts choose the same states, also if one of them is a merge of shards.
 *
 * Shards divide the classes: a class belongs to the shard that the first of its states belongs to. If that
 * one fails, the shard has the next one checked, whichever shard it belongs to.
 */
#ifndef CRASH_CHOSEN_H
#define CRASH_CHOSEN_H

#include "explore/check/engine.h"

struct crash__chosen {
	CRASH__VECTOR(const struct crash__entry *, list);
};

/** Chooses from an exploration that was run, or from verdicts alone. Free the list. */
int crash__nested_choose(struct crash__engine *engine, struct crash__chosen *chosen);

#endif
