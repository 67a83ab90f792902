/* SPDX-License-Identifier: MIT */
/*
 * recovered_state.h - a worker asks whether the tree that recovery has left on a state was checked before.
 *
 * Then the check need not be run: it would see the same. It would not if recovery has changed what the
 * checker sees beside the tree, so then nobody is asked; nor where looking at trees takes longer than
 * checking them.
 */
#ifndef CRASH_RECOVERED_STATE_H
#define CRASH_RECOVERED_STATE_H

#include "explore/layer/layer.h"
#include "explore/recovered/recovered_tree.h"
#include "explore/checkers/acked_files.h"
#include "explore/checkers/checker_mounts.h"
#include "explore/checkers/verdict.h"

struct crash__recovered_state {
	struct crash__recovered_tree tree;
	const struct crash__acked_files *acked;
	struct crash__mounts *mounts;
	int channel; /* to who knows what was checked; -1: nobody is asked */
	uint64_t looks, looked_ns, checks, checked_ns;
	/* of the state that is checked */
	uint64_t number;
	const char *where;
	int space;	   /* with the overlay's layers; -1: there is no overlay */
	const char *layer; /* the state's */
	struct crash__layer *layers[2];
	bool known; /* `hash` is that of the recovered tree */
	bool equal; /* its verdict is that of another state */
	struct crash__hash hash;
	unsigned int rounds;
	bool asked; /* in this round */
	uint64_t checked_from;
};

/** Before the rounds of a state. */
void crash__recovered_state_next(struct crash__recovered_state *recovered, uint64_t number);

/**
 * In each round, when recovery has succeeded.
 * @param context a struct crash__recovered_state
 * @return whether the verdict is known; then it is given
 */
bool crash__recovered_state_ask(void *context, struct crash__verdict *verdict);

/** After each round: what stands for the state stands for all of them. */
void crash__recovered_state_end_round(struct crash__recovered_state *recovered);

#endif
