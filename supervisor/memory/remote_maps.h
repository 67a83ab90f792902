/* SPDX-License-Identifier: MIT */
/*
 * remote_maps.h - which files another process has mapped shared, and where.
 */
#ifndef CRASH_REMOTE_MAPS_H
#define CRASH_REMOTE_MAPS_H

#include "supervisor/remote.h"

struct crash__remote_map {
	uint64_t start, end, offset; /* which byte of the file is at `start` */
	uint64_t device, inode;	     /* by which the kernel knows the file: stat(2) may have others */
	bool writable;
	char path[PATH_MAX]; /* what the file is called now; with " (deleted)" if it is not called anything */
};

/** Calls `take` for each file that is mapped shared between two addresses; false: that is not known. */
bool crash__remote_maps(const struct crash__remote *remote, uint64_t start, uint64_t end,
			void (*take)(const struct crash__remote_map *map, void *context), void *context);

/** Whether something is mapped, whatever it is, between two addresses without a gap. */
bool crash__remote_is_mapped(const struct crash__remote *remote, uint64_t start, uint64_t end);

/**
 * Whether stores through it may ever reach the file, because it was opened for writing. msync() of another
 * one does nothing.
 */
bool crash__remote_map_reaches(const struct crash__remote *remote, const struct crash__remote_map *map);

/** Whether it is a mapping of the file that we have open as `fd`. */
bool crash__remote_map_is_of(const struct crash__remote_map *map, int fd);

#endif
