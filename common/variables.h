/* SPDX-License-Identifier: MIT */
/*
 * variables.h - the variables that crashinject reads and gives.
 */
#ifndef CRASH_VARIABLES_H
#define CRASH_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Looks for variables called CRASH_... that crashinject does not know.
 * @param position where to start; moved behind the one that was found
 * @param nearest set to the name that was probably meant, or NULL
 * @return the next "NAME=value" that is unknown, or NULL when there is none
 */
const char *crash__environment_unknown(char *const *environment, size_t *position, const char **nearest);

#endif
