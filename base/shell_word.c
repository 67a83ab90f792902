/* SPDX-License-Identifier: MIT */
#include "base/shell_word.h"

#include <stdlib.h>
#include <string.h>

char *crash__shell_word(const char *given)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%=";
	size_t length = strlen(given);
	char *text = malloc(4 * length + 3), *to = text;

	if (!text || (length && given[strspn(given, plain)] == '\0'))
		return text ? memcpy(text, given, length + 1) : NULL;
	*to++ = '\'';
	for (; *given; given++)
		if (*given == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *given;
	strcpy(to, "'");
	return text;
}
