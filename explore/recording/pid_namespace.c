/* SPDX-License-Identifier: MIT */
#include "explore/recording/pid_namespace.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct number {
	char decimal[24], hexadecimal[24];
};

static bool names(const struct number *number, const void *bytes, size_t count)
{
	return memmem(bytes, count, number->decimal, strlen(number->decimal)) ||
	       memmem(bytes, count, number->hexadecimal, strlen(number->hexadecimal));
}

static bool event_names(const struct number *number, const struct crash__event *event)
{
	const char *const texts[] = {event->path, event->to, event->text};

	if (event->kind != CRASH__EVENT_OP)
		return false;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i] && names(number, texts[i], strlen(texts[i])))
			return true;
	for (const struct crash__piece *piece = event->data; piece; piece = piece->next)
		if (names(number, piece->bytes, piece->count))
			return true;
	return false;
}

bool crash__trace_names_pid_namespace(const struct crash__trace *trace)
{
	struct number number;
	struct stat status;

	if (stat("/proc/self/ns/pid", &status) < 0)
		return false;
	snprintf(number.decimal, sizeof number.decimal, "%llu", (unsigned long long)status.st_ino);
	snprintf(number.hexadecimal, sizeof number.hexadecimal, "%llx", (unsigned long long)status.st_ino);
	for (size_t i = 0; i < trace->count; i++)
		if (event_names(&number, &trace->events[i]))
			return true;
	return false;
}
