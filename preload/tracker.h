/* SPDX-License-Identifier: MIT */
/*
 * tracker.h - which pages of this process's memory were stored to.
 *
 * Two ways behind one small table of functions: the kernel's dirty tracking, or comparing with a copy.
 */
#ifndef CRASH_TRACKER_H
#define CRASH_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Pages that lie together, from `start` up to `end`. */
struct crash__run {
	uintptr_t start, end;
};

struct crash__tracker {
	/** Starts to watch a range; all of it counts as not stored to. `copy` is the range's own. */
	bool (*watch)(uintptr_t start, size_t bytes, void **copy);
	/**
	 * Finds pages that were stored to since the last time, from *at on, and counts them as not stored
	 * to from now on. Returns how many runs; *at is `end` when the range is done.
	 */
	size_t (*scan)(uintptr_t *at, uintptr_t end, uintptr_t start, void *copy, struct crash__run *runs,
		       size_t most);
	/** Stops to watch. */
	void (*forget)(uintptr_t start, size_t bytes, void *copy);
	/** It cannot tell a store from a write() to the same file. */
	bool sees_writes;
};

/** The way that works here, tried out once; NULL before crash__tracker_choose(). */
extern const struct crash__tracker *crash__tracker;

/** Chooses, also anew in a forked child, whose memory the kernel does not watch. */
void crash__tracker_choose(void);

/** Whether the descriptor is the tracker's own, which the program knows nothing of. */
bool crash__tracker_owns(int fd);

/** Moves it out of the way of a descriptor that the program is about to use. */
void crash__tracker_avoid(int fd);

#endif
