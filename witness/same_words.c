/* SPDX-License-Identifier: MIT */
#include "witness/same_words.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* How many characters a word has, and whether there is a digit among them. */
static size_t word_length(const char *text, bool *digit)
{
	size_t length = 0;

	*digit = false;
	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		*digit |= isdigit((unsigned char)text[length++]) != 0;
	return length;
}

static bool is_end(char character)
{
	return character == '\0' || character == '\n';
}

bool crash__same_words(const char *one, const char *other)
{
	while (!is_end(*one) && !is_end(*other)) {
		bool digit, other_digit;
		size_t length = word_length(one, &digit), other_length = word_length(other, &other_digit);
		size_t compared = length ? length : 1;

		if (!(digit && other_digit) && (length != other_length || memcmp(one, other, compared) != 0))
			return false;
		one += compared;
		other += digit ? other_length : compared;
	}
	return is_end(*one) && is_end(*other);
}
