/* SPDX-License-Identifier: MIT */
/*
 * act.h - what a rule that fired does to a process that waits for our reply.
 */
#ifndef CRASH_SUPERVISOR_ACT_H
#define CRASH_SUPERVISOR_ACT_H

#include "supervisor/notification.h"

/** Of some rules those whose thread, process and function are the op's. */
uint64_t crash__act_filter(struct crash__notification *notification, uint64_t rules);

/**
 * Does what a rule says.
 * @param done bytes that the op has written; -1: it is no write
 * @return whether the process is to stay where it is for ever
 */
bool crash__act(struct crash__notification *notification, const struct crash__rule *rule, int64_t done);

/** What a thread does that is to find a signal before its call. */
enum crash__fate {
	CRASH__GOES_ON,	   /* there is no signal, or it does nothing */
	CRASH__COMES_BACK, /* it stops, or runs a handler, and then makes its call */
	CRASH__ENDS,	   /* it must not make its call on the way */
};

enum crash__fate crash__act_fate(const struct crash__notification *notification,
				 const struct crash__rule *rule);

/** Crashes. From outside a process can be killed, but not be made to abort or exit at this place. */
void crash__act_die(struct crash__notification *notification, const struct crash__rule *rule, int64_t done);

/** Whether the op is a write of which a part can be made. */
bool crash__act_can_tear(const struct crash__notification *notification);

void crash__act_sleep(uint64_t microseconds);

#endif
