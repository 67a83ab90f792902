/* SPDX-License-Identifier: MIT */
/*
 * dropped_failures.h - what fails without some syncs, and whether it is for want of them.
 */
#ifndef CRASH_DROPPED_FAILURES_H
#define CRASH_DROPPED_FAILURES_H

#include "explore/syncs/dropped_look.h"

/** A failure that the syncs prevent; NULL: of none it is known. */
int crash__dropped_find_failure(struct crash__dropped_look *look, struct crash__entry **failure);

/** Says what fails, as far as the budget goes. No other failure of the look is one afterwards. */
int crash__dropped_explain(struct crash__dropped_look *look, struct crash__entry *failure,
			   struct crash__dropped *dropped);

#endif
