/* SPDX-License-Identifier: MIT */
/*
 * syncs_result.h - what the syncs of a recording are worth, as JSON and as text.
 *
 *	{"syncs": [...], "missing": [...], "summary": {...}}
 */
#ifndef CRASH_SYNCS_RESULT_H
#define CRASH_SYNCS_RESULT_H

#include <jansson.h>
#include <stdio.h>

#include "explore/findings/exploration.h"
#include "explore/syncs/sync_sites.h"

/** Everything; NULL if there is no memory. `verified` is taken over: what a run without redundant syncs came
 * to, or json_null(). */
json_t *crash__syncs_result(const struct crash__exploration *exploration, const struct crash__syncs *syncs,
			    json_t *verified);

/** A line for each call site, one for each finding with all syncs, and the summary. */
void crash__syncs_print_json(FILE *stream, const json_t *result);

void crash__syncs_print(FILE *stream, const json_t *result, bool quiet);

#endif
