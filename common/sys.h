/* SPDX-License-Identifier: MIT */
/*
 * sys.h - system calls without libc: no errno, no cancellation, safe in any context.
 *
 * For calls that do not change storage. Those that do go through crash__syscall() in preload/stub.S,
 * where the seccomp filter lets them pass.
 */
#ifndef CRASH_SYS_H
#define CRASH_SYS_H

#include <stdbool.h>

/** Makes a system call; returns its result or a negative errno. */
static inline long crash__sys6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long crash__sys3(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

/** Whether a system call's result is an error. */
static inline bool crash__sys_failed(long result)
{
	return (unsigned long)result > -4096UL;
}

#endif
