/* SPDX-License-Identifier: MIT */
/*
 * nested_merge.h - the crashes inside recovery that shards have looked at, as one.
 *
 * Method. The shards divide the states that recovery starts from, and each has the records of its own in its
 * result (nested_result.h). Which states there are follows from the verdicts of all of them, so they are
 * chosen once more, and the records are added up in that order. What a shard has counted is not.
 */
#ifndef CRASH_NESTED_MERGE_H
#define CRASH_NESTED_MERGE_H

#include "report/nested_result.h"

/** A result of a shard, and where it is. */
struct crash__nested_shard {
	const json_t *result;
	const char *place;
};

/**
 * Adds up what the shards have. What none of them has becomes a reason for the exploration to be incomplete.
 * @param exploration of the whole, which was run with the verdicts of all
 */
int crash__nested_merge(struct crash__exploration *exploration, const struct crash__nested_shard *shards,
			size_t count, struct crash__nested_sum *sum);

#endif
