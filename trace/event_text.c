/* SPDX-License-Identifier: MIT */
#include "trace/event_text.h"

#include <stdio.h>
#include <string.h>

#include "common/names.h"
#include "common/plan.h"

void crash__call_point_name(char *out, size_t size, unsigned int call, uint64_t occurrence)
{
	const char *name = crash__calls[call].name;

	snprintf(out, size, "%s%s#%llu", name, crash__family_find(name, strlen(name)) >= 0 ? "()" : "",
		 (unsigned long long)occurrence);
}

void crash__event_point(const struct crash__event *event, char *out, size_t size)
{
	snprintf(out, size, "%s#%llu",
		 event->kind == CRASH__EVENT_POINT ? event->name : crash__family_name(event->family),
		 (unsigned long long)event->occurrence);
}

char *crash__event_line(const struct crash__trace *trace, const struct crash__event *event)
{
	char point[CRASH__NAME + 24], *line = NULL;
	const char *path = crash__event_path(trace, event);
	int64_t bytes = crash__event_bytes(event);
	size_t size;
	FILE *stream = open_memstream(&line, &size);

	if (!stream)
		return NULL;
	crash__event_point(event, point, sizeof point);
	fputs(point, stream);
	if (event->kind == CRASH__EVENT_POINT) {
		fprintf(stream, " in %s:%u", event->source ? event->source : "?", event->line);
	} else {
		fprintf(stream, " (%s)", crash__calls[event->call].name);
		if (path)
			fprintf(stream, " on %s", path);
		if (event->to)
			fprintf(stream, " to %s", event->to);
		if (event->offset != UINT64_MAX)
			fprintf(stream, ", offset %llu", (unsigned long long)event->offset);
		if (bytes >= 0)
			fprintf(stream, ", %lld bytes", (long long)bytes);
		if (event->end != UINT64_MAX && event->result < 0)
			fprintf(stream, ", failed: %s", crash__error_name((int)-event->result));
	}
	fclose(stream);
	return line;
}
