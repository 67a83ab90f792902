/* SPDX-License-Identifier: MIT */
/*
 * describe.h - how a run ended, in words.
 */
#ifndef CRASH_DESCRIBE_H
#define CRASH_DESCRIBE_H

#include <stdio.h>

#include <crashinject/crashinject.h>

/**
 * Says what ended the run, where in the program, and what was not reached.
 * @param shown how a path is to be shown; NULL: as it is
 */
void crash__describe(FILE *stream, const struct crash_out *out, const char *(*shown)(const char *path));

#endif
