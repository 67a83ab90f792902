/* SPDX-License-Identifier: MIT */
/*
 * scratch_directory.h - a directory for files that are removed when this process ends, however it ends.
 */
#ifndef CRASH_SCRATCH_DIRECTORY_H
#define CRASH_SCRATCH_DIRECTORY_H

#include "base/guardian.h"

/**
 * Makes it. A process of its own removes it when we are gone, however we went.
 * @param large whether much may come into it: then it is on disk and not in memory
 */
int crash__scratch_make(struct crash__guardian *scratch, int large);

/** Removes it, and waits for that. */
void crash__scratch_remove(struct crash__guardian *scratch);

#endif
