/* SPDX-License-Identifier: MIT */
/*
 * data_ranges.h - where the files whose ranges the run zeroes can show anything but zeros.
 *
 * A hole of 10 GB that is punched is still one: what has no data in the starting tree, and that no op ever
 * wrote to, is zeros in every state. Only the rest of a zeroed range has to be looked at, block by block.
 */
#ifndef CRASH_DATA_RANGES_H
#define CRASH_DATA_RANGES_H

#include "explore/fs/fs.h"

/** Finds them, when all effects are known. Notes a failure in fs. */
void crash__data_ranges_find(struct crash__fs *fs);

/**
 * The next range that may have data in a file of which a range is zeroed.
 * @param at from where on; the range may have begun before
 * @return NULL: there is none
 */
const struct crash__data_range *crash__data_ranges_next(const struct crash__fs *fs, crash__node_id node,
							uint64_t at);

#endif
