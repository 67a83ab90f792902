/* SPDX-License-Identifier: MIT */
/*
 * leader.h - leader and followers among the supervisor's threads.
 *
 * One thread at a time, the leader, receives notifications, so that the kernel can switch from caller to
 * supervisor and back on one processor. Before it does what may take long (a sync, a delay, a backtrace) a
 * follower becomes the leader: a slow call of one process does not delay the calls of others.
 */
#ifndef CRASH_LEADER_H
#define CRASH_LEADER_H

#include <stdbool.h>

/** Starts the first thread; more are started as they are needed. False: it could not be started. */
bool crash__leader_start(void *(*serve)(void *));

/** Waits to become the leader. */
void crash__leader_become(void);

/** Lets a follower become the leader, because what this thread is about to do may take long. */
void crash__leader_hand_over(void);

#endif
