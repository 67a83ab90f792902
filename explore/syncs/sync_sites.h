/* SPDX-License-Identifier: MIT */
/*
 * sync_sites.h - the syncs of a recording, by where in the program they come from.
 */
#ifndef CRASH_SYNC_SITES_H
#define CRASH_SYNC_SITES_H

#include "explore/check/engine.h"
#include "symbols/callsite.h"

/** What is known of the syncs of one call site. */
enum crash__sync_value {
	CRASH__SYNC_UNDECIDED, /* nothing fails without them in what was looked at, and that is not all */
	CRASH__SYNC_NEEDED,    /* something fails without them */
	CRASH__SYNC_REDUNDANT, /* nothing does, in any state that is asked for */
};

struct crash__sync_site {
	CRASH__VECTOR(uint32_t, steps); /* of syncs that succeeded, ascending */
	enum crash__sync_value value;
	bool idle;		  /* nothing is durable by them that is not without them */
	uint64_t states, checked; /* that are possible only without them; of these, with a verdict */
	bool counted;		  /* those are all states */
	uint64_t masked;	  /* of them, that fail, and not for want of the syncs as far as is known */
	uint32_t tried, needed; /* syncs that were left out alone; of these, without which something fails */
	/* steps of a needed site whose syncs can be left out, together and with all else that can be */
	CRASH__VECTOR(uint32_t, spare);
	bool alone;  /* redundant only as long as others are made that are redundant as well; */
	bool unsure; /* or it is not known whether it is so without them */
	/* the finding that appears without them; or NULL */
	char *id, *kind, *sentence, *state;
	char *model;   /* its; of a state */
	char *callers; /* functions that it was called by, the innermost first; or empty */
	char *where;   /* in the program; empty: not known */
	char *call;    /* fsync, fdatasync, "pwrite64 with O_DSYNC or O_SYNC" */
	char *file;    /* of the first; ".": the data directory; empty: all of them */
	bool implied;  /* by writes: they are not calls of their own */
};

struct crash__syncs {
	CRASH__VECTOR(struct crash__sync_site, sites); /* by their first sync */
	uint64_t made, failed;			       /* syncs; that failed, or were refused */
	bool blind;				       /* without any of them nothing fails */
	bool blind_counted;			       /* and these are all states: */
	uint64_t blind_states, blind_checked;
	uint64_t checked; /* states, for all this */
	bool interrupted; /* or out of budget: some sites are undecided for that */
	uint64_t errors;  /* states that could not be checked */
	uint64_t flaky;	  /* states whose verdict is not the same every time */
};

/** Whether all syncs of a site can be left out, together with what is so of the others. */
static inline bool crash__sync_is_saved(const struct crash__sync_site *site)
{
	return site->value == CRASH__SYNC_REDUNDANT && !site->alone;
}

/** Lists the syncs of a recording that could matter. `syncs` is empty. */
int crash__syncs_list(const struct crash__fs *fs, struct crash__syncs *syncs);

void crash__syncs_clear(struct crash__syncs *syncs);

#endif
