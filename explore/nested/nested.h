/* SPDX-License-Identifier: MIT */
/*
 * nested.h - crashes inside recovery.
 *
 * Method. Of each class of crash states that the checker accepts one is taken (chosen.h). It is put
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

#include "base/digest.h"
#include "explore/findings/exploration.h"

/** What stands between the names of a state and of one of recovery from it: ext4@16-51/kill@7. */
#define CRASH__NESTED '/'

/** What came of one recovery. */
enum crash__nested_outcome {
	CRASH__NESTED_IDLE, /* it changes nothing */
	CRASH__NESTED_SAME, /* a recording like it was explored already */
	CRASH__NESTED_EXPLORED,
};

/** One exploration of recovery. */
struct crash__nested {
	const struct crash__nested *outer; /* that it is inside of; NULL: the program's */
	unsigned int level;		   /* 2: in a state of the program */
	enum crash__nested_outcome outcome;
	struct crash__exploration exploration; /* its engine is NULL where it was not explored */
	const char *from;		       /* the name of the state that recovery has started from */
	const char *words;		       /* what that is, for a sentence: "the state that ... leaves" */
	bool power;			       /* a killed process alone does not leave it; */
	uint32_t models;		       /* of those that are explored, these allow it: a bit mask */
	char digest[CRASH__DIGEST_TEXT];       /* of the recording: with the same one, and the same */
	uint64_t acked;			       /* acknowledgements, the states are the same */
	uint64_t states;		       /* that recovery is to start from in it */
	bool cut;			       /* the budget was over before it was */
	int trace; /* the recording, with its starting tree; whoever wants to keep it copies it */
};

struct crash__nested_options {
	const struct crash__explore_options *outer;
	const struct crash__request *request; /* recovery, and where it runs; its trace is not used */
	unsigned int depth;		      /* levels of crashes: 2, and up */
	uint64_t save_tree;		      /* bytes of a starting tree that are kept in a trace */
	/** One was looked at, before those inside of it are; it goes away afterwards. */
	int (*explored)(void *context, const struct crash__nested *nested);
	/** A verdict came in. Whoever is to know it later tells crash__engine_know() of the whole. */
	void (*verdict)(void *context, const struct crash__nested *nested, const struct crash__entry *entry,
			const struct crash__check_result *result, const char *output);
	void *context;
};

struct crash__nested_counts {
	uint64_t states;		    /* that recovery is to start from, */
	uint64_t first;			    /* those of the program alone */
	uint64_t explored;		    /* of these, */
	uint64_t same;			    /* with a recording that was explored already, */
	uint64_t idle;			    /* or where recovery changes nothing */
	uint64_t distinct, checked, failed; /* crash states of recoveries */
};

/**
 * Explores recovery from states of an exploration that was run. What was missed becomes a reason for that
 * exploration to be incomplete. Verdicts that its engine knows for states of recovery are not asked for
 * again.
 * @param over whether the budget was over before all was done, or it was interrupted
 */
int crash__nested_explore(const struct crash__nested_options *options, struct crash__exploration *exploration,
			  struct crash__nested_counts *counts, bool *over);

/**
 * The sentence for that. Allocated; NULL: no memory.
 * @param cut how many recoveries were looked at only in part
 */
char *crash__nested_missing(const struct crash__nested_counts *counts, uint64_t cut);

#endif
