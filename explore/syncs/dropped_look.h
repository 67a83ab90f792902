/* SPDX-License-Identifier: MIT */
/*
 * dropped_look.h - which states are possible only without some syncs.
 */
#ifndef CRASH_DROPPED_LOOK_H
#define CRASH_DROPPED_LOOK_H

#include "explore/atoms/atom_set.h"
#include "explore/findings/cause.h"

/** An exploration with all syncs, and what is known of states by it and by what came after it. */
struct crash__dropping {
	const struct crash__engine *with; /* explored already */
	bool clean;			  /* all of it is right, and nothing was left out */
	CRASH__VECTOR(struct crash__known, verdicts);
	struct crash__hash_set known;
};

/** What is asked of one look. */
struct crash__dropping_how {
	const bool *dropped;		   /* of each step, whether its sync is not made */
	uint64_t budget_states, budget_ns; /* 0: none */
	bool explain;			   /* what fails, in words */
};

struct crash__dropped {
	bool idle;		  /* nothing is durable later */
	uint64_t states, checked; /* that are new; of these, with a verdict */
	bool counted;		  /* those are all of them */
	bool complete;		  /* each has a verdict, and so the next two are 0 if nothing fails */
	uint64_t failed, masked;  /* of those, that fail, and the syncs prevent one of them; that fail, and it
				     is not known that they prevent any */
	uint64_t now, errors, flaky; /* states that were checked for it, that could not be, that are flaky */
	bool stopped;		     /* by a signal */
	/* what appears; allocated, or NULL. Without a sentence there is a state that fails nevertheless. */
	char *id, *kind, *sentence, *state, *model;
};

struct crash__dropped_look {
	struct crash__dropping *dropping;
	struct crash__engine *engine;
	uint32_t *since[CRASH__MOST_MODELS]; /* of each atom: durable with the syncs; or CRASH__NEVER */
	uint32_t
		*early[CRASH__MOST_MODELS]; /* of each step: atoms durable by then, and only with the syncs */
	struct crash__dropped_atoms *atoms[CRASH__MOST_MODELS];
};

/** The atoms that are durable later without the syncs, and what a state loses with all of these at a step. */
struct crash__dropped_atoms {
	CRASH__VECTOR(crash__atom_id, later);
	struct crash__set lost; /* closed, and sorted */
	bool any;		/* at its step */
	CRASH__VECTOR(crash__atom_id, both);
};

/** Whether a state has lost what was durable with the syncs. `look`: as wishes of the engine. */
bool crash__dropped_is_new(void *look, uint32_t model, const struct crash__state *state);

/**
 * A state that has lost all that is not durable without the syncs, and what another one has lost.
 * @return false: there is nothing of the kind, or it would have to keep some of that
 */
bool crash__dropped_also(void *look, uint32_t model, const struct crash__state *state,
			 struct crash__state *other);

/** Whether it is a failure of such a state. */
bool crash__dropped_is_failure(const struct crash__entry *entry);

/** Compares the atoms of its engine with those of the exploration with all syncs. @param idle none is durable
 * later */
int crash__dropped_begin(struct crash__dropped_look *look, bool *idle);

/** Frees the engine as well. */
void crash__dropped_end(struct crash__dropped_look *look);

#endif
