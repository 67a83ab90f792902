/* SPDX-License-Identifier: MIT */
/*
 * remove.h - removing trees of files.
 */
#ifndef CRASH_REMOVE_H
#define CRASH_REMOVE_H

#include <stdbool.h>

/**
 * Removes what is in a directory, also through directories that their owner may not enter.
 * @param itself whether the directory goes, too
 * @return 0, or -1 with errno if something is left. Allocates nothing: a guardian may call it.
 */
int crash__remove_tree(const char *path, bool itself);

/** The same for what is in a directory that `parent` has under a name. */
int crash__remove_below(int parent, const char *name);

/** Removes a directory in which something that is being killed may still be writing: two seconds at most. */
void crash__remove_patiently(const char *path);

#endif
