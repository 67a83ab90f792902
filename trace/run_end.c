/* SPDX-License-Identifier: MIT */
#include "trace/run_end.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_value.h"

/* Ends with NULL, with room for some more before that. */
static char **copy_strings(const json_t *list, size_t more)
{
	char **copy = calloc(json_array_size(list) + more + 1, sizeof *copy);
	const json_t *item;
	size_t i;

	if (!copy)
		return NULL;
	json_array_foreach(list, i, item)
		copy[i] = strdup(json_is_string(item) ? json_string_value(item) : "?");
	return copy;
}

int crash__trace_read_end(const struct crash__trace *trace, struct crash_out *out)
{
	json_t *end = trace->end_text ? json_loadb(trace->end_text, trace->end_length, 0, NULL) : NULL;
	const json_t *reasons = json_object_get(end, "incomplete_reasons");

	crash__json_to_bytes(end);
	memset(out, 0, sizeof *out);
	out->complete = json_is_true(json_object_get(end, "complete")) && !trace->cut;
	out->timed_out = json_is_true(json_object_get(end, "timed_out"));
	out->exit_code = json_is_integer(json_object_get(end, "exit_code")) ?
				 (int)json_integer_value(json_object_get(end, "exit_code")) :
				 -1;
	out->signal = (int)json_integer_value(json_object_get(end, "signal"));
	out->killed = json_is_true(json_object_get(end, "killed"));
	out->unreached = copy_strings(json_object_get(end, "unreached"), 0);
	out->incomplete_reasons = copy_strings(reasons, 1);
	if (out->incomplete_reasons && trace->cut)
		out->incomplete_reasons[json_array_size(reasons)] = strdup("the trace is cut short");
	json_decref(end);
	if (out->incomplete_reasons && out->unreached)
		return 0;
	crash_out_clear(out);
	return crash__fail(CRASH_ENOMEM, "no memory for a trace's end");
}

uint64_t crash__trace_allocations(const struct crash__trace *trace)
{
	json_t *end = trace->end_text ? json_loadb(trace->end_text, trace->end_length, 0, NULL) : NULL;
	json_int_t count = json_integer_value(json_object_get(end, "allocations"));

	json_decref(end);
	return count > 0 ? (uint64_t)count : 0;
}
