/* SPDX-License-Identifier: MIT */
#include "base/json_value.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ bytes that are not text */

#define STANDS_FOR_BYTES 3 /* as UTF-8: a character of the range from U+EF80 to U+EFFF */

unsigned char crash__json_byte(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	if (at[0] != 0xee || (at[1] != 0xbe && at[1] != 0xbf) || (at[2] & 0xc0) != 0x80)
		return 0;
	return (unsigned char)((at[1] & 1 ? 0xc0 : 0x80) | (at[2] & 0x3f));
}

size_t crash__json_character(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	/* the first byte, how many follow, and the bounds of the second: no character can be written in two
	 * ways */
	static const struct {
		unsigned char first, last, more, least, most;
	} forms[] = {
		{0x01, 0x7f, 0, 0, 0},	     {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
		{0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
		{0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
	};
	size_t form = 0, length = 1;

	while (form < sizeof forms / sizeof *forms && (at[0] < forms[form].first || at[0] > forms[form].last))
		form++;
	if (form == sizeof forms / sizeof *forms ||
	    (forms[form].more && (at[1] < forms[form].least || at[1] > forms[form].most)))
		return 0;
	while (length <= forms[form].more)
		if ((at[length++] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* The byte as a character of its own. */
static char *stand_for(char *out, unsigned char byte)
{
	*out++ = (char)0xee;
	*out++ = (char)(byte & 0x40 ? 0xbf : 0xbe);
	*out++ = (char)(0x80 | (byte & 0x3f));
	return out;
}

json_t *crash__json_string(const char *text)
{
	char *encoded, *out;
	json_t *string;

	if (!text)
		return json_null();
	encoded = out = malloc(STANDS_FOR_BYTES * strlen(text) + 1);
	if (!encoded)
		return json_null();
	while (*text) {
		size_t length = crash__json_byte(text) ? 0 : crash__json_character(text);

		if (length)
			out = mempcpy(out, text, length);
		else
			out = stand_for(out, (unsigned char)*text);
		text += length ? length : 1;
	}
	string = json_stringn(encoded, (size_t)(out - encoded));
	free(encoded);
	return string;
}

static void string_to_bytes(json_t *string)
{
	const char *text = json_string_value(string);
	char *bytes = malloc(strlen(text) + 1), *out = bytes;

	if (!bytes)
		return;
	while (*text) {
		unsigned char byte = crash__json_byte(text);

		*out++ = byte ? (char)byte : *text;
		text += byte ? STANDS_FOR_BYTES : 1;
	}
	json_string_setn_nocheck(string, bytes, (size_t)(out - bytes));
	free(bytes);
}

void crash__json_to_bytes(json_t *object)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(object))
		string_to_bytes(object);
	json_array_foreach(object, i, value)
		crash__json_to_bytes(value);
	json_object_foreach(object, key, value)
		crash__json_to_bytes(value);
}

/* ------------------------------------------------------------------ lists and lines */

json_t *crash__json_list(char *const *list)
{
	json_t *array = json_array();

	for (; list && *list; list++)
		json_array_append_new(array, crash__json_string(*list));
	return array;
}

void crash__json_print(FILE *stream, json_t *object)
{
	json_dumpf(object, stream,
		   JSON_COMPACT | JSON_REAL_PRECISION(9)); /* seconds: 0.02, not 0.019999999999999997 */
	fputc('\n', stream);
	json_decref(object);
}
