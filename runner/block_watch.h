/* SPDX-License-Identifier: MIT */
/*
 * block_watch.h - what the keeper believes of the control block, which every program of the tree can write
 * to.
 *
 * What must not be lost is taken out of the programs' reach as soon as it is there: why the run is
 * incomplete. What must not change is compared, and what is impossible is noticed; then the run is incomplete
 * as well. Nothing here allocates or locks.
 */
#ifndef CRASH_BLOCK_WATCH_H
#define CRASH_BLOCK_WATCH_H

#include "runner/job.h"

/** Remembers what is not to change any more: to be called before the program can run. */
void crash__block_remember(const struct crash__job *job);

/** Adds a reason to the report, once. */
void crash__block_incomplete(struct crash__report *report, enum crash__incomplete why, const char *detail);

/** Takes over the reasons that are in the block, and looks whether it can be what it says. */
void crash__block_look(const struct crash__job *job);

/** The same for the last time, when no program is left; what was changed and must not is as it was then. */
void crash__block_settle(const struct crash__job *job);

/** Whether a ring can be what it says, given what its reader has consumed; if not, what is in it is passed
 * over. */
bool crash__block_check_ring(const struct crash__job *job, struct crash__ring *ring, uint32_t number);

/** Notes that what is in the ring has been consumed. */
void crash__block_consumed(const struct crash__ring *ring, uint32_t number);

#endif
