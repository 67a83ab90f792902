/* SPDX-License-Identifier: MIT */
/*
 * spawn.h - from the keeper to the program: descriptors, signal mask, filter, exec.
 */
#ifndef CRASH_SPAWN_H
#define CRASH_SPAWN_H

#include "runner/job.h"

/** Starts the program; sets report->pid. Returns 0 or the errno of what failed. */
int crash__spawn(struct crash__job *job);

/**
 * Starts something as a child of the caller's parent, below the filter that the caller has.
 * @param pid set if there was a process, also where it could not execute what it was to
 * @return 0 or the errno of what failed
 */
int crash__spawn_start(struct crash__job *job, const struct crash__start *start, pid_t *pid);

/** Notes what the program is going to find at 0, 1 and 2. */
void crash__spawn_inherit(struct crash__job *job);

/** Installs the job's filter in the calling process, whose descriptors are the keeper's until then. */
void crash__spawn_filter(struct crash__job *job);

#endif
