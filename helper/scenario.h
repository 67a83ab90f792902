/* SPDX-License-Identifier: MIT */
/* scenario.h - what the helper can run, and which breakpoints each run passes. */
#ifndef HELPER_SCENARIO_H
#define HELPER_SCENARIO_H

#include "session.h"

#include <stdbool.h>
#include <stddef.h>

struct scenario {
	const char *name;
	const char *sentence;
	int (*run)(struct session *session); /* on an opened session; returns as session.h says */
};

/** All scenarios; the last row's name is NULL. The first one that passes a point is its home. */
extern const struct scenario scenarios[];

struct scenario_point {
	const char *name;
	const char *sentence;	/* where it is */
	unsigned int scenarios; /* bit i: scenarios[i] passes it in a new directory, by default */
};

/** All breakpoints; the last row's name is NULL. */
extern const struct scenario_point scenario_points[];

bool scenario_passes(const struct scenario *scenario, const struct scenario_point *point);

/** By name, or NULL. */
const struct scenario *scenario_find(const char *name);

/**
 * The home of the breakpoints that a pattern (fnmatch) names; "all" if they have more than one.
 * @return NULL if there is no such breakpoint
 */
const struct scenario *scenario_of_point(const char *pattern);

/**
 * The scenario for a CRASH_AT: that of its first rule's point, or "all" if that is a call, which
 * every scenario makes, or if there is no rule.
 * @param spec  may be NULL
 * @param point gets the point, without what limits or modifies it
 * @return NULL if there is no such breakpoint
 */
const struct scenario *scenario_of_spec(const char *spec, char *point, size_t size);

/** The scenario or breakpoint that somebody meant who wrote `mistyped`, or NULL. */
const char *scenario_nearest(const char *mistyped);

#endif /* HELPER_SCENARIO_H */
