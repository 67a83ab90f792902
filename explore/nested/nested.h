/* SPDX-License-Identifier: MIT */
/*
 * nested.h - crashes inside recovery.
 *
 * Method. Of each class of crash states that the checker accepts one is taken (representatives.h). It is put
 * on disk, recovery runs on it and is recorded, and the crash states of that recording are explored like
 * those of any other, with what had been acknowledged in the outer state; then deeper, if that is asked for.
 * A checker sees recovery interrupted, run again, and what that leaves. Two recordings of recovery that are
 * the same have the same states, and are explored once.
 *
 * The final state of such a recording is recovery run to its end: that it has to be accepted says that
 * recovery may be run again.
 */
#ifndef CRASH_NESTED_H
#define CRASH_NESTED_H

#include "explore/findings/exploration.h"

/** What stands between the names of a state and of one of recovery from it: ext4@16-51/kill@7. */
#define CRASH__NESTED '/'

/** One exploration of recovery. */
struct crash__nested {
	struct crash__exploration exploration;
	const char *from;  /* the name of the state that recovery has started from */
	const char *words; /* what that is, for a sentence: "the state that ... leaves" */
	bool power;	   /* a killed process alone does not leave it; */
	uint32_t models;   /* of those that are explored, these allow it: a bit mask */
	int trace;	   /* the recording, with its starting tree; whoever wants to keep it copies it */
};

struct crash__nested_options {
	const struct crash__explore_options *outer;
	const struct crash__request *request; /* recovery, and where it runs; its trace is not used */
	unsigned int depth;		      /* levels of crashes: 2, and up */
	uint64_t save_tree;		      /* bytes of a starting tree that are kept in a trace */
	/** One is explored; it goes away afterwards. */
	int (*explored)(void *context, const struct crash__nested *nested);
	void *context;
};

struct crash__nested_counts {
	uint64_t states;		    /* that recovery is to start from */
	uint64_t explored;		    /* of these, */
	uint64_t same;			    /* with a recording that was explored already, */
	uint64_t idle;			    /* or where recovery changes nothing */
	uint64_t distinct, checked, failed; /* crash states of recoveries */
};

/**
 * Explores recovery from states of an exploration that was run. What was missed becomes a reason for that
 * exploration to be incomplete.
 */
int crash__nested_explore(const struct crash__nested_options *options, struct crash__exploration *exploration,
			  struct crash__nested_counts *counts);

#endif
