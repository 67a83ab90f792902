/* SPDX-License-Identifier: MIT */
/*
 * result.h - what an exploration found, as one JSON object, and the directory that keeps it.
 *
 * The object is what every reporter prints from and what `report` reads back:
 *
 *	{"settings": {...}, "tiers": [...], "findings": [...], "summary": {...}}
 *
 * A result directory has result.json, the trace, `verdicts` with a line for each state as it was checked, and
 * settings.json, which is there from the beginning so that the exploration can be resumed.
 */
#ifndef CRASH_RESULT_H
#define CRASH_RESULT_H

#include <jansson.h>

#include "explore/findings/exploration.h"
#include "explore/findings/rerun.h"

/** Everything; NULL if there is no memory. `settings` is taken over. */
json_t *crash__result_make(const struct crash__exploration *exploration, json_t *settings, const char *place);

/** The same for an exploration by real kills. `settings` is taken over. */
json_t *crash__result_of_rerun(const struct crash__recording *recording, const struct crash__rerun *rerun,
			       json_t *settings);

/** One finding as it stands in the result. */
json_t *crash__result_finding(const struct crash__exploration *exploration, const struct crash__cause *cause,
			      const char *place);

/** A state that failed just now, before the causes are known. */
json_t *crash__result_failure(const struct crash__exploration *exploration, const struct crash__entry *entry,
			      const char *output);

/** Names that are separated by commas, as a list. */
json_t *crash__result_names(const char *names);

/** Why the exploration may have missed something. */
json_t *crash__result_reasons(const struct crash__recording *recording);

/** Marks findings that a baseline accepts; `gone` gets those of the baseline that were not found. */
int crash__result_accept(json_t *result, const char *baseline);

/** Several shards' results as one (result_merge.c). */
json_t *crash__result_merge(json_t *const *results, size_t count);

/** The exit status that a result means: 0 nothing found, 1 found, 3 incomplete, 125 the checker is wrong. */
int crash__result_status(const json_t *result);

/* ------------------------------------------------------------------ the directory (result_directory.c) */

int crash__result_write(const json_t *object, const char *directory, const char *name);
int crash__result_read(const char *directory, const char *name, json_t **object);

/** Tells the engine the verdicts that a directory has. */
int crash__result_know(struct crash__engine *engine, const char *directory);

/** One line for `verdicts`. */
void crash__result_note(FILE *stream, const struct crash__entry *entry);

#endif
