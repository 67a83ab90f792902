/* SPDX-License-Identifier: MIT */
/*
 * mapping.h - files that are mapped shared and writable: stores to memory that are writes to a file.
 */
#ifndef CRASH_MAPPING_H
#define CRASH_MAPPING_H

#include "preload/shim.h"

/** Whether there are any; looked at before each op. */
extern bool crash__mapped;

/** Takes note of mmap, munmap, mremap, mprotect and madvise; makes the call. */
long crash__mapping_call(long number, const long args[6]);

/** Finds the stores since the last time, counts them as writes and writes them down. */
void crash__mapping_scan(void);

/** After an op: what it wrote to a mapped file is not a store. */
void crash__mapping_wrote(void);

/** In a child with a memory of its own: it has the mappings, but nobody watches them there. */
void crash__mapping_forked(void);

/** Finds the stores, for the last time in this program: it is about to exit or exec. */
void crash__mapping_finish(void);

/** Classifies the file that is mapped shared at this address. */
struct crash__target crash__target_of_mapping(struct crash__control *control, uintptr_t address);

/** Which byte of its file is mapped at the address; UINT64_MAX: none that is known. */
uint64_t crash__offset_of_mapping(uintptr_t address);

/** The file that is mapped at an address, as it was called when it was mapped; empty: none. */
void crash__path_of_mapping(uintptr_t address, char out[PATH_MAX]);

#endif
