/* SPDX-License-Identifier: MIT */
/*
 * turn.h - which of the supervisor's threads receives.
 *
 * One thread at a time receives, so that the kernel can hand over from caller to supervisor and back on one
 * processor. Before it does what may take long (a sync, a delay, a backtrace) it lets another one receive: a
 * slow call of one process holds up nobody else.
 */
#ifndef CRASH_TURN_H
#define CRASH_TURN_H

#include <stdbool.h>

/** Starts the first of the threads; more are started as they are needed. False: there is none. */
bool crash__leader_start(void *(*serve)(void *));

/** Waits to become the one that receives. */
void crash__leader_become(void);

/** Lets another thread receive, because what this one is about to do may take long. */
void crash__leader_hand_over(void);

#endif
