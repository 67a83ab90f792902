/* SPDX-License-Identifier: MIT */
/*
 * stopping.h - a signal ends a long command, which then says what it knows.
 */
#ifndef CRASH_STOPPING_H
#define CRASH_STOPPING_H

#include <stdatomic.h>
#include <stdbool.h>

/** Set by SIGINT, SIGTERM and SIGHUP once they are caught. */
extern _Atomic bool crash__stop;

/** Before there is anything that could be said a signal just ends us, with that: "nothing was explored". */
void crash__stop_early(const char *nothing);

/** From now on a signal sets crash__stop. A second one, or ten seconds, end us. */
void crash__stop_catch(void);

#endif
