/* SPDX-License-Identifier: MIT */
/*
 * kept_copy.h - a copy of a tree for a checker, which is made what it was by what the checker has changed.
 *
 * Where there can be no overlay each check is of a copy. To copy a tree takes as long as it is large; to find
 * what was changed in a copy takes a look at each of its names.
 */
#ifndef CRASH_KEPT_COPY_H
#define CRASH_KEPT_COPY_H

#include <stdbool.h>

struct crash__kept_copy;

/**
 * Whether a change of a file always shows in its times, on the file system that a directory is on, by trying
 * it: stores to mapped files do not on all of them.
 */
bool crash__kept_copy_possible(const char *directory);

/**
 * Notes what is in a copy, before somebody gets it. It must stay where it is, with no processes in it.
 * @param patient it may take some milliseconds, so that nothing that was changed just now is taken for
 * changed later
 */
int crash__kept_copy_note(const char *path, bool patient, struct crash__kept_copy **copy);

/** Makes it again what it was when it was noted: the same as another tree, which nobody has changed. */
int crash__kept_copy_restore(struct crash__kept_copy *copy, const char *original);

void crash__kept_copy_free(struct crash__kept_copy *copy);

#endif
