/* SPDX-License-Identifier: MIT */
/*
 * secure_mode.h - programs in which the dynamic linker ignores LD_PRELOAD, because the kernel says so
 * (AT_SECURE in getauxval(3)).
 */
#ifndef CRASH_SECURE_MODE_H
#define CRASH_SECURE_MODE_H

#include <stdbool.h>
#include <sys/stat.h>

/** Whether the calling thread gains rights by programs that it executes: PR_SET_NO_NEW_PRIVS ends that. */
bool crash__may_gain_rights(void);

/**
 * Whether the kernel is going to run a program so, if the calling thread executes it, and gains rights or
 * not. `fd` may have been opened with O_PATH; `status` is of what it stands for. Async-signal-safe.
 */
bool crash__runs_secure(int fd, const struct stat *status, bool gains);

#endif
