/* SPDX-License-Identifier: MIT */
/*
 * hash_set.h - a set of states by their hashes, for counting: nothing else is known of them.
 */
#ifndef CRASH_HASH_SET_H
#define CRASH_HASH_SET_H

#include "explore/states/view.h"

/** So many are told apart; memory is bounded by that. */
#define CRASH__MOST_COUNTED (UINT32_C(1) << 22)

struct crash__hash_set {
	struct crash__hash *places; /* a power of two of them, at most half full; all zero: empty */
	size_t size, count;
};

enum crash__added { CRASH__ADDED, CRASH__WAS_IN, CRASH__NO_ROOM };

/** Adds one. No room: there are as many as can be told apart, or no memory. */
enum crash__added crash__hash_set_add(struct crash__hash_set *set, struct crash__hash hash);

void crash__hash_set_clear(struct crash__hash_set *set);

#endif
