/* SPDX-License-Identifier: MIT */
/*
 * fault_notice.h - whether a run's op is the one that the recording has, and whether its program noticed that
 * it failed.
 *
 * Method. A program that has noticed does something else than in the recording: it tries again or does
 * without, cleans up, says something, or ends otherwise. So it has not where everything is as if the call had
 * succeeded: the same exit status, the same lines to everybody outside, and from the op on the same calls by
 * its thread, and on the files that it is about. What other threads do with other files does not count; nor
 * does the order of lines, or what numbers are in them.
 */
#ifndef CRASH_FAULT_NOTICE_H
#define CRASH_FAULT_NOTICE_H

#include <stdbool.h>

#include "trace/trace.h"

/** An event of a trace. */
struct crash__event_of {
	const struct crash__trace *trace;
	const struct crash__event *event;
	const char *top; /* what is before the paths of its data directory, if that was a copy; "" */
};

/** Whether two ops are the same call on the same file, from the same place in the program. */
bool crash__fault_is_same_op(struct crash__event_of one, struct crash__event_of other);

/** Whether what a run did from its op on is not what the recording has behind that op. */
bool crash__fault_is_noticed(struct crash__event_of recorded, struct crash__event_of run);

/** The first op that a rule let fail, or NULL; and how many there are. */
const struct crash__event *crash__fault_first(const struct crash__trace *trace, uint64_t *count);

#endif
