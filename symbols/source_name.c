/* SPDX-License-Identifier: MIT */
#include "symbols/source_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds a part of a path; ".." takes the last one back. `from` is where parts begin. */
static char *add_part(char *to, char *from, const char *part, size_t length)
{
	if (length == 0 || (length == 1 && *part == '.'))
		return to;
	if (length == 2 && strncmp(part, "..", 2) == 0) {
		while (to > from && *--to != '/')
			;
		return to;
	}
	*to++ = '/';
	memmove(to, part, length);
	return to + length;
}

char *crash__source_name(const char *directory, const char *file)
{
	char *joined, *to, *end;

	if (*file != '/' && (!directory || *directory != '/'))
		return strdup(file);
	if (asprintf(&joined, "%s/%s", *file == '/' ? "" : directory, file) < 0)
		return NULL;
	to = joined; /* never behind what is read */
	end = joined + strlen(joined);
	for (char *at = joined; at < end;) {
		size_t length = strcspn(at, "/");

		to = add_part(to, joined, at, length);
		at += length + 1;
	}
	*to = '\0';
	return joined;
}
