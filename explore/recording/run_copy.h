/* SPDX-License-Identifier: MIT */
/*
 * run_copy.h - a copy of a tree that is that tree again before each of many runs.
 *
 * It is kept: what a run has changed in it is undone, if changes show in change times. Else, or where a run
 * has made something else of it or of what is around it, it is made anew.
 */
#ifndef CRASH_RUN_COPY_H
#define CRASH_RUN_COPY_H

#include <limits.h>

struct crash__run_copy;

/**
 * A copy that is to be, in the mirror of a directory (mirror.h) or by itself.
 * @param place     where the mirror, or the copy, is going to be: nothing is there
 * @param directory what the mirror is of; NULL: there is none
 * @param files     a directory of ours on the same file system
 */
int crash__run_copy_new(const char *place, const char *directory, const char *files,
			struct crash__run_copy **out);

/** Where it is. */
const char *crash__run_copy_path(const struct crash__run_copy *copy);

/** Makes it the same as another tree, which nobody changes. No process has a file of it open. */
int crash__run_copy_renew(struct crash__run_copy *copy, const char *original);

/** Frees what it has; what is on disk stays. */
void crash__run_copy_free(struct crash__run_copy *copy);

#endif
