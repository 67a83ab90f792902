/* SPDX-License-Identifier: MIT */
/*
 * unwind.h - the backtrace of a thread that waits for our reply.
 */
#ifndef CRASH_UNWIND_H
#define CRASH_UNWIND_H

#include "supervisor/notification.h"

/**
 * The number in the trace of the thread's backtrace. Calls `note` to write it down, innermost return address
 * first, if it is not one that was written down before. 0: there is none.
 */
uint32_t crash__unwind_number(struct crash__notification *notification,
			      uint32_t (*note)(struct crash__notification *notification,
					       const uint64_t *addresses, uint32_t count));

/** Fills in fired's backtrace and the modules that its addresses are in. */
void crash__unwind_fired(struct crash__notification *notification, struct crash__fired *fired);

/** Whether one of the frames is in the function that the rule names. */
bool crash__unwind_has(struct crash__notification *notification, const struct crash__rule *rule);

#endif
