/* SPDX-License-Identifier: MIT */
/*
 * kept_copy.h - a copy of a tree for a checker, which is made what it was by what the checker has changed.
 *
 * Where there can be no overlay each check is of a copy. To copy a tree takes as long as it is large; to find
 * what was changed in a copy takes one look at each of its names.
 */
#ifndef CRASH_KEPT_COPY_H
#define CRASH_KEPT_COPY_H

#include <stdbool.h>

#include "base/change_clock.h"

struct crash__kept_copy;

/**
 * A copy that can be kept. Nothing is noted yet.
 * @param clock of its file system; must live as long
 * @param path where it is, and will stay
 * @return NULL: no memory
 */
struct crash__kept_copy *crash__kept_copy_new(struct crash__change_clock *clock, const char *path);

/**
 * Notes what it is now, before somebody gets it. No process has a file of it open.
 * @param patient it may take some milliseconds, so that nothing that was changed just now is taken for
 * changed later
 */
int crash__kept_copy_note(struct crash__kept_copy *copy, bool patient);

/**
 * Makes it again what it was when it was noted: the same as another tree, which nobody has changed. After an
 * error it is something else, and it was as well if it is damaged.
 */
int crash__kept_copy_restore(struct crash__kept_copy *copy, const char *original);

void crash__kept_copy_free(struct crash__kept_copy *copy);

#endif
