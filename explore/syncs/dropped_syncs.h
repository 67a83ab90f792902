/* SPDX-License-Identifier: MIT */
/*
 * dropped_syncs.h - what fails when some syncs of a recording had not been made.
 *
 * Method. The atoms are made anew without these syncs: that some become durable later is all that can differ,
 * so the states that are possible now and were not are those that have lost an atom that was durable by then.
 * Tiers name those that lose one op, or keep one. What a sync is for is that something is there before
 * something else: so each state of a tier is looked at with all that lost as well which the syncs make
 * durable. A write that is torn is no harm as long as there is a journal, say.
 * Nothing else is looked at, and no more after a first failure that the syncs prevent (dropped_failures.c).
 */
#ifndef CRASH_DROPPED_SYNCS_H
#define CRASH_DROPPED_SYNCS_H

#include "explore/syncs/dropped_look.h"

/** Begins with what the exploration with all syncs knows. */
int crash__dropping_begin(struct crash__dropping *dropping, const struct crash__engine *with, bool clean);

/** Looks at what is new without some syncs. */
int crash__dropping_look(struct crash__dropping *dropping, const struct crash__dropping_how *how,
			 struct crash__dropped *dropped);

/** Forgets its texts. */
void crash__dropped_clear(struct crash__dropped *dropped);

void crash__dropping_clear(struct crash__dropping *dropping);

#endif
