/* SPDX-License-Identifier: MIT */
/*
 * fault_outcome.h - what came of one run with a fault.
 */
#ifndef CRASH_FAULT_OUTCOME_H
#define CRASH_FAULT_OUTCOME_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "explore/checkers/verdict.h"

/** Everything behind ABORTED is a finding. What is worse comes later. */
enum crash__fault_kind {
	CRASH__FAULT_NONE,    /* not run */
	CRASH__FAULT_NOT_MET, /* the run never came to the op */
	CRASH__FAULT_GOOD,
	CRASH__FAULT_ABORTED, /* there was no memory, and it gave up by abort(); what is left is right */
	CRASH__FAULT_IGNORED, /* it made no difference: no retry, no message, success */
	CRASH__FAULT_HUNG,
	CRASH__FAULT_CRASHED, /* a signal of its own */
	CRASH__FAULT_INCONSISTENT,
	CRASH__FAULT_LIED, /* acknowledged, and not there */
	CRASH__FAULT_KINDS,
};

/** Its name in results. */
const char *crash__fault_kind_name(enum crash__fault_kind kind);

struct crash__fault_outcome {
	enum crash__fault_kind kind;
	enum crash__verdict_kind verdict;
	int exit_code, signal; /* of the program; -1 and the signal that ended it */
	bool timed_out;
	bool strayed;  /* it went another way than the recording, and the op was found by its call site */
	bool flaky;    /* it failed, and another time it did not: `kind` is of the other time */
	uint64_t hits; /* ops that failed by the rules */
	uint64_t runs; /* of the program: one, and what it took to meet the op, and to see a failure again */
	uint64_t ns, checker_ns; /* that the program took in all of them, and the checker */
	int checker_status;	 /* its exit status */
	char *output;		 /* the checker's, or NULL */
	char *said;		 /* the end of what the program wrote to standard error, or NULL */
	char *missed;		 /* why something may have been missed in it, or NULL */
};

static inline bool crash__fault_is_found(enum crash__fault_kind kind)
{
	return kind > CRASH__FAULT_ABORTED;
}

/** As one JSON object; NULL: no memory. */
json_t *crash__fault_outcome_json(const struct crash__fault_outcome *outcome);

/** Takes one that this made. Release with crash__fault_outcome_clear(). False: it is none. */
bool crash__fault_outcome_take(const json_t *object, struct crash__fault_outcome *outcome);

void crash__fault_outcome_clear(struct crash__fault_outcome *outcome);

#endif
