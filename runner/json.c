/* SPDX-License-Identifier: MIT */
#include "runner/json.h"

#include <stdlib.h>
#include <string.h>

#include "runner/symbols.h"

/* ------------------------------------------------------------------ bytes that are no text */

#define STANDS_FOR_BYTES 3 /* as UTF-8: a character of the range from U+EF80 to U+EFFF */

unsigned char crash__json_byte(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	if (at[0] != 0xee || (at[1] != 0xbe && at[1] != 0xbf) || (at[2] & 0xc0) != 0x80)
		return 0;
	return (unsigned char)((at[1] & 1 ? 0xc0 : 0x80) | (at[2] & 0x3f));
}

/* How many bytes the character at `at` has; 0: there is none. */
static size_t character_length(const unsigned char *at)
{
	/* the first byte, how many follow, and the bounds of the second: no character can be written in two ways */
	static const struct {
		unsigned char first, last, more, least, most;
	} forms[] = {
		{0x01, 0x7f, 0, 0, 0},		{0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
		{0xe1, 0xec, 2, 0x80, 0xbf},	{0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
		{0xf0, 0xf0, 3, 0x90, 0xbf},	{0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
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
		size_t length = crash__json_byte(text) ? 0 : character_length((const unsigned char *)text);

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

/* ------------------------------------------------------------------ results */

json_t *crash__json_list(char *const *list)
{
	json_t *array = json_array();

	for (; list && *list; list++)
		json_array_append_new(array, crash__json_string(*list));
	return array;
}

json_t *crash__json_frame(const struct crash_frame *frame)
{
	char address[24];

	snprintf(address, sizeof address, "0x%llx", (unsigned long long)frame->address);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s}", "function", crash__json_string(frame->function),
			 "symbol", crash__json_string(crash__frame_symbol(frame)), "file", crash__json_string(frame->file), "line",
			 frame->line ? json_integer(frame->line) : json_null(), "object",
			 crash__json_string(frame->object), "address", address);
}

static json_t *number_or_null(int64_t number)
{
	return number < 0 ? json_null() : json_integer(number);
}

json_t *crash__json_run(const struct crash_out *out)
{
	json_t *backtrace = json_array();

	for (size_t i = 0; i < out->frames; i++)
		json_array_append_new(backtrace, crash__json_frame(&out->backtrace[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:o, s:o,"
			 " s:i, s:o, s:f, s:o, s:o, s:b, s:o}",
			 "point", crash__json_string(out->point), "call_point",
			 crash__json_string(out->call_point), "rule", crash__json_string(out->rule),
			 "call", crash__json_string(out->call), "file", crash__json_string(out->file),
			 "to", crash__json_string(out->to), "offset", number_or_null(out->offset), "bytes",
			 number_or_null(out->bytes), "written", number_or_null(out->written), "backtrace",
			 backtrace, "backtrace_complete", (int)out->backtrace_complete, "killed",
			 (int)out->killed, "timed_out", (int)out->timed_out, "exit_code",
			 number_or_null(out->exit_code), "signal",
			 out->signal ? json_integer(out->signal) : json_null(), "left_behind",
			 (int)out->left_behind, "dir", crash__json_string(out->dir), "seconds",
			 out->seconds, "unreached", crash__json_list(out->unreached), "log",
			 crash__json_list(out->log), "complete", (int)out->complete, "incomplete_reasons",
			 crash__json_list(out->incomplete_reasons));
}

void crash__json_print(FILE *stream, json_t *object)
{
	json_dumpf(object, stream, JSON_COMPACT | JSON_REAL_PRECISION(9)); /* seconds: 0.02, not 0.019999999999999997 */
	fputc('\n', stream);
	json_decref(object);
}
