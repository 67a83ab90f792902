/* SPDX-License-Identifier: MIT */
/*
 * progress.h - one line that says how far a long command is; only on a terminal.
 */
#ifndef CRASH_PROGRESS_H
#define CRASH_PROGRESS_H

#include <stdbool.h>

#include "explore/check/engine.h"

/** For struct crash__engine_options: the context is ignored. */
void crash__progress_show(void *context, const struct crash__progress *progress);

/** Whether to show anything; and what stays when it is over. */
void crash__progress_begin(bool wanted);
void crash__progress_end(void);

#endif
