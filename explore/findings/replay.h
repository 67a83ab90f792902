/* SPDX-License-Identifier: MIT */
/*
 * replay.h - one crash state, back on disk or in words.
 */
#ifndef CRASH_REPLAY_H
#define CRASH_REPLAY_H

#include "explore/check/worker.h"
#include "explore/fs/fs.h"
#include "explore/recording/scratch_directory.h"

struct crash__replay {
	struct crash__trace trace;
	bool has_trace;
	struct crash__guardian scratch;
	struct crash__base *base;
	struct crash__fs fs;
	bool has_fs;
	struct crash__model model;
	struct crash__atoms atoms;
	bool has_atoms;
	struct crash__state state;
	bool live; /* the starting tree is not in the trace: it is the data directory as it is now */
};

/**
 * Reads a trace and a state's name.
 * @param trace     the file
 * @param directory the data directory, for traces without a starting tree; NULL: there is none
 * @param model     NULL: the shipped one that the state's name begins with
 * Call crash__replay_close() also when it fails.
 */
int crash__replay_open(struct crash__replay *replay, const char *trace, const char *directory,
		       const struct crash__model *model, const char *state);

/** Puts the state into a directory, which is empty or does not exist yet, and nothing anywhere else. */
int crash__replay_build(struct crash__replay *replay, const char *directory);

/** Puts a state into a directory, which is made. */
int crash__state_put(const struct crash__fs *fs, const struct crash__atoms *atoms,
		     const struct crash__state *state, const char *directory);

/** Writes what was acknowledged by then. */
int crash__replay_acked(const struct crash__replay *replay, const char *path);

/** An op that the state has lost: so many of its parts. */
typedef void crash__replay_loss(void *context, const char *op, unsigned int lost, unsigned int all);

/** Calls `visit` for each op that the state has lost something of, in the order of the recording. */
int crash__replay_losses(struct crash__replay *replay, crash__replay_loss *visit, void *context);

void crash__replay_close(struct crash__replay *replay);

#endif
