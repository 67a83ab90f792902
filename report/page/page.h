/* SPDX-License-Identifier: MIT */
/*
 * page.h - what the page shows and a result does not need otherwise: the run, and what is on the disk.
 *
 *	{"run": {...}, "disk": {ID: {...}, ...}, "untouched": {...}, "sources": {...}}
 *
 * Everything is bounded, and says what was left out. What there is one of for each op is a column: a string
 * of numbers with spaces between them, so that a hundred thousand ops are a few strings and not a million
 * values.
 */
#ifndef CRASH_PAGE_H
#define CRASH_PAGE_H

#include <jansson.h>

#include "explore/findings/exploration.h"

/** Gives it to the result of an exploration, as its member "page". Where there is no memory it has none. */
void crash__page_add(const struct crash__exploration *exploration, json_t *result);

/** A file that is a part of every page, as the build found it: *.css and *.js of this directory. */
struct crash__page_file {
	const char *name;
	const unsigned char *bytes;
	size_t count;
};

extern const struct crash__page_file crash__page_files[]; /* ends with a NULL name */

/* ------------------------------------------------------------------ its parts */

/** The run as columns: what each step was, by whom, on what, and when it was durable. */
json_t *crash__page_run(const struct crash__exploration *exploration);

/**
 * The states of the findings, by their ids: which steps are lost, the tree, and what differs in its files
 * from the same moment with nothing lost; where nothing is lost, from the end of the run.
 */
json_t *crash__page_disk(const struct crash__exploration *exploration);

/** Names of the starting tree that the run did not touch, which are in every state. */
json_t *crash__page_untouched(const struct crash__fs *fs);

/** The source around the lines that the findings' stacks name, as far as it is there: {"FILE:LINE": {...}} */
json_t *crash__page_sources(const json_t *findings);

/** Where two files differ: see file_difference.c. NULL: there is no memory. */
struct crash__file_side {
	struct crash__view *view;
	crash__node_id node; /* 0: there is no such file */
};

/** What may still be shown and read, over all files. */
struct crash__page_budget {
	uint64_t shown, read;
};

json_t *crash__file_difference(const struct crash__fs *fs, const struct crash__file_side *complete,
			       const struct crash__file_side *state, struct crash__page_budget *budget);

#endif
