/* SPDX-License-Identifier: MIT */
#include "runner/json.h"

#include <string.h>

#include "runner/symbols.h"

/* File names are bytes; JSON is UTF-8. What is none is shown as Latin-1, so that nothing is lost. */
json_t *crash__json_string(const char *text)
{
	json_t *string;
	char *wide, *at;

	if (!text)
		return json_null();
	string = json_string(text);
	if (string)
		return string;
	wide = at = malloc(2 * strlen(text) + 1);
	if (!wide)
		return json_null();
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c >= 0x80) {
			*at++ = (char)(0xc0 | *c >> 6);
			*at++ = (char)(0x80 | (*c & 0x3f));
		} else {
			*at++ = (char)*c;
		}
	}
	string = json_stringn(wide, (size_t)(at - wide));
	free(wide);
	return string;
}

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
	json_dumpf(object, stream, JSON_COMPACT);
	fputc('\n', stream);
	json_decref(object);
}
