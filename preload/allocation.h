/* SPDX-License-Identifier: MIT */
/*
 * allocation.h - what the module for allocations (preload/alloc/) and the shim say to each other.
 *
 * The module is preloaded only where a rule or a sweep names allocations, in front of the shim. Both have
 * weak references to the other one, so that each works where the other is not.
 */
#ifndef CRASH_ALLOCATION_H
#define CRASH_ALLOCATION_H

#include "preload/shim.h"

/** Makes an allocation; NULL: there is no memory. errno is as libc leaves it. */
typedef void *crash__make_allocation(long args[6]);

/**
 * Takes one allocation of the program all the way of an op: counts it, asks the rules, makes it or lets it
 * fail with ENOMEM. What is allocated while another one is made is a part of that.
 * @param call the function's name
 */
void *crash__allocate(unsigned int call, long args[6], crash__make_allocation *make,
		      const struct crash__caller *caller);

/** The program's malloc() is not the module's: its allocations are not seen, and the run is incomplete. */
void crash__allocations_unseen(void);

/** The program is about to end itself by abort(), and libc does not do it in its place. */
void crash__allocations_abort(void);

/** Whether the program's memory comes from the module. */
bool crash__alloc_module_serves(void);

/** The constructor has attached to the run: from now on allocations are the program's. */
void crash__allocations_begin(void);

#endif
