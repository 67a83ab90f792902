/* SPDX-License-Identifier: MIT */
/*
 * dropped_syncs.h - what fails when some syncs of a recording had not been made.
 *
 * Method. The atoms are made anew without these syncs: that some become durable later is all that can differ,
 * so the states that are possible now and were not are those that have lost an atom that was durable by then.
 * Nothing else is looked at. Where something failed with all syncs, what fails among them has the missing
 * ones as its reason only if the fewest ops that it has to lose for that have such an atom among them, and it
 * passes when nothing is lost that was durable.
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
	uint64_t most_failures;		   /* after so many it is over; 0: after all states */
	bool explain;			   /* what fails, also where it is known that it is new */
};

struct crash__dropped {
	bool idle;		  /* nothing is durable later */
	uint64_t states, checked; /* that are new; of these, with a verdict */
	bool counted;		  /* those are all of them */
	bool complete;		  /* each has a verdict, and so the next two are 0 if nothing fails */
	uint64_t failed, masked;  /* of those, that fail for want of the syncs; that fail, and it is not known
				     to be for that */
	uint64_t now, errors, flaky; /* states that were checked for it, that could not be, that are flaky */
	bool stopped;		     /* by a signal */
	/* what appears; allocated, or NULL */
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
