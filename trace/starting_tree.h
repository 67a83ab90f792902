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

/**
 * Saves a directory at the end of a trace.
 * @param most bytes of files; where there are more, nothing is saved but that
 * @param saved whether everything is in the trace
 */
int crash__tree_save(int trace, const char *directory, uint64_t most, bool *saved);

/** The data directory's path, as the trace has it. */
int crash__tree_root(const struct crash__trace *trace, char root[PATH_MAX]);

/** Puts the tree into an empty directory, and nothing anywhere else, whatever the trace says. */
int crash__tree_unpack(const struct crash__trace *trace, const char *directory);

#endif
