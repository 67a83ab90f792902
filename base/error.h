/* SPDX-License-Identifier: MIT */
/*
 * error.h - how functions of the library fail: a code, and a sentence for this thread.
 */
#ifndef CRASH_ERROR_H
#define CRASH_ERROR_H

#include <crashinject/crashinject.h>

/** Notes the detail and returns `code`. */
int crash__fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The same for a system call that failed: adds what errno says; CRASH_ESYSTEM, or CRASH_ENOMEM. */
int crash__fail_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Forgets the detail of an earlier failure. */
void crash__fail_clear(void);

#endif
