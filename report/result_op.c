/* SPDX-License-Identifier: MIT */
#include "report/result_op.h"

#include "base/json_value.h"
#include "explore/recording/mirror.h"
#include "trace/event_text.h"

static json_t *stack_json(struct crash__callsites *callsites, const struct crash__event *event)
{
	unsigned int count = 0;
	const struct crash_frame *frames = crash__callsite_frames(callsites, event, &count);
	json_t *stack = json_array();

	for (unsigned int i = 0; i < count; i++)
		json_array_append_new(stack, crash__json_frame(&frames[i]));
	return stack;
}

/* Null where the source of no function is known. */
static json_t *location_json(struct crash__callsites *callsites, const struct crash__event *event)
{
	struct crash__location location;

	if (!crash__callsite_location(callsites, event, &location))
		return json_null();
	return json_pack("{s:o, s:i, s:o}", "file", crash__json_string(location.file), "line",
			 (int)location.line, "function", crash__json_string(location.function));
}

json_t *crash__result_op(struct crash__callsites *callsites, const struct crash__fs *fs, const char *role,
			 uint32_t step, const char *text)
{
	const struct crash__event *event = step == CRASH__NEVER ? NULL : fs->steps[step].event;
	bool op = event && (event->kind == CRASH__EVENT_OP || event->kind == CRASH__EVENT_ALLOCATION);
	char point[CRASH__NAME + 48] = "";

	if (op)
		crash__event_point(event, point, sizeof point);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "role", role, "op", crash__json_string(text),
			 "point", crash__json_string(op ? point : NULL), "file",
			 crash__json_string(op ? crash__event_path(fs->trace, event) : NULL), "location",
			 event ? location_json(callsites, event) : json_null(), "stack",
			 event ? stack_json(callsites, event) : json_array());
}

static void name_original(json_t *object, const char *key, const char *top)
{
	const char *path = json_string_value(json_object_get(object, key));
	json_t *original = path ? json_string(crash__mirror_original(top, path)) : NULL;

	if (original)
		json_object_set_new(object, key, original);
}

void crash__result_ops_original(json_t *finding, const char *top)
{
	json_t *op, *frame;
	size_t i, at;

	json_array_foreach(json_object_get(finding, "ops"), i, op) {
		name_original(op, "file", top);
		json_array_foreach(json_object_get(op, "stack"), at, frame)
			name_original(frame, "object", top);
	}
}
