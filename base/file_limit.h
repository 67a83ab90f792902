/* SPDX-License-Identifier: MIT */
/*
 * file_limit.h - RLIMIT_FSIZE, which by SIGXFSZ ends whoever writes a file that is larger.
 *
 * What the command writes for itself shall fail with an error that it can say, instead of ending it: it
 * ignores the signal. What it starts is to have the signal as the command was given it.
 */
#ifndef CRASH_FILE_LIMIT_H
#define CRASH_FILE_LIMIT_H

#include <stdint.h>

/** In the command, at its beginning. */
void crash__file_limit_ignore(void);

/** In a child, before exec. Async-signal-safe; does nothing where nobody ignored it. */
void crash__file_limit_restore(void);

/** Bytes that a file may have; UINT64_MAX: any number. */
uint64_t crash__file_limit(void);

#endif
