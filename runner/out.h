/* SPDX-License-Identifier: MIT */
/*
 * out.h - from the control block and the keeper's report to struct crash_out.
 */
#ifndef CRASH_OUT_H
#define CRASH_OUT_H

#include <jansson.h>

#include "runner/job.h"
#include "symbols/symbols.h"

/** Fills in everything but the output streams, the directory, and the names of frames: of those it says where
 * they are. */
int crash__out_fill(struct crash_out *out, const struct crash__job *job, const char *scenario);

/** Names the frames of the backtrace, for somebody who is going to see them: it takes longer than all the
 * rest. */
int crash__out_name(struct crash_out *out, struct crash__symbols *symbols);

/** Whether a sentence of out->incomplete_reasons is about that. */
bool crash__is_incomplete_because(const char *reason, enum crash__incomplete why);

/** Adds a sentence to out->incomplete_reasons. */
int crash__out_incomplete(struct crash_out *out, enum crash__incomplete why, const char *detail);

/** The canonical name of what fired, as write#17; allocated. */
char *crash__fired_point(const struct crash__fired *fired);

/** The same by the call's own name; "write()#9" where the name is a family's, too. */
char *crash__fired_call_point(const struct crash__fired *fired);

/** The outcome as `run` prints it. The keys are documented in crashinject(1) and stay. */
json_t *crash__json_run(const struct crash_out *out);

#endif
