/* SPDX-License-Identifier: MIT */
/*
 * tree_difference.h - what a view and its parts exchange: hashes, and what of the tree a few atoms change.
 */
#ifndef CRASH_TREE_DIFFERENCE_H
#define CRASH_TREE_DIFFERENCE_H

#include "explore/atoms/atoms.h"

#define CRASH__BLOCK 4096u

struct crash__hash {
	uint64_t low, high;
};

enum crash__reference { CRASH__EVERYTHING, CRASH__DURABLE };

/** What differs from the reference: the nodes, the blocks of them and the slots that flipping touches. */
struct crash__difference {
	CRASH__VECTOR(crash__node_id, nodes);
	CRASH__VECTOR(uint32_t, blocks); /* numbers of blocks of the whole view */
	CRASH__VECTOR(crash__slot_id, slots);
};

#endif
