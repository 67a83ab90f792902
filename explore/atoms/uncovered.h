/* SPDX-License-Identifier: MIT */
/*
 * uncovered.h - what a real file system may leave of a recording, and its model does not have.
 *
 * Where a file is made durable by a log of its own that has its names (fsync-own-entry without
 * fsync-commits-metadata, which is Btrfs), the replay of that log puts names together that never were at one
 * time: docs/FINDINGS.md, "Btrfs: a name may come back". No state of a model has them, so that who finds
 * nothing must not be told that all is well.
 */
#ifndef CRASH_UNCOVERED_H
#define CRASH_UNCOVERED_H

#include "explore/atoms/persistence_model.h"
#include "explore/fs/fs.h"

/** @param step is set to the first step of which that can be said; CRASH__FS_NEVER: there is none */
int crash__uncovered(const struct crash__fs *fs, const struct crash__model *model, uint32_t *step);

#endif
