/* SPDX-License-Identifier: MIT */
#include "explore/lint/wording.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "explore/phrases/op_phrase.h"
#include "trace/event_text.h"

char *crash__lint_text(struct crash__lint *lint, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length >= 0)
		return text;
	crash__lint_no_memory(lint);
	return NULL;
}

static const char *keep(struct crash__lint *lint, char *text)
{
	if (text && CRASH__ADD(lint, texts, text))
		return text;
	free(text);
	crash__lint_no_memory(lint);
	return "?";
}

/* ------------------------------------------------------------------ files */

const char *crash__lint_path_at(struct crash__lint *lint, crash__node_id node, uint32_t step)
{
	uint32_t last = (uint32_t)lint->fs->steps_count - 1;

	return keep(lint, crash__fs_node_path(lint->fs, node, step == CRASH__NEVER ? last : step));
}

const char *crash__lint_path(struct crash__lint *lint, crash__node_id node)
{
	return crash__lint_path_at(lint, node, CRASH__NEVER);
}

static const char *directory_text(struct crash__lint *lint, crash__node_id node)
{
	return keep(lint, crash__lint_text(lint, node == 1 ? "the %s" : "the directory %s",
					   crash__lint_path(lint, node)));
}

const char *crash__lint_slot_directory(struct crash__lint *lint, crash__slot_id slot)
{
	return directory_text(lint, lint->fs->slots[slot].directory);
}

const char *crash__lint_directory(struct crash__lint *lint, uint32_t step)
{
	for (uint32_t i = 0; i < at(lint, step)->effects; i++)
		if (effect_at(lint, step, i)->kind == CRASH__EFFECT_ENTRY)
			return crash__lint_slot_directory(lint, effect_at(lint, step, i)->slot);
	return "?";
}

/* ------------------------------------------------------------------ ops */

const char *crash__lint_message(struct crash__lint *lint, uint32_t step)
{
	return keep(lint, crash__callsite_ack(at(lint, step)->event));
}

const char *crash__lint_claimed(struct crash__lint *lint, uint32_t step, bool success)
{
	if (step == CRASH__NEVER)
		return success ? "the program ended with success" : "the program ended";
	return keep(lint, crash__lint_text(lint, "acknowledged %s", crash__lint_message(lint, step)));
}

const char *crash__lint_change(struct crash__lint *lint, uint32_t step)
{
	return keep(lint, crash__op_phrase_change(lint->callsites, lint->fs, step));
}

const char *crash__lint_op(struct crash__lint *lint, uint32_t step)
{
	if (step == CRASH__NEVER)
		return "the end of the program";
	return keep(lint, crash__op_phrase(lint->callsites, lint->fs, step));
}

char *crash__lint_line(struct crash__lint *lint, uint32_t step)
{
	char *line = step == CRASH__NEVER ? strdup("the end of the program") :
					    crash__callsite_text(lint->callsites, at(lint, step)->event);

	if (!line)
		crash__lint_no_memory(lint);
	return line;
}

static uint32_t durable_from(const struct crash__lint_step *step, enum crash__lint_part part)
{
	if (part == CRASH__PART_NAME)
		return step->name;
	return part == CRASH__PART_REMOVAL ? step->removal : step->data;
}

const char *crash__lint_reason(struct crash__lint *lint, enum crash__lint_part part, uint32_t step)
{
	bool data = part == CRASH__PART_DATA;
	uint32_t durable = durable_from(&lint->steps[step], part);
	char point[CRASH__NAME + 48];

	if (data && lint->steps[step].abandoned)
		return "a sync of it failed";
	if (durable == CRASH__NEVER && data && lint->steps[step].partly)
		return "only a part of it was synced";
	if (durable == CRASH__NEVER)
		return data ? "it was never synced" : "its directory was never synced";
	crash__event_point(at(lint, durable)->event, point, sizeof point);
	return keep(lint, crash__lint_text(lint, "it became durable only later, by %s", point));
}
