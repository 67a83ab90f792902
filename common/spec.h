/* SPDX-License-Identifier: MIT */
/*
 * spec.h - the text of CRASH_AT, parsed into a plan.
 *
 * The grammar stands as a comment over its parser in spec.c and, for users, in crashinject-rules(7).
 */
#ifndef CRASH_SPEC_H
#define CRASH_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/plan.h"

/** Why a specification was refused. */
struct crash__spec_error {
	size_t column; /* of the first wrong character, counted from 1 */
	char message[192];
	char hint[128]; /* what to type instead; may be empty */
};

/**
 * Adds the rules of `spec` to `plan`.
 * @param after how many hits every rule lets pass first (CRASH_AFTER)
 * @return true, or false with `error` filled in and `plan` in an undefined state
 *
 * Allocates nothing. A name that is neither family nor call is taken as an explicit point; whether
 * a program has such a point is not for the parser to know, but a name that is nearly one of a
 * family or call is refused with a suggestion.
 */
bool crash__spec_parse(struct crash__plan *plan, const char *spec, uint64_t after,
		       struct crash__spec_error *error);

/** Whether `name` can be the name of an explicit point: its characters, its length, no family or call. */
bool crash__point_name_ok(const char *name, size_t length);

/** Parses a count such as CRASH_AFTER's: decimal digits only. */
bool crash__parse_count(const char *text, size_t length, uint64_t *value);

/** Parses a time: 250ms, 10us, 1.5s, 2m; no unit means seconds. Gives microseconds. */
bool crash__parse_time(const char *text, size_t length, uint64_t *microseconds);

/** Parses a size: 512, 4k, 1M (powers of 1024). */
bool crash__parse_size(const char *text, size_t length, uint64_t *bytes);

/** The signal of a name, as TERM or SIGTERM, or of a number; -1: there is none. */
int crash__parse_signal(const char *text);

#endif
