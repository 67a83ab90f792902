/* SPDX-License-Identifier: MIT */
/*
 * names.c - what errors and signals are called.
 *
 * libc's functions for that came with glibc 2.32 only.
 */
#include "common/names.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

static const char *const errors[] = {
#define ERROR(name) [name] = #name,
#include "common/names.def"
#undef ERROR
};

static const char *const signals[] = {
#define SIGNAL(name) [SIG##name] = #name,
#include "common/names.def"
#undef SIGNAL
};

static const char *name_of(const char *const *names, size_t count, int number)
{
	return number >= 0 && (size_t)number < count ? names[number] : NULL;
}

const char *crash__error_name(int error)
{
	return name_of(errors, sizeof errors / sizeof *errors, error);
}

const char *crash__signal_name(int signal)
{
	return name_of(signals, sizeof signals / sizeof *signals, signal);
}
