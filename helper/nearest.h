/* SPDX-License-Identifier: MIT */
/* nearest.h - which of many names did somebody who mistyped one mean? */
#ifndef HELPER_NEAREST_H
#define HELPER_NEAREST_H

#include <stddef.h>

/** A zeroed one has seen no candidate. */
struct nearest {
	const char *name; /* the best candidate so far, or NULL */
	size_t distance;  /* its number of changed characters */
};

/** Looks at one more candidate, which is not copied. A far-fetched one is passed over. */
void nearest_try(struct nearest *nearest, const char *mistyped, const char *candidate);

#endif /* HELPER_NEAREST_H */
