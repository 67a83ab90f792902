/* SPDX-License-Identifier: MIT */
/*
 * follow.h - what a call by path is about: the link or what it points to, the file or its directory.
 */
#ifndef CRASH_FOLLOW_H
#define CRASH_FOLLOW_H

#include <sys/stat.h>

#include "common/call.h"

/** The flags that an open call opens with, unless it keeps them in memory (openat2). */
uint64_t crash__open_flags_of(const struct crash__call_info *kernel, const long args[6]);

/** Whether the call would follow a symbolic link that stands last in its path. */
bool crash__follows_last(const struct crash__call_info *kernel, const long args[6], uint64_t open_flags);

/**
 * Whether a call counts if what it finds has this mode: a device or FIFO is not storage, but its name is
 * an entry of a directory as good as any.
 */
bool crash__counts_as_file(const struct crash__call_info *kernel, mode_t mode);

#endif
