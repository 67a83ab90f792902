/* SPDX-License-Identifier: MIT */
/*
 * supervisor.h - the threads of the keeper that reply the kernel's reports.
 */
#ifndef CRASH_SUPERVISOR_H
#define CRASH_SUPERVISOR_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/control.h"

/**
 * Starts the threads. They wait for `listener` to become the descriptor of a filter (it is -1 before,
 * and another negative number if there will be none).
 */
bool crash__supervisor_start(struct crash__control *control, _Atomic int *listener, bool allow_io_uring);

/** Waits until no thread is in the middle of an op, for a moment at most. For the end of the run. */
void crash__supervisor_settle(void);

#endif
