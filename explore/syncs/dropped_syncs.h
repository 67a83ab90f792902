/* SPDX-License-Identifier: MIT */
/*
 * dropped_syncs.h - what fails when some syncs of a recording had not been made.
 *
 * Method. The atoms are made anew without these syncs: that some become durable later is all that can differ,
 * so the states that are possible now and were not are those that have lost an atom that was durable by then.
 * Tiers name those that lose one op, or keep one. What a sync is for is that something is there before
 * something else: so each state of a tier is looked at with all that lost as well which the syncs make
 * durable. A write that is torn is no harm as long as there is a journal, say.
 * Nothing else is looked at, and no more after a first failure that the syncs prevent (dropped_failures.c).
 */
#ifndef CRASH_DROPPED_SYNCS_H
#define CRASH_DROPPED_SYNCS_H

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

/** Begins with what the exploration with all syncs knows. */
int crash__dropping_begin(struct crash__dropping *dropping, const struct crash__engine *with, bool clean);

/** Looks at what is new without some syncs. */
int crash__dropping_look(struct crash__dropping *dropping, const struct crash__dropping_how *how,
			 struct crash__dropped *dropped);

/** Forgets its texts. */
void crash__dropped_clear(struct crash__dropped *dropped);

void crash__dropping_clear(struct crash__dropping *dropping);

#endif
