/* SPDX-License-Identifier: MIT */
/*
 * program_filter.h - seccomp filters of a program's own, which apply beside ours.
 */
#ifndef CRASH_PROGRAM_FILTER_H
#define CRASH_PROGRAM_FILTER_H

#include <linux/seccomp.h>

#include "supervisor/notification.h"

/** Looks at a seccomp() or prctl() that may put a filter in place, and notes what of it is not going to work.
 */
void crash__program_filter_look(const struct crash__notification *notification,
				const struct seccomp_data *data);

#endif
