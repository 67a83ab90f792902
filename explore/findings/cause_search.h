/* SPDX-License-Identifier: MIT */
/*
 * cause_search.h - the search for causes, for the files that make it up: find_causes.c, minimise.c,
 * cause_sentence.c.
 */
#ifndef CRASH_CAUSE_SEARCH_H
#define CRASH_CAUSE_SEARCH_H

#include "explore/atoms/atom_set.h"
#include "explore/findings/cause.h"
#include "symbols/callsite.h"

struct crash__cause_search {
	struct crash__engine *engine;
	struct crash__causes *causes;
	struct crash__callsites *callsites;
	uint32_t model;
	struct crash__set set;	/* for closures */
	uint32_t *cause_of;	/* by atom of the model: 1 + the cause of losing it alone */
	uint32_t *since;	/* from which step on that is a failure */
	uint32_t *prefix_cause; /* by step + 1: 1 + the cause of a process crash there */
	uint32_t probes;
	CRASH__VECTOR(crash__atom_id, lost); /* of the failure at hand, made fewer */
};

static inline const struct crash__fs *crash__search_fs(const struct crash__cause_search *search)
{
	return search->engine->options.fs;
}

static inline const struct crash__atoms *crash__search_atoms(const struct crash__cause_search *search)
{
	return &search->engine->atoms[search->model];
}

static inline const struct crash__event *crash__search_event(const struct crash__cause_search *search,
							     uint32_t step)
{
	return step == CRASH__NEVER ? NULL : crash__search_fs(search)->steps[step].event;
}

/* ------------------------------------------------------------------ minimise.c: trying smaller failures */

/** The verdict of losing some atoms, and what depends on them, at a step; NONE if too many have been tried.
 */
enum crash__verdict_kind crash__search_try(struct crash__cause_search *search, int64_t step,
					   const crash__atom_id *atoms, size_t count);

/** Puts all atoms that a state has lost of what was done into `lost`. */
int crash__search_list_lost(struct crash__cause_search *search, const struct crash__state *state);

/** Leaves as few in `lost` as make the state fail. */
void crash__search_minimise(struct crash__cause_search *search, int64_t step);

/**
 * Where the one op in `lost` takes others along that depend on it, one of those may be guilty alone: the last
 * one that still makes the state fail takes the fewest along.
 */
void crash__search_narrow(struct crash__cause_search *search, int64_t step);

/** The first point at which losing these is a failure: what happened there needs them. */
int64_t crash__search_first_failure(struct crash__cause_search *search, int64_t step);

/* ------------------------------------------------------------------ cause_sentence.c */

/** What happened, as a sentence. Allocated; NULL if there is no memory. */
char *crash__cause_sentence(struct crash__cause_search *search, const struct crash__cause *cause);

#endif
