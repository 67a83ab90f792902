/* SPDX-License-Identifier: MIT */
/*
 * libc_version.h - which glibc runs.
 */
#ifndef CRASH_LIBC_VERSION_H
#define CRASH_LIBC_VERSION_H

#include <gnu/libc-version.h>
#include <limits.h>

/** 36 for 2.36; more than any for what is no 2.x. Async-signal-safe. */
static inline int crash__libc_minor(void)
{
	const char *at = gnu_get_libc_version();
	int minor = 0;

	if (at[0] != '2' || at[1] != '.')
		return INT_MAX;
	for (at += 2; *at >= '0' && *at <= '9'; at++)
		minor = minor * 10 + (*at - '0');
	return minor;
}

/*
 * The shim wants to be at one address in all processes. Up to glibc 2.35 the dynamic linker puts a library
 * where it wants to be only if the program is not position-independent, or if this variable says so; later
 * ones always do, and do not know the variable.
 */
#define CRASH__LOAD_BIAS "LD_USE_LOAD_BIAS=1"

static inline int crash__libc_needs_load_bias(void)
{
	return crash__libc_minor() < 36;
}

#endif
