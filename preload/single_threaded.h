/* SPDX-License-Identifier: MIT */
/*
 * single_threaded.h - whether libc takes the process for one without threads.
 *
 * It says so itself from glibc 2.32 on. Before, its own system calls look at a number that each machine has
 * elsewhere.
 */
#ifndef CRASH_SINGLE_THREADED_H
#define CRASH_SINGLE_THREADED_H

#include <features.h>
#include <stdbool.h>

#include "preload/machine_code.h"

#if __GLIBC_PREREQ(2, 32)
#include <sys/single_threaded.h>

static inline bool crash__single_threaded(void)
{
	return __libc_single_threaded;
}
#else
static inline bool crash__single_threaded(void)
{
	return !crash__has_threads();
}
#endif

#endif
