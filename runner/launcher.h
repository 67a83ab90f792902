/* SPDX-License-Identifier: MIT */
/*
 * launcher.h - the process that starts the others where several are to have one filter.
 */
#ifndef CRASH_LAUNCHER_H
#define CRASH_LAUNCHER_H

#include "runner/job.h"

/** What it can be asked to start. */
enum crash__part { CRASH__PART_NONE, CRASH__PART_SERVER, CRASH__PART_READY, CRASH__PART_CLIENT };

/** In the keeper: starts it; it installs the job's filter. Returns 0 or an errno. */
int crash__launcher_start(struct crash__job *job);

/** Has it start something, as a child of the keeper. Returns 0 or the errno of what failed. */
int crash__launcher_spawn(enum crash__part part, pid_t *pid);

/** A process has ended; perhaps it was the launcher. */
void crash__launcher_reaped(pid_t pid);

/** Ends it: nothing is to be started any more. */
void crash__launcher_end(void);

#endif
