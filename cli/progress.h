/* SPDX-License-Identifier: MIT */
/*
 * progress.h - how far a long command is: a few lines on a terminal, elsewhere one line every ten seconds.
 *
 * A program that is recorded may write to our terminal at any moment, unless its output is kept: then what is
 * said of it is lines of their own, too.
 */
#ifndef CRASH_PROGRESS_H
#define CRASH_PROGRESS_H

#include <stdbool.h>

#include "explore/check/engine.h"
#include "runner/request.h"

/** Whether anything is wanted, and what comes first: "recording". The time counts from here. */
void crash__progress_begin(bool wanted, const char *phase);

/** Has a run say how many ops it has done. `apart`: nothing that the program writes gets to the terminal. */
void crash__progress_watch(struct crash__request *request, bool apart);

/** For struct crash__engine_options: the context is ignored. */
void crash__progress_show(void *context, const struct crash__progress *progress);
/** For that, and for struct crash__lint_watch: a finding came up. */
void crash__progress_finding(void *context, const char *sentence);

/** For struct crash__lint_watch: so many of all are done. */
void crash__progress_steps(void *context, const char *phase, uint64_t done, uint64_t all);

/** Of power cuts: so many of at most so many, or for so long; 0: that is no matter. */
void crash__progress_cuts(uint64_t cuts, uint64_t most, uint64_t most_ns, uint64_t runs);

/** Takes the lines away: somebody else is going to write. What comes next is written below that. */
void crash__progress_clear(void);

#endif
