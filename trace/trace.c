/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

#include <assert.h>

bool crash__event_syncs(const struct crash__event *event)
{
	return (event->flags & (CRASH__OP_SYNC | CRASH__OP_UNSYNCED)) == CRASH__OP_SYNC;
}

const char *crash__event_path(const struct crash__trace *trace, const struct crash__event *event)
{
	if (event->kind == CRASH__EVENT_ALLOCATION)
		return NULL;
	if (event->kind != CRASH__EVENT_OP)
		return event->source;
	if (event->path)
		return event->path;
	if (event->file && event->file < trace->file_count && trace->files[event->file].path &&
	    trace->files[event->file].path[0])
		return trace->files[event->file].path;
	return NULL;
}

/* No size of memory is greater. */
static int64_t allocated_bytes(const struct crash__event *event)
{
	const struct crash__where *where = &crash__calls[event->kernel].where;
	unsigned __int128 bytes = (uint64_t)crash__arg(event->args, where->bytes);

	if (where->count)
		bytes *= (uint64_t)crash__arg(event->args, where->count);
	return bytes < INT64_MAX ? (int64_t)bytes : INT64_MAX;
}

int64_t crash__event_bytes(const struct crash__event *event)
{
	if (event->kind == CRASH__EVENT_ALLOCATION)
		return allocated_bytes(event);
	if (event->kind != CRASH__EVENT_OP || event->family != CRASH__FAMILY_WRITE)
		return -1;
	/* how much was cloned is known where its data is */
	if (!crash__call_has_bytes(&crash__calls[event->kernel]))
		return event->data_bytes ? (int64_t)event->data_bytes : -1;
	return event->result > 0 ? event->result : 0;
}

uint64_t crash__trace_offset(const struct crash__trace *trace, const struct crash__trace_chunk *chunk)
{
	assert(trace->map);
	return (uint64_t)(chunk->bytes - (const unsigned char *)trace->map);
}

const struct crash__trace_module *crash__trace_module_of(const struct crash__trace *trace, uint32_t process,
							 uint64_t address)
{
	/* what was mapped last is true */
	for (size_t i = trace->module_count; i-- > 0;) {
		const struct crash__trace_module *module = &trace->modules[i];

		if (module->process == process && address >= module->start && address < module->end)
			return module;
	}
	return NULL;
}
