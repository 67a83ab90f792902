/* SPDX-License-Identifier: MIT */
/*
 * filter.h - the seccomp filter: which calls are sent to the supervisor.
 */
#ifndef CRASH_FILTER_H
#define CRASH_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/plan.h"

#define CRASH__FILTER_MOST 1024

struct crash__filter {
	struct sock_filter code[CRASH__FILTER_MOST];
	unsigned short length;
};

/**
 * Builds the filter.
 * @param stub     the address from which the shim makes its calls; 0: there is none
 * @param acks     report what goes to sockets, too
 * @param plan     report what its rules name that is no op
 */
void crash__filter_build(struct crash__filter *filter, uint64_t stub, bool acks,
			 const struct crash__plan *plan);

/** The one that reports nothing but what may be lines for CRASH_FD. */
void crash__filter_build_channel(struct crash__filter *filter, uint64_t stub);

/** Whether a call may change what paths mean, to its process or to others. */
bool crash__changes_places(int number);

/** Puts the filter in place for the calling thread; returns the listener or a negative errno. */
int crash__filter_install(const struct crash__filter *filter);

/** Whether the filter takes it from programs to gain rights when they are executed: for us it does if we lack
 * CAP_SYS_ADMIN. */
bool crash__filter_takes_rights(void);

/** Whether the kernel can report system calls in the way that is needed (Linux 5.19). */
bool crash__filter_possible(void);

#endif
