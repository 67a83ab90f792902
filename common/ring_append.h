/* SPDX-License-Identifier: MIT */
/*
 * ring_append.h - appends a record to a ring, and waits for free space if need be.
 */
#ifndef CRASH_RING_APPEND_H
#define CRASH_RING_APPEND_H

#include "common/control.h"

struct crash__part {
	const void *bytes;
	size_t count;
};

/** Claims a free ring for the calling thread; asks the keeper for more. NULL when there are none. */
struct crash__ring *crash__ring_find(struct crash__control *control);

/**
 * Appends one record, made of parts of which the first begins with struct crash__record (filled in
 * here); it is padded to a multiple of 8. Waits for the keeper to free space. Returns false if that
 * takes too long or the tree is dead. Async-signal-safe.
 */
bool crash__append(struct crash__control *control, struct crash__ring *ring, uint16_t type, uint16_t flags,
		   const struct crash__part *parts, int count);

/** The next sequence number. */
static inline uint64_t crash__next_sequence(struct crash__control *control)
{
	return atomic_fetch_add_explicit(&control->sequence, 1, memory_order_acq_rel) + 1;
}

#endif
