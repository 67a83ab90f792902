/* SPDX-License-Identifier: MIT */
/*
 * random.h - numbers that look random, and are the same for the same beginning.
 */
#ifndef CRASH_RANDOM_H
#define CRASH_RANDOM_H

#include <stdint.h>

/** The next one. splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static inline uint64_t crash__random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/** The next one below `most`. */
static inline uint64_t crash__random_below(uint64_t *state, uint64_t most)
{
	return crash__random(state) % most;
}

#endif
