/* SPDX-License-Identifier: MIT */
/*
 * uncovered.h - what a real file system may leave of a recording, and its model does not have.
 *
 * No state of a model has these, so that who finds nothing must not be told that all is well.
 *
 * Names. Where a file is made durable by a log of its own that has its names (fsync-own-entry without
 * fsync-commits-metadata, which is Btrfs), the replay of that log puts names together that never were at one
 * time: docs/FINDINGS.md, "Btrfs: a name may come back".
 *
 * Blocks. Where blocks that a file gives back are used again before that is on the disk (reuses-blocks, which
 * is data=writeback of ext4), the file may be there as it was, with what somebody else has written since in
 * them: docs/FINDINGS.md, "ext4 with data=writeback: the bytes of another file".
 */
#ifndef CRASH_UNCOVERED_H
#define CRASH_UNCOVERED_H

#include "explore/atoms/persistence_model.h"
#include "explore/fs/fs.h"

/** The first steps of which that can be said; CRASH__FS_NEVER: there is none. */
struct crash__uncovered {
	uint32_t names, blocks;
};

int crash__uncovered(const struct crash__fs *fs, const struct crash__model *model,
		     struct crash__uncovered *uncovered);

#endif
