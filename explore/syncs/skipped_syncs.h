/* SPDX-License-Identifier: MIT */
/*
 * skipped_syncs.h - a run without the syncs that are redundant: the rules for it, and whether it went as it
 * was to.
 */
#ifndef CRASH_SKIPPED_SYNCS_H
#define CRASH_SKIPPED_SYNCS_H

#include "explore/syncs/sync_sites.h"

struct crash__skipped {
	char *rules;	   /* allocated; empty: there is nothing to be skipped */
	uint64_t wanted;   /* syncs that they skip */
	uint64_t left_out; /* that are redundant, and are not skipped: requests of io_submit(), or there are
			      too many rules */
};

/** Makes the rules that skip what can be left out all at once. @param most so many rules */
int crash__skipped_rules(const struct crash__fs *fs, const struct crash__syncs *syncs, uint32_t most,
			 struct crash__skipped *skipped);

/**
 * How many syncs a run has skipped. Sets `elsewhere` to those that come from no call site that was meant:
 * then the run went another way than the recording.
 */
int crash__skipped_count(const struct crash__fs *recorded, const struct crash__syncs *syncs,
			 const struct crash__fs *again, uint64_t *count, uint64_t *elsewhere);

#endif
