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

/** All of it as a page that needs nothing else. */
void crash__syncs_print_page(FILE *page, const json_t *result);

/** Parts: of a call site its sync and what it is worth, of a finding with all syncs its repair and itself;
 * the end. */
void crash__syncs_print_sync(FILE *stream, const json_t *site);
void crash__syncs_print_worth(FILE *stream, const json_t *site);
void crash__syncs_print_repair(FILE *stream, const json_t *missing);
void crash__syncs_print_finding(FILE *stream, const json_t *missing);
void crash__syncs_print_end(FILE *stream, const json_t *result);

/** Whether syncs would mend a finding. */
bool crash__syncs_mends(const json_t *missing);

#endif
