/* SPDX-License-Identifier: MIT */
/*
 * sys.h - system calls without libc: no errno, no cancellation, safe in any context.
 *
 * For calls that do not change storage: crash__sys3() and crash__sys6() of common/machine.h. Those that do go
 * through crash__syscall() in preload/stub.S, where the seccomp filter lets them pass.
 */
#ifndef CRASH_SYS_H
#define CRASH_SYS_H

#include <stdbool.h>

#include "common/machine.h"

/** Whether a system call's result is an error. */
static inline bool crash__sys_failed(long result)
{
	return (unsigned long)result > -4096UL;
}

#endif
