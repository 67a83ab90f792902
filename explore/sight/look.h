/* SPDX-License-Identifier: MIT */
/*
 * look.h - what a look of sight.h makes of the state that is shown.
 */
#ifndef CRASH_LOOK_H
#define CRASH_LOOK_H

#include "explore/sight/sight.h"

/** Empties the files that the program has changed. */
int crash__look_empty(const struct crash__sight *sight, const char *where);

/** Puts something of no use where the program has removed something. */
int crash__look_return(const struct crash__sight *sight, const char *where);

/** Removes one of these files, or with a number behind them another one. An error: there are not so many. */
int crash__look_remove(const struct crash__sight *sight, const char *where, size_t number);

#endif
