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
/** For the same: a finding came up. */
void crash__progress_finding(void *context, const char *sentence);

/** Of power cuts: so many of at most so many, or of none that is known. */
void crash__progress_cuts(uint64_t cuts, uint64_t most, uint64_t runs);

/** Takes the lines away: somebody else is going to write. What comes next is written below that. */
void crash__progress_clear(void);

#endif
