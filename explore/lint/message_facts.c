/* SPDX-License-Identifier: MIT */
#include "explore/lint/message_facts.h"

#include <string.h>
#include <unistd.h>

#include "common/audience.h"

/* So much of a message is looked at. */
#define MESSAGE_LOOKED_AT 512

static const struct {
	enum crash__fact fact;
	bool (*holds)(const struct crash__lint *lint, uint32_t message);
} classifiers[] = {
	{CRASH__FACT_STANDARD_ERROR, crash__is_standard_error},
	{CRASH__FACT_WAKE_UP, crash__is_wake_up},
	{CRASH__FACT_ERROR_MESSAGE, crash__is_error_message},
};

void crash__find_message_facts(struct crash__lint *lint)
{
	for (uint32_t step = 0; step < lint->fs->steps_count; step++)
		for (size_t i = 0; i < sizeof classifiers / sizeof *classifiers; i++)
			if (at(lint, step)->event->kind == CRASH__EVENT_ACK &&
			    classifiers[i].holds(lint, step))
				crash__add_fact(&lint->steps[step].facts, classifiers[i].fact);
}

static bool has(const struct crash__lint *lint, uint32_t step, enum crash__fact fact)
{
	return crash__has_fact(lint->steps[step].facts, fact);
}

enum crash__fact crash__message_fact(const struct crash__lint *lint, uint32_t message)
{
	if (has(lint, message, CRASH__FACT_STANDARD_ERROR))
		return CRASH__FACT_STANDARD_ERROR;
	return has(lint, message, CRASH__FACT_WAKE_UP) ? CRASH__FACT_WAKE_UP : CRASH__FACT_NONE;
}

enum crash__fact crash__complaint_fact(const struct crash__lint *lint, uint32_t message)
{
	if (has(lint, message, CRASH__FACT_STANDARD_ERROR))
		return CRASH__FACT_STANDARD_ERROR;
	return has(lint, message, CRASH__FACT_ERROR_MESSAGE) ? CRASH__FACT_ERROR_MESSAGE : CRASH__FACT_NONE;
}

bool crash__is_standard_error(const struct crash__lint *lint, uint32_t message)
{
	return at(lint, message)->event->fd == STDERR_FILENO;
}

/* A pipe or an eventfd of its own: what somebody else reads has more to say. */
bool crash__is_wake_up(const struct crash__lint *lint, uint32_t message)
{
	const struct crash__event *event = at(lint, message)->event;

	return event->fd > STDERR_FILENO && crash__wakes_up(event->data_bytes);
}

bool crash__is_error_message(const struct crash__lint *lint, uint32_t message)
{
	static const char *const words[] = {"error", "Error", "ERROR", "fail", "Fail", "FAIL", "I/O"};
	const struct crash__event *event = at(lint, message)->event;
	char text[MESSAGE_LOOKED_AT];
	size_t count = event->data_bytes < sizeof text - 1 ? (size_t)event->data_bytes : sizeof text - 1;

	crash__event_copy(event, 0, text, count);
	text[count] = '\0';
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

bool crash__is_progress(const struct crash__lint *lint, uint32_t message)
{
	int fd = at(lint, message)->event->fd;

	return fd >= 0 && fd < STDERR_FILENO && !lint->syncs;
}

bool crash__is_chatter(const struct crash__lint *lint, uint32_t message, uint32_t step)
{
	uint32_t next = lint->steps[step].next_write;

	return crash__is_progress(lint, message) && (next == CRASH__NEVER || next <= message);
}
