/* SPDX-License-Identifier: MIT */
/*
 * overlay_limits.h - what an overlay cannot do that the file system below it can.
 */
#ifndef CRASH_OVERLAY_LIMITS_H
#define CRASH_OVERLAY_LIMITS_H

#include <stdbool.h>

/**
 * Whether something below a directory can be written to there and not through an overlay: an overlay copies
 * a file with its owner before it is written to, and a sandbox without rights has one user and one group.
 * @param what its path below the directory; allocated, NULL if there is none
 */
int crash__overlay_cannot_copy(const char *directory, char **what);

#endif
