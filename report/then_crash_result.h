/* SPDX-License-Identifier: MIT */
/*
 * then_crash_result.h - what power losses after a fault have shown, as findings of that result.
 */
#ifndef CRASH_THEN_CRASH_RESULT_H
#define CRASH_THEN_CRASH_RESULT_H

#include <jansson.h>

#include "report/fault_log.h"

/** What is collected while faults are explored. */
struct crash__then_findings {
	struct crash__recording *recording; /* of the run without a fault: it gets reasons to be incomplete */
	struct crash__callsites *callsites; /* of that */
	const json_t *settings;
	json_t *list;		      /* findings */
	json_t *plain;		      /* ids of causes that need no fault */
	struct crash__fault_log *log; /* where all that is explored is kept; or NULL */
};

/** For struct crash__then_crash, with such a structure as its context. */
int crash__then_findings_take(void *context, const struct crash__injection *injection,
			      struct crash__exploration *exploration);
bool crash__then_findings_know(void *context, const struct crash__injection *injection, uint64_t *states,
			       uint64_t *failed);
int crash__then_findings_begin(void *context, const struct crash__explore_options *options,
			       struct crash__exploration *exploration);

/** Notes what was left out, as reasons to be incomplete. */
int crash__then_note_missed(const struct crash__then_crash *then, struct crash__recording *recording);

/** Puts the findings behind a result's own, and the numbers into its summary. */
void crash__then_findings_add(struct crash__then_findings *findings, const struct crash__then_crash *then,
			      json_t *result);

#endif
