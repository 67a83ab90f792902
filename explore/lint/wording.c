/* SPDX-License-Identifier: MIT */
#include "explore/lint/wording.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trace/event_text.h"

/* So much of a message is shown. */
#define SHOWN 60

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

const char *crash__lint_path(struct crash__lint *lint, crash__node_id node)
{
	return keep(lint, crash__fs_node_path(lint->fs, node, (uint32_t)lint->fs->steps_count - 1));
}

static const char *directory_text(struct crash__lint *lint, crash__node_id node)
{
	return keep(lint, crash__lint_text(lint, node == 1 ? "the %s" : "the directory %s",
					   crash__lint_path(lint, node)));
}

const char *crash__lint_directory(struct crash__lint *lint, uint32_t step)
{
	for (uint32_t i = 0; i < at(lint, step)->effects; i++)
		if (effect_at(lint, step, i)->kind == CRASH__EFFECT_ENTRY)
			return directory_text(lint,
					      lint->fs->slots[effect_at(lint, step, i)->slot].directory);
	return "?";
}

/* ------------------------------------------------------------------ messages */

/* The last whole line, as far as it can be printed: the latest promise. */
static int last_line(const struct crash__event *event, const char **line)
{
	const struct crash__piece *piece = event->last;
	uint64_t end = piece ? piece->count : 0, start;

	while (end && isspace(piece->bytes[end - 1]))
		end--;
	for (start = end; start && isprint(piece->bytes[start - 1]);)
		start--;
	if (end > start)
		*line = (const char *)piece->bytes + start;
	return end - start > SHOWN ? SHOWN : (int)(end - start);
}

const char *crash__lint_message(struct crash__lint *lint, uint32_t step)
{
	static const char *const names[] = {"stdin", "stdout", "stderr"};
	const struct crash__event *event = at(lint, step)->event;
	const char *line = "";
	int length = last_line(event, &line);
	char what[SHOWN + 8], where[32] = "by crash_ack()";

	if (length)
		snprintf(what, sizeof what, "\"%.*s\"", length, line);
	else
		snprintf(what, sizeof what, "%llu byte%s", (unsigned long long)event->data_bytes,
			 event->data_bytes == 1 ? "" : "s");
	if (event->fd >= 0 && (size_t)event->fd < sizeof names / sizeof *names)
		snprintf(where, sizeof where, "on %s", names[event->fd]);
	else if (event->fd >= 0)
		snprintf(where, sizeof where, "on descriptor %d", event->fd);
	return keep(lint, crash__lint_text(lint, "%s %s", what, where));
}

const char *crash__lint_claimed(struct crash__lint *lint, uint32_t step, bool success)
{
	if (step == CRASH__NEVER)
		return success ? "the program ended with success" : "the program ended";
	return keep(lint, crash__lint_text(lint, "acknowledged %s", crash__lint_message(lint, step)));
}

/* ------------------------------------------------------------------ ops */

static bool has_entry(const struct crash__lint *lint, uint32_t step)
{
	for (uint32_t i = 0; i < at(lint, step)->effects; i++)
		if (effect_at(lint, step, i)->kind == CRASH__EFFECT_ENTRY)
			return true;
	return false;
}

/* "the creation of ", of what an op changed first of all. */
static const char *change_of(const struct crash__lint *lint, uint32_t step)
{
	const struct crash__event *event = at(lint, step)->event;

	switch (event->family) {
	case CRASH__FAMILY_WRITE:
		return event->kernel == CRASH__CALL_store ? "the store to " : "the write to ";
	case CRASH__FAMILY_RENAME:
		return "the rename of ";
	case CRASH__FAMILY_LINK:
		return event->text ? "the symbolic link " : "the link of ";
	case CRASH__FAMILY_UNLINK:
		return "the removal of ";
	case CRASH__FAMILY_TRUNCATE:
		return crash__calls[event->kernel].where.size ? "the truncation of " : "the allocation of ";
	case CRASH__FAMILY_FSYNC:
		return "the sync of ";
	case CRASH__FAMILY_ATTR:
		return "the new attributes of ";
	default:
		return has_entry(lint, step) ? "the creation of " : "the truncation of ";
	}
}

/* The names of an op, and where it wrote: "a to b", "f at 4096". */
static const char *names_of(struct crash__lint *lint, const struct crash__event *event)
{
	const char *path = crash__callsite_path(lint->callsites, crash__event_path(lint->fs->trace, event));
	char offset[32] = "";

	if (event->family == CRASH__FAMILY_WRITE && event->offset != UINT64_MAX)
		snprintf(offset, sizeof offset, " at %llu", (unsigned long long)event->offset);
	return keep(lint, crash__lint_text(
				  lint, "%s%s%s%s", strcmp(path, ".") == 0 ? "the data directory" : path,
				  event->to ? " to " : "",
				  event->to ? crash__callsite_path(lint->callsites, event->to) : "", offset));
}

/* "rename#1", and in which function, if that is known */
static const char *origin_of(struct crash__lint *lint, const struct crash__event *event)
{
	const char *source = keep(lint, crash__callsite_source(lint->callsites, event));
	char point[CRASH__NAME + 24];

	crash__event_point(event, point, sizeof point);
	return keep(lint, crash__lint_text(lint, "%s%s%s", point, *source ? ", " : "", source));
}

const char *crash__lint_change(struct crash__lint *lint, uint32_t step)
{
	const struct crash__event *event = at(lint, step)->event;

	return keep(lint, crash__lint_text(lint, "%s%s (%s)", change_of(lint, step), names_of(lint, event),
					   origin_of(lint, event)));
}

const char *crash__lint_op(struct crash__lint *lint, uint32_t step)
{
	const struct crash__event *event = step == CRASH__NEVER ? NULL : at(lint, step)->event;
	char point[CRASH__NAME + 24];

	if (!event)
		return "the end of the program";
	if (event->kind == CRASH__EVENT_ACK)
		return keep(lint,
			    crash__lint_text(lint, "acknowledging %s", crash__lint_message(lint, step)));
	crash__event_point(event, point, sizeof point);
	return keep(lint, crash__lint_text(lint, "%s of %s", point, names_of(lint, event)));
}

static uint32_t durable_from(const struct crash__lint_step *step, enum crash__lint_part part)
{
	if (part == CRASH__PART_NAME)
		return step->name;
	return part == CRASH__PART_REMOVAL ? step->removal : step->data;
}

char *crash__lint_line(struct crash__lint *lint, uint32_t step)
{
	char *line = step == CRASH__NEVER ? strdup("the end of the program") :
					    crash__callsite_text(lint->callsites, at(lint, step)->event);

	if (!line)
		crash__lint_no_memory(lint);
	return line;
}

const char *crash__lint_reason(struct crash__lint *lint, enum crash__lint_part part, uint32_t step)
{
	bool data = part == CRASH__PART_DATA;
	uint32_t durable = durable_from(&lint->steps[step], part);
	char point[CRASH__NAME + 48];

	if (data && lint->steps[step].abandoned)
		return "a sync of it failed";
	if (durable == CRASH__NEVER)
		return data ? "it was never synced" : "its directory was never synced";
	crash__event_point(at(lint, durable)->event, point, sizeof point);
	return keep(lint, crash__lint_text(lint, "it became durable only later, by %s", point));
}
