/* SPDX-License-Identifier: MIT */
/*
 * keeper.h - the process between the runner and the program.
 */
#ifndef CRASH_KEEPER_H
#define CRASH_KEEPER_H

#include "runner/job.h"

/** Forks the keeper, which starts the program. Sets job->keeper. */
int crash__keeper_start(struct crash__job *job);

#endif
