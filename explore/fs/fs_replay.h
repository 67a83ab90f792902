/* SPDX-License-Identifier: MIT */
/*
 * fs_replay.h - from a trace to the model file system.
 */
#ifndef CRASH_FS_REPLAY_H
#define CRASH_FS_REPLAY_H

#include "explore/fs/fs.h"

/**
 * Replays a trace.
 * @param root the data directory as the trace names it; ops elsewhere are counted and left out
 * @param base its contents before the run; must outlive the model
 */
int crash__fs_replay(struct crash__fs *fs, const struct crash__trace *trace, const char *root,
		     struct crash__base *base);

#define CRASH__MISSES 4
#define CRASH__MISSED 512

/** What of the run the model lacks, in some sentences; returns how many. */
unsigned int crash__fs_missed(const struct crash__fs *fs, char sentences[CRASH__MISSES][CRASH__MISSED]);

void crash__fs_clear(struct crash__fs *fs);

#endif
