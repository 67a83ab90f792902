/* SPDX-License-Identifier: MIT */
/*
 * unwind.h - the backtrace of a thread that waits for our reply.
 */
#ifndef CRASH_UNWIND_H
#define CRASH_UNWIND_H

#include "supervisor/notification.h"

/** How a backtrace is written down, innermost return address first, and what its addresses are in. */
struct crash__unwind_notes {
	uint32_t (*stack)(struct crash__notification *notification, const uint64_t *addresses,
			  uint32_t count);
	void (*module)(struct crash__notification *notification, const struct crash__frame_module *module);
};

/**
 * The number in the trace of the thread's backtrace, which is written down if it is not one that was before.
 * 0: there is none.
 */
uint32_t crash__unwind_number(struct crash__notification *notification,
			      const struct crash__unwind_notes *notes);

/** Fills in fired's backtrace and the modules that its addresses are in. */
void crash__unwind_fired(struct crash__notification *notification, struct crash__fired *fired);

/** Whether one of the frames is in the function that the rule names. */
bool crash__unwind_has(struct crash__notification *notification, const struct crash__rule *rule);

#endif
