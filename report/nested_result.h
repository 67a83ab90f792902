/* SPDX-License-Identifier: MIT */
/*
 * nested_result.h - crashes inside recovery, as a part of the result.
 */
#ifndef CRASH_NESTED_RESULT_H
#define CRASH_NESTED_RESULT_H

#include <jansson.h>

#include "explore/nested/nested.h"

/**
 * What came of one recovery:
 *
 *	{"from": STATE, "outcome": "explored", "recording": DIGEST, "acked": N, "cut": false, "states": N,
 *	 "distinct": N, "checked": N, "failed": N, "incomplete": [...], "findings": [...], "inner": [...]}
 *
 * `inner` is for those that started in its own states, of which there are to be `states`. NULL: no memory.
 */
json_t *crash__nested_record(const struct crash__nested *nested);

/** What records come to. */
struct crash__nested_sum {
	json_t *findings; /* those with one id are one, of the first record that has it */
	json_t *reasons;  /* why something may have been missed */
	struct crash__nested_counts counts;
	uint64_t cut; /* of so many the budget was over before they were done */
};

/**
 * Adds up a list of records, in the order in which recovery was started: what a later one has in common with
 * one before is counted and looked at once.
 * @param first how many there are to be
 * @param place of the result; that of a record comes before
 */
int crash__nested_add_up(const json_t *records, uint64_t first, const char *place,
			 struct crash__nested_sum *sum);

/** Puts it into a result, and ends the sum. */
void crash__nested_result(json_t *result, struct crash__nested_sum *sum, unsigned int depth);

#endif
