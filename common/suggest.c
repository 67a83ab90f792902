/* SPDX-License-Identifier: MIT */
/*
 * Method: the edit distance with transpositions (optimal string alignment), computed in three rows.
 * A word is near if it can be had with one edit for every three of its characters.
 */
#include "common/suggest.h"

#include <string.h>

#define LONGEST 48

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

static unsigned int distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned int rows[3][LONGEST + 1];
	unsigned int *before = rows[0], *previous = rows[1], *current = rows[2], *spare;

	for (size_t j = 0; j <= nb; j++)
		previous[j] = (unsigned int)j;
	for (size_t i = 1; i <= na; i++) {
		current[0] = (unsigned int)i;
		for (size_t j = 1; j <= nb; j++) {
			current[j] = least(previous[j] + 1, current[j - 1] + 1,
					   previous[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < current[j])
				current[j] = before[j - 2] + 1;
		}
		spare = before;
		before = previous;
		previous = current;
		current = spare;
	}
	return previous[nb];
}

void crash__suggest(struct crash__suggestion *suggestion, const char *candidate)
{
	size_t length = strlen(candidate);
	unsigned int allowed = (unsigned int)(suggestion->length + 2) / 3, found;

	if (suggestion->length > LONGEST || length > LONGEST)
		return;
	found = distance(suggestion->word, suggestion->length, candidate, length);
	if (found <= allowed && (suggestion->best == NULL || found < suggestion->distance)) {
		suggestion->best = candidate;
		suggestion->distance = found;
	}
}
