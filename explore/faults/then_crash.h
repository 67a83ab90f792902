/* SPDX-License-Identifier: MIT */
/*
 * then_crash.h - the power losses that may follow a fault.
 *
 * Method. Each fault after which the checker accepted what was left is recorded once more, and the states
 * that a power loss can leave of that recording are explored like those of any other, with what the model
 * says that a failed sync leaves. The recording without a fault comes first: what is found there needs none.
 * Faults of which the op is not met are counted, and explored are those that are worst first:
 * representatives.
 */
#ifndef CRASH_THEN_CRASH_H
#define CRASH_THEN_CRASH_H

#include "explore/faults/fault_sweep.h"
#include "explore/findings/exploration.h"

struct crash__then_crash {
	/* what to do; everything is the caller's */
	const struct crash__fault_sweep *sweep; /* that was run */
	const char *directory, *setup;		/* as for struct crash__recording_options */
	bool copy;				/* likewise */
	/** Models and engine; what is about the recording is filled in. A budget_ns is that of all. */
	struct crash__explore_options explore;
	/** Whether what came of one is known from before; it is taken then. `injection` NULL: without any
	 * fault. Or NULL. */
	bool (*known)(void *context, const struct crash__injection *injection, uint64_t *states,
		      uint64_t *failed);
	/** One begins, and its engine may learn verdicts. Or NULL. */
	int (*begun)(void *context, const struct crash__explore_options *options,
		     struct crash__exploration *exploration);
	/** One was explored. An error ends it. */
	int (*explored)(void *context, const struct crash__injection *injection,
			struct crash__exploration *exploration);
	void *context;

	/* what came of it */
	uint64_t wanted, done, not_met; /* faults */
	uint64_t known_before;		/* of those that are done */
	uint64_t states, failed;	/* of all explorations */
	bool cut_short;			/* the budget, or a signal */
};

/** Whether a fault is explored: nothing was wrong after it, and it is this shard's. */
bool crash__then_crash_wants(const struct crash__then_crash *then, size_t number);

/** Explores all of them. */
int crash__then_crash_run(struct crash__then_crash *then);

/** Only the run without a fault: with no tiers that is what the checker says of its end, and what it sees of
 * that. */
int crash__then_crash_without(struct crash__then_crash *then);

#endif
