/* SPDX-License-Identifier: MIT */
#include "trace/run_end.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_value.h"

int crash__trace_read_end(const struct crash__trace *trace, struct crash_out *out)
{
	json_t *end = trace->end_text ? json_loadb(trace->end_text, trace->end_length, 0, NULL) : NULL,
	       *reason;
	const json_t *reasons = json_object_get(end, "incomplete_reasons");
	size_t i, count = json_array_size(reasons);

	crash__json_to_bytes(end);
	memset(out, 0, sizeof *out);
	out->complete = json_is_true(json_object_get(end, "complete")) && !trace->cut;
	out->timed_out = json_is_true(json_object_get(end, "timed_out"));
	out->exit_code = json_is_integer(json_object_get(end, "exit_code")) ?
				 (int)json_integer_value(json_object_get(end, "exit_code")) :
				 -1;
	out->incomplete_reasons = calloc(count + 2, sizeof *out->incomplete_reasons);
	if (out->incomplete_reasons) {
		json_array_foreach(reasons, i, reason)
			out->incomplete_reasons[i] =
				strdup(json_is_string(reason) ? json_string_value(reason) : "?");
		if (trace->cut)
			out->incomplete_reasons[count] = strdup("the trace is cut short");
	}
	json_decref(end);
	return out->incomplete_reasons ? 0 : crash__fail(CRASH_ENOMEM, "no memory for a trace's end");
}
