/* SPDX-License-Identifier: MIT */
/*
 * strace.h - what strace saw.
 */
#ifndef CRASH_TESTS_STRACE_H
#define CRASH_TESTS_STRACE_H

#include "tests/real/ops.h"

/** The value of strace's -e trace= that strace_read() needs; static. */
const char *strace_calls(void);

/**
 * Reads the output of `strace -f -y -s 0 -o LOG`.
 * @param directory where the first process started
 * @return false, with a message on stderr, if a line is not understood
 */
bool strace_read(const char *log, const char *directory, struct ops *ops);

#endif
