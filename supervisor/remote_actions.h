/* SPDX-License-Identifier: MIT */
/*
 * remote_actions.h - what a rule that fired does to a process that waits for our reply.
 */
#ifndef CRASH_REMOTE_ACTIONS_H
#define CRASH_REMOTE_ACTIONS_H

#include "supervisor/notification.h"

/** Of some rules those whose thread, process and function are the op's. */
uint64_t crash__act_filter(struct crash__notification *notification, uint64_t rules);

/** What becomes of a thread when a rule has acted on it. */
enum crash__fate {
	CRASH__GOES_ON,	   /* there is no signal, or it does nothing */
	CRASH__COMES_BACK, /* a signal waits for it: it stops, or runs a handler, and then goes on */
	CRASH__ENDS,	   /* a signal waits for it that ends it: it must not make its call on the way */
	CRASH__STAYS,	   /* it has crashed: it stays where it is for ever */
};

/**
 * Does what a rule says.
 * @param done bytes that the op has written; -1: it is not a write
 */
enum crash__fate crash__act(struct crash__notification *notification, const struct crash__rule *rule,
			    int64_t done);

/** Crashes. From outside a process can be killed, but not be made to abort or exit at this place. */
void crash__act_die(struct crash__notification *notification, const struct crash__rule *rule, int64_t done);

/** Writes the crash down that comes when the thread has taken the signals that come before it. */
void crash__act_make_due(struct crash__notification *notification, const struct crash__rule *rule);

/** Of an op that came after the one that crashes the tree, and must not be done: waits for the crash, and
 * lets it happen if it waits for this thread. */
void crash__act_late(const struct crash__notification *notification);

void crash__act_sleep(uint64_t microseconds);

#endif
