/* SPDX-License-Identifier: MIT */
/*
 * say.h - messages from inside the tested program: no stdio, no allocation.
 */
#ifndef CRASH_SAY_H
#define CRASH_SAY_H

#include <stddef.h>
#include <stdint.h>

/** Writes the strings up to NULL to stderr in one write. Async-signal-safe. */
void crash__say(const char *first, ...) __attribute__((sentinel));

/** The number's digits, in `buffer`. */
const char *crash__decimal(char *buffer, size_t size, uint64_t number);

#endif
