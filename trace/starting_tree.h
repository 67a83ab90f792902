/* SPDX-License-Identifier: MIT */
/*
 * starting_tree.h - the starting tree, inside a trace, so that a trace is all that a later exploration needs.
 *
 * A TREE chunk says what the data directory was and how much of it was saved; ENTRY chunks follow, one for
 * each thing in it, directories before what is in them. A file's bytes stand in the trace file itself behind
 * its chunk, at an offset that is a multiple of 4096, so that file systems that can share blocks do.
 */
#ifndef CRASH_STARTING_TREE_H
#define CRASH_STARTING_TREE_H

#include <limits.h>
#include <stdint.h>

#include "trace/trace.h"

/** As much of it is saved if nobody says otherwise; bytes. */
#define CRASH__DEFAULT_MAX_TREE (UINT64_C(1) << 30)

struct crash__tree_source {
	const char *tree; /* where it is */
	const char *root; /* what the ops of the trace call the data directory */
	const char
		*directory;  /* what everybody else calls it: where a copy was recorded, it is not the root */
	const char *without; /* a directory of ours that may be in it, and is not a part of it; or NULL */
};

/**
 * Saves a directory at the end of a trace, which is the data directory under this name.
 * @param most bytes of files; where there are more, nothing is saved but that
 * @param saved whether everything is in the trace
 */
int crash__tree_save(int trace, const char *directory, uint64_t most, bool *saved);

/** The same for a tree that is somewhere else. */
int crash__tree_save_from(int trace, const struct crash__tree_source *source, uint64_t most, bool *saved);

/** The data directory's path, as the ops of the trace have it. */
int crash__tree_root(const struct crash__trace *trace, char root[PATH_MAX]);

/** The same, as everybody else has it. */
int crash__tree_directory(const struct crash__trace *trace, char directory[PATH_MAX]);

/** Puts the tree into an empty directory, and nothing anywhere else, whatever the trace says. */
int crash__tree_unpack(const struct crash__trace *trace, const char *directory);

#endif
