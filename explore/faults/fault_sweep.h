/* SPDX-License-Identifier: MIT */
/*
 * fault_sweep.h - runs with all faults of a recording, several at a time.
 *
 * Method. Children, in namespaces of their own if there can be any, are given one fault after the other.
 * The first run has none: where the checker does not accept what that leaves, the checker is wrong, and
 * nothing else is run. A child that is killed takes no other with it, and ends when we do.
 */
#ifndef CRASH_FAULT_SWEEP_H
#define CRASH_FAULT_SWEEP_H

#include <stdatomic.h>

#include "explore/check/engine.h"
#include "explore/faults/faulted_run.h"

struct crash__fault_sweep {
	/* what to do; everything is the caller's */
	struct crash__faulting faulting;
	const struct crash__injections *injections;
	uint64_t left_out; /* allocations that are not among them */
	unsigned int jobs;
	unsigned int shard, shards;	   /* shard 1 of 1 */
	uint64_t budget_faults, budget_ns; /* 0: none */
	uint64_t began_ns;		   /* since then the budget is spent */
	_Atomic bool *stop;
	void (*progress)(void *context, const struct crash__progress *progress);
	/** An outcome came in. It says what went wrong by an error, which ends the sweep. */
	int (*outcome)(void *context, uint32_t number, const struct crash__fault_outcome *outcome);
	void *context;

	/* what came of it */
	struct crash__fault_outcome *outcomes; /* of each fault, by its number; may be filled in before */
	struct crash__fault_outcome control;   /* of the run without any */
	uint64_t mine;			       /* faults that are this shard's */
	uint64_t known, done, found;	       /* of these: from before; run now; with a finding */
	bool out_of_budget, stopped;
	uint64_t ns;
};

/** Whether a fault is this shard's: with its class all of them go to one. */
static inline bool crash__fault_is_mine(const struct crash__fault_sweep *sweep,
					const struct crash__injection *injection)
{
	return injection->class % sweep->shards == sweep->shard - 1;
}

/** Runs all that are not known yet. What it has is valid after an error, too. */
int crash__fault_sweep_run(struct crash__fault_sweep *sweep);

void crash__fault_sweep_clear(struct crash__fault_sweep *sweep);

#endif
