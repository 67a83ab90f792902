/* SPDX-License-Identifier: MIT */
/*
 * redo.h - the ops of a recording, done for real in a directory that has its starting tree.
 *
 * Method. The model file system knows which node each op was about, and which names it gave or took. Here the
 * same call is made on the file that has this node's name now, with the data and at the offset that were
 * recorded, one op after the other in the order in which they ended. A file is open from its first op to the
 * last one through a descriptor before it is opened again: file systems look at what was truncated when it is
 * closed, and closing it at the earliest can only make them write more. What cannot be done again as it was
 * is an error: nothing is made up, because what the disk then shows would not be the program's.
 */
#ifndef CRASH_REDO_H
#define CRASH_REDO_H

#include "explore/fs/fs.h"

struct crash__redo;

/**
 * Prepares for it.
 * @param directory has the starting tree
 * @param shares    the file system shares blocks between files where it is asked to copy
 */
int crash__redo_open(const struct crash__fs *fs, const char *directory, bool shares,
		     struct crash__redo **redo);

/** Does the op of the next step. `last`: of a write that syncs, only the write, as its sync is a step more.
 */
int crash__redo_step(struct crash__redo *redo, bool last);

/** A path below the directory of the n-th file that has a name now; false: there are not so many. */
bool crash__redo_file(const struct crash__redo *redo, size_t n, char path[PATH_MAX]);

void crash__redo_close(struct crash__redo *redo);

#endif
