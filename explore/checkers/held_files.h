/* SPDX-License-Identifier: MIT */
/*
 * held_files.h - whether a process that goes on running still has something of a directory.
 */
#ifndef CRASH_HELD_FILES_H
#define CRASH_HELD_FILES_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * Whether a descendant of this process has a file below a directory open or mapped, or works in it. Whoever
 * has nothing of it can change it only by its name.
 * @param server a descendant, which is known to be there
 * @return true also where that cannot be told: another user's process, no /proc, an io_uring, which may have
 * files that no descriptor shows
 */
bool crash__is_held(const char *directory, pid_t server);

#endif
