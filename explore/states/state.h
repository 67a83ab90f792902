/* SPDX-License-Identifier: MIT */
/*
 * state.h - one crash state, as a few atoms away from what it is compared with.
 */
#ifndef CRASH_STATE_H
#define CRASH_STATE_H

#include "explore/states/view.h"

/** A state: a step, what it is compared with there, and the atoms in which it differs from that. */
struct crash__state {
	int64_t step; /* -1: before the first */
	enum crash__reference reference;
	uint32_t count;
	const crash__atom_id *flipped; /* ascending */
	unsigned int choice; /* of the model's, what lost data shows as; see crash__model_choice() */
	uint64_t acked;	     /* bytes that the program had acknowledged by then */
};

#endif
