/* SPDX-License-Identifier: MIT */
/*
 * shared_mappings.h - files that programs without the shim have mapped shared and writable.
 */
#ifndef CRASH_SHARED_MAPPINGS_H
#define CRASH_SHARED_MAPPINGS_H

#include "supervisor/notification.h"
#include "supervisor/memory/remote_maps.h"

/** Takes note of an mmap() of a file; `notification` was classified. */
void crash__mapped_add(struct crash__notification *notification);

/** Takes note of an mprotect() that lets somebody store to memory which may be such a file. */
void crash__mapped_protect(const struct crash__notification *notification);

/** Takes note of an mremap() that may let a mapping reach further into its file. */
void crash__mapped_remap(const struct crash__notification *notification);

/** Takes note of a madvise() that makes a hole. */
void crash__mapped_hollow(const struct crash__notification *notification);

/** Whether stores to the file are looked for: then its writes must be passed to crash__mapped_wrote(). */
bool crash__mapped_is_watched(uint64_t device, uint64_t inode);

/**
 * Compares every such file with what it was. Calls `take` for each run of bytes that a store has changed,
 * with an op of its own; stops when `take` returns false.
 */
void crash__mapped_scan(struct crash__control *control,
			bool (*take)(struct crash__notification *store, const unsigned char *bytes));

/** A descriptor of the file that a mapping is of, to be closed; or -1. */
int crash__mapped_open(const struct crash__remote_map *map);

/** A write that was made on a process's behalf is not a store, even if the file is mapped. */
void crash__mapped_wrote(const struct crash__notification *notification, uint64_t offset,
			 const unsigned char *bytes, size_t count);

#endif
