/* SPDX-License-Identifier: MIT */
#include "explore/check/hash_set.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024

static bool is_empty(struct crash__hash hash)
{
	return !hash.low && !hash.high;
}

/* Where a hash is, or the empty place where it belongs. */
static struct crash__hash *find(const struct crash__hash_set *set, struct crash__hash hash)
{
	size_t at = hash.low & (set->size - 1);

	while (!is_empty(set->places[at]) &&
	       (set->places[at].low != hash.low || set->places[at].high != hash.high))
		at = (at + 1) & (set->size - 1);
	return &set->places[at];
}

static bool grow(struct crash__hash_set *set)
{
	struct crash__hash_set bigger = {.size = set->size ? set->size * 2 : FIRST_SIZE, .count = set->count};

	bigger.places = calloc(bigger.size, sizeof *bigger.places);
	if (!bigger.places)
		return false;
	for (size_t i = 0; i < set->size; i++)
		if (!is_empty(set->places[i]))
			*find(&bigger, set->places[i]) = set->places[i];
	free(set->places);
	*set = bigger;
	return true;
}

enum crash__added crash__hash_set_add(struct crash__hash_set *set, struct crash__hash hash)
{
	struct crash__hash *place;

	if (is_empty(hash))
		hash.high = 1;
	if (set->count * 2 >= set->size && set->count < CRASH__MOST_COUNTED && !grow(set))
		return CRASH__NO_ROOM;
	place = find(set, hash);
	if (!is_empty(*place))
		return CRASH__WAS_IN;
	if (set->count >= CRASH__MOST_COUNTED)
		return CRASH__NO_ROOM;
	*place = hash;
	set->count++;
	return CRASH__ADDED;
}

void crash__hash_set_clear(struct crash__hash_set *set)
{
	free(set->places);
	memset(set, 0, sizeof *set);
}
