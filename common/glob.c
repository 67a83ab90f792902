/* SPDX-License-Identifier: MIT */
/*
 * Method: the usual two-pointer matcher. At a '*' it remembers where it stood and, on a mismatch
 * later, lets that '*' swallow one character more. Only the last '*' is ever reconsidered, which
 * is enough for patterns without alternatives and keeps the cost at pattern times text.
 */
#include "common/glob.h"

#include <stddef.h>
#include <string.h>

/* Matches one character against the set behind '['; *end is set behind the ']'. */
static bool match_set(const char *pattern, unsigned char c, const char **end)
{
	bool negated = *pattern == '!' || *pattern == '^';
	bool found = false;
	const char *p = pattern + negated;

	do {
		unsigned char low = (unsigned char)(*p == '\\' && p[1] ? *++p : *p), high = low;

		if (low == '\0') {
			*end = NULL;
			return false;
		}
		if (p[1] == '-' && p[2] && p[2] != ']') {
			p += 2;
			high = (unsigned char)(*p == '\\' && p[1] ? *++p : *p);
		}
		found |= low <= c && c <= high;
	} while (*++p != ']');
	*end = p + 1;
	return found != negated;
}

/* Matches one character; *next is set to the rest of the pattern. */
static bool match_one(const char *pattern, char c, const char **next)
{
	if (*pattern == '[') {
		bool matched = match_set(pattern + 1, (unsigned char)c, next);

		if (*next)
			return matched;
	} else if (*pattern == '\\' && pattern[1]) {
		*next = pattern + 2;
		return pattern[1] == c;
	}
	*next = pattern + 1; /* an unclosed '[' stands for itself */
	return *pattern == '?' || *pattern == c;
}

bool crash__glob_match(const char *pattern, const char *text)
{
	const char *star = NULL, *star_text = NULL, *next;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			star_text = text;
		} else if (*pattern && match_one(pattern, *text, &next)) {
			pattern = next;
			text++;
		} else if (star) {
			pattern = star;
			text = ++star_text;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool crash__glob_match_path(const char *pattern, const char *path)
{
	const char *slash;

	if (strchr(pattern, '/') == NULL) {
		slash = strrchr(path, '/');
		return crash__glob_match(pattern, slash ? slash + 1 : path);
	}
	if (*pattern == '/' || *pattern == '*')
		return crash__glob_match(pattern, path);
	for (slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/'))
		if (crash__glob_match(pattern, slash + 1))
			return true;
	return false;
}
