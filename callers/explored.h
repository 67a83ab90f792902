/* SPDX-License-Identifier: MIT */
/*
 * explored.h - what the command has printed, as the result of a function.
 */
#ifndef CRASH_EXPLORED_H
#define CRASH_EXPLORED_H

#include <crashinject/explore.h>

/**
 * Takes what `explore --json` has printed, an object a line.
 * @param status  the command's exit status
 * @param errors  what it printed on standard error
 * @param out     all zero; to be cleared also after an error
 * @return 0, or a negative enum crash_error: that is no result
 */
int crash__explored_read(struct crash_explored *out, const char *printed, int status, const char *errors);

#endif
