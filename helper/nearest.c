/* SPDX-License-Identifier: MIT */
/*
 * Method: the edit distance of Wagner and Fischer, one row at a time. A candidate that differs in
 * more than half of its characters does not help.
 */
#include "nearest.h"

#include <string.h>

enum { LONGEST = 80 };

static size_t distance(const char *a, const char *b)
{
	size_t row[LONGEST + 1];
	size_t i, j, before, here, best;

	for (j = 0; j <= strlen(b); j++)
		row[j] = j;
	for (i = 1; i <= strlen(a); i++) {
		before = row[0]; /* of the row above, one to the left */
		row[0] = i;
		for (j = 1; j <= strlen(b); j++) {
			here = row[j];
			best = before + (a[i - 1] != b[j - 1]);
			best = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
			row[j] = best < here + 1 ? best : here + 1;
			before = here;
		}
	}
	return row[strlen(b)];
}

void nearest_try(struct nearest *nearest, const char *mistyped, const char *candidate)
{
	size_t far;

	if (strlen(mistyped) > LONGEST || strlen(candidate) > LONGEST)
		return;
	far = distance(mistyped, candidate);
	if (far > strlen(candidate) / 2 || (nearest->name && far >= nearest->distance))
		return;
	nearest->name = candidate;
	nearest->distance = far;
}
