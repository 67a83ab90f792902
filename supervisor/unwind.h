/* SPDX-License-Identifier: MIT */
/*
 * unwind.h - the backtrace of a thread that waits for our answer.
 */
#ifndef CRASH_UNWIND_H
#define CRASH_UNWIND_H

#include "supervisor/watched.h"

/**
 * Takes the backtrace, innermost first, as return addresses.
 * @param whole set if the outermost frame was reached; may be NULL
 * @return how many addresses, at least 1
 */
uint32_t crash__unwind_remote(struct crash__watched *watched, uint64_t *addresses, uint32_t most,
			      bool *whole);

/** Fills in fired's backtrace and the modules that its addresses are in. */
void crash__unwind_fired(struct crash__watched *watched, struct crash__fired *fired);

/** Whether one of the frames is in the function that the rule names. */
bool crash__unwind_has(struct crash__watched *watched, const struct crash__rule *rule);

#endif
