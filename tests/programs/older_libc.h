/* SPDX-License-Identifier: MIT */
/*
 * older_libc.h - functions that glibc has from 2.34 on, for programs that are built with an older one.
 */
#ifndef TESTS_OLDER_LIBC_H
#define TESTS_OLDER_LIBC_H

#include <features.h>

#if !__GLIBC_PREREQ(2, 34)
#include <unistd.h>

#include "common/numbers.h"

static inline int close_range(unsigned int first, unsigned int last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

static inline void closefrom(int first)
{
	close_range((unsigned int)first, ~0u, 0);
}
#endif

#endif
