/* SPDX-License-Identifier: MIT */
/*
 * tiers.h - which crash states to look at, cheapest first.
 *
 * Method. A tier goes through the crash points from the first to the last and, at each, names states: as the
 * few atoms in which they differ from "everything that was done" or from "only what is durable". Omitting an
 * atom omits what the model says cannot be there without it; keeping one keeps what it cannot be there
 * without. So every state that is named is one that the model allows. Where the disk tears pages, whole ones
 * are lost and kept in a first round over the recording, and torn ones in a second (page_units.h).
 *
 *	prefix     everything that was done, at every point: what a killed process leaves
 *	cut        only what is durable, at every point: the plain power cut
 *	omit-1     each atom that is not durable, or page of a write, lost alone, with what depends on it
 *	keep-1     each such atom or page kept alone, with what it depends on
 *	tear       each write that several units make up, cut at each of them, from either end, and of a page
 *	           each unit lost: right after it, when something was acknowledged next, and before it is
 *	           durable. Where only the process dies, while it is under way, with its first pages written;
 *	           and stores to mappings in any order
 *	pairs      each two atoms, or pages of a write, lost
 *	sample     sets drawn at random
 *	exhaustive every set that the model allows; where only the process dies, prefix and tear
 */
#ifndef CRASH_TIERS_H
#define CRASH_TIERS_H

#include "explore/states/state.h"

enum crash__tier {
#define TIER(ENUM, ...) CRASH__TIER_##ENUM,
#include "tiers.def"
#undef TIER
	CRASH__TIERS,
};

/** What is known of a tier: a row of tiers.def. */
struct crash__tier_info {
	const char *name;
	const char *proves; /* when it is exhausted */
	bool by_default;    /* taken where nobody names tiers */
	bool of_kill;	    /* also where only the process dies */
};

extern const struct crash__tier_info crash__tiers[CRASH__TIERS];

/** Those that are taken where nobody names tiers: a bit for each. */
uint32_t crash__tiers_by_default(void);

/** CRASH__TIERS if there is none of that name. */
enum crash__tier crash__tier_of_name(const char *name, size_t length);

/**
 * Takes one state. The view stands at its step and has its reference.
 * @return 0 to go on; anything else ends the tier and is returned from it
 */
typedef int crash__tier_emit(void *context, struct crash__view *view, const struct crash__state *state);

struct crash__tier_options {
	uint64_t seed, samples;
	/** Asked at each point, with emit's context: whether to end there. A tier may have states at few. */
	bool (*is_over)(void *context);
};

#define CRASH__TIER_OVER 1 /* what crash__tier_run() returns then */

int crash__tier_run(enum crash__tier tier, const struct crash__atoms *atoms,
		    const struct crash__tier_options *options, crash__tier_emit *emit, void *context);

/**
 * Whether a crash right after a step is one to look at. Stores to mappings are seen when they are over, many
 * at once: in which order they came is not known, and a process that died between two of them may have left
 * something else.
 */
bool crash__tier_is_point(const struct crash__fs *fs, int64_t step);

/**
 * Of stores that are seen together, so many parts are looked at in every combination; of more each is missing
 * and each is alone.
 */
#define CRASH__TIER_STORES 8

/** The first of the stores that are seen together, at a point that is right after the last of them. */
uint32_t crash__tier_first_store(const struct crash__fs *fs, uint32_t step);

/**
 * How many times stores that are seen together are more than are looked at in every combination, where only
 * the process dies.
 */
uint64_t crash__tier_many_stores(const struct crash__atoms *atoms);

/** Whether anything is new at a point, so that states there can differ from those at the point before. */
bool crash__tier_news(const struct crash__fs *fs, int64_t step);

#endif
