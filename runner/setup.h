/* SPDX-License-Identifier: MIT */
/*
 * setup.h - making and removing what a run needs: its directory and its control block.
 */
#ifndef CRASH_SETUP_H
#define CRASH_SETUP_H

#include "runner/job.h"

/** The paths of what is preloaded. */
struct crash__modules {
	const char *shim;
	const char *alloc; /* the module for allocations, or NULL */
};

/**
 * Makes the directory and the control block and fills in what does not depend on the run.
 * @param place   a directory that somebody removes with what is in it; NULL: /dev/shm, and a guardian does
 * @param mode    enum crash__mode
 * @param rings   how many rings there may be
 * @param modules what is preloaded, or NULL; a path that LD_PRELOAD cannot hold gets a link without spaces
 */
int crash__setup(struct crash__job *job, const char *place, uint32_t mode, unsigned int rings,
		 const struct crash__modules *modules);

/** Where a run's files are made, if nobody names a place. */
const char *crash__setup_place(void);

/** Unmaps, closes, removes; safe on a job that crash__setup() failed for. */
void crash__setup_clear(struct crash__job *job);

/** Removes directories of runs whose keeper, runner and guardian were all killed. */
void crash__setup_sweep(void);

#endif
