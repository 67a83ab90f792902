/* SPDX-License-Identifier: MIT */
/*
 * suggest.h - the nearest known word to one that is not known.
 */
#ifndef CRASH_SUGGEST_H
#define CRASH_SUGGEST_H

#include <stddef.h>

/** Collects the best candidate; fill in `word` and `length`, zero the rest. */
struct crash__suggestion {
	const char *word;
	size_t length;
	const char *best; /* NULL while nothing is near enough */
	unsigned int distance;
};

/** Offers a candidate; it is kept if it is near and nearer than the ones before. Not copied. */
void crash__suggest(struct crash__suggestion *suggestion, const char *candidate);

#endif
