/* SPDX-License-Identifier: MIT */
/*
 * ends.h - what the model makes of a recording against what the file system made of the run.
 *
 * The recording is replayed on the model, which knows only the tree from before the run, and the states that
 * it passes are put on disk, step by step. What comes out must be what the program left.
 */
#ifndef CRASH_TESTS_ENDS_H
#define CRASH_TESTS_ENDS_H

#include "explore/atoms/atoms.h"
#include "explore/fs/fs_replay.h"
#include "tests/explore/trees.h"

struct ends {
	char directory[PATH_MAX]; /* of it all */
	/* all empty; the first three are to be filled alike */
	char before[PATH_MAX], after[PATH_MAX], copy[PATH_MAX], store[PATH_MAX];
	char name[160]; /* for messages */
	struct crash__trace trace;
	struct crash__base *base;
	struct crash__fs fs;
	struct crash__model model;
	struct crash__atoms atoms;
};

void ends_prepare(struct ends *ends, const char *name, ...) __attribute__((format(printf, 2, 3)));

/** Replays `trace`, which was recorded in `root`. */
void ends_replay(struct ends *ends, const char *root, const char *model);

/** Walks a layer through all steps. */
void ends_walk(struct ends *ends, const char *directory, const char *store, bool overlay);

/** Walks through all steps on `copy`, and compares that with `after`. */
void ends_compare(struct ends *ends);

void ends_finish(struct ends *ends);

#endif
