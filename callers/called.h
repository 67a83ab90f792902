/* SPDX-License-Identifier: MIT */
/*
 * called.h - the caller's functions as commands: what starts its program again and calls one of them there.
 */
#ifndef CRASH_CALLED_H
#define CRASH_CALLED_H

#include <crashinject/explore.h>

/** The words, at most this many with the NULL at their end, all for free(). */
enum { CRASH__CALL_WORDS = 8 };

/** A process that calls the workload, for opts->workload. */
int crash__call_workload(const struct crash_explore_opts *opts, char *words[CRASH__CALL_WORDS]);

/** A checker server that calls the check for each state, for opts->check_state. */
int crash__call_check(const struct crash_explore_opts *opts, char *words[CRASH__CALL_WORDS]);

#endif
