/* SPDX-License-Identifier: MIT */
/*
 * sync_worth.h - of each call site of syncs, whether something fails without them.
 *
 * Method. All syncs of a call site are left out at once: if nothing fails then, nothing fails either when
 * only some of them are. What is redundant is left out together with everything else that is: two syncs may
 * each do what the other one does. Of a call site that is needed each sync is left out alone, or of many
 * some; those without which all is right are left out together as well: an interpreter has one call site for
 * all syncs of a program.
 * And without any sync at all something has to fail, or the checker does not see what a sync is for.
 */
#ifndef CRASH_SYNC_WORTH_H
#define CRASH_SYNC_WORTH_H

#include "explore/syncs/dropped_syncs.h"
#include "explore/syncs/sync_sites.h"

/** Of one call site so many syncs are left out alone at most. */
#define CRASH__SYNCS_TRIED 32

struct crash__syncs_budget {
	uint64_t states, ns; /* for all of it, from now on; 0: none */
};

/**
 * Judges the sites of crash__syncs_list().
 * @param with  the exploration with all syncs
 * @param clean nothing failed in it, and nothing was left out
 */
int crash__syncs_judge(struct crash__syncs *syncs, const struct crash__engine *with, bool clean,
		       const struct crash__syncs_budget *budget);

#endif
