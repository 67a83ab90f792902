/* SPDX-License-Identifier: MIT */
/*
 * overwrite_facts.h - what bytes that are overwritten in place are taken for.
 */
#ifndef CRASH_OVERWRITE_FACTS_H
#define CRASH_OVERWRITE_FACTS_H

#include "explore/lint/lint.h"

/** Which durable bytes of a file a write changes. */
struct crash__overwritten {
	bool data, zeros;     /* some were not zero; some were */
	uint64_t first, last; /* of those that were not zero */
};

/** Compares what a write is about to overwrite with what it writes. Where that cannot be read, the walk ends.
 */
struct crash__overwritten crash__find_overwritten(struct crash__lint *lint, uint32_t step,
						  const struct crash__effect *effect);

/** All that changes is zeros. */
bool crash__is_over_zeros(const struct crash__overwritten *overwritten);

/** All that changes is in one sector, which a disk writes whole. */
bool crash__is_in_one_sector(const struct crash__overwritten *overwritten);

/** The pages were not in use: a small write after the sync switches to them. */
bool crash__is_unused(const struct crash__lint *lint, uint32_t step);

#endif
