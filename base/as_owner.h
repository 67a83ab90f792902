/* SPDX-License-Identifier: MIT */
/*
 * as_owner.h - looking at files of our own that keep also us out.
 *
 * A program can open a directory or a file of its own again that it has closed with chmod(2), and what is in
 * it counts from then on. We must not change the mode of what is not ours to change, and look at it from a
 * user namespace instead, in which modes do not matter to the owner.
 */
#ifndef CRASH_AS_OWNER_H
#define CRASH_AS_OWNER_H

#include <sys/stat.h>
#include <sys/types.h>

/** openat(2), not to create anything. */
int crash__owner_open(int directory, const char *path, int flags);

/** fstatat(2) of the name itself, also if it is a link; "" is the directory. */
int crash__owner_lstat(int directory, const char *path, struct stat *status);

/** readlinkat(2). */
ssize_t crash__owner_readlink(int directory, const char *path, char *out, size_t size);

#endif
