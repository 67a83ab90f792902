/* SPDX-License-Identifier: MIT */
/*
 * result.h - what an exploration found, as one JSON object, and the directory that keeps it.
 *
 * The object is what every reporter prints from and what `report` reads back:
 *
 *	{"settings": {...}, "tiers": [...], "findings": [...], "summary": {...}, "page": {...}}
 *
 * A result directory has
 *
 *	trace          what was recorded, with the starting tree
 *	settings.json  from here on it can be resumed
 *	verdicts       a line for each state as it was checked (verdict_log.h)
 *	result.json    the object, at the end
 *
 * which come in this order.
 */
#ifndef CRASH_RESULT_H
#define CRASH_RESULT_H

#include <jansson.h>

#include "explore/findings/exploration.h"
#include "explore/rerun/rerun.h"

/** Everything; NULL if there is no memory. `settings` is taken over. */
json_t *crash__result_make(const struct crash__exploration *exploration, json_t *settings, const char *place);

/** Its findings alone; NULL if there is no memory. */
json_t *crash__result_findings(const struct crash__exploration *exploration, const char *place);

/** The line that puts a state on disk. Allocated; NULL: no memory. */
char *crash__result_replay_line(const char *state, const char *place);

/** The same for an exploration by real kills. `settings` is taken over. */
json_t *crash__result_of_rerun(const struct crash__recording *recording, const struct crash__rerun *rerun,
			       json_t *settings);

/** A state that failed just now, before the causes are known. */
json_t *crash__result_failure(const struct crash__exploration *exploration, const struct crash__entry *entry,
			      const char *output);

/** Names that are separated by commas, as a list. */
json_t *crash__result_names(const char *names);

/** Now, as results have it: "2026-11-28T21:40:35Z". */
json_t *crash__result_date(void);

/** Why the exploration may have missed something. */
json_t *crash__result_reasons(const struct crash__recording *recording);

/** Marks findings that a baseline accepts; `gone` gets those of the baseline that were not found. */
int crash__result_accept(json_t *result, const char *baseline);

/** The results of shards, in directories, as one (result_merge.c). Fails where they do not belong together.
 */
int crash__result_merge(char *const *places, size_t count, json_t **merged);

/** The exit status that a result means: 0 nothing found, 1 found, 3 incomplete, 125 the checker is wrong. */
int crash__result_status(const json_t *result);

/* ------------------------------------------------------------------ the directory (result_directory.c) */

/** Writes a file of the directory: afterwards it is on the disk, as a whole. */
int crash__result_write(json_t *object, const char *directory, const char *name);

/** Reads one; fails if it is not as it was written. */
int crash__result_read(const char *directory, const char *name, json_t **object);

/** Whoever reads a result need not be where it was made: lets what is to be typed name its directory as it
 * was given. */
void crash__result_found_at(json_t *result, const char *place);

/** Brings the names in a directory to the disk; -1 with errno. */
int crash__sync_directory(const char *directory);

#endif
