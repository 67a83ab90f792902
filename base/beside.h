/* SPDX-License-Identifier: MIT */
/*
 * beside.h - parts of the installation that are found from where the command is, so that a tree may be moved.
 */
#ifndef CRASH_BESIDE_H
#define CRASH_BESIDE_H

#include <limits.h>
#include <stdbool.h>

/**
 * A path from the directory of a file, with links followed.
 * @param self the file; "/proc/self/exe": the command
 * @return whether it is there and may be read
 */
bool crash__beside(const char *self, const char *name, char path[PATH_MAX]);

#endif
