/* SPDX-License-Identifier: MIT */
/*
 * held_ops.h - ops whose process is stopped, or runs a handler, before its call.
 *
 * A rule with :stop fired before a call, or one with :sig=. A thread that waits for our reply cannot stop,
 * cannot be debugged, and cannot run a handler. So it is sent back to the start of its call, gets the signal
 * there, and makes the call again when it continues. That is the same op: it was counted, and its rules have
 * fired.
 */
#ifndef CRASH_HELD_OPS_H
#define CRASH_HELD_OPS_H

#include "common/decision.h"
#include "supervisor/notification.h"

/** Notes that the call is going to be made again, and what is then left to do. False: there are too many. */
bool crash__held_add(const struct crash__notification *notification, const struct crash__decision *decision);

/** Whether the call was held up before; gives it its numbers back, and what was decided. */
bool crash__held_resume(struct crash__notification *notification, struct crash__decision *decision);

#endif
