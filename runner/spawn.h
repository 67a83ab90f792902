/* SPDX-License-Identifier: MIT */
/*
 * spawn.h - from the keeper to the program: descriptors, signal mask, filter, exec.
 */
#ifndef CRASH_SPAWN_H
#define CRASH_SPAWN_H

#include "runner/job.h"

/** Starts the program; sets report->pid. Returns 0 or the errno of what failed. */
int crash__spawn(struct crash__job *job);

#endif
