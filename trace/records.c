/* SPDX-License-Identifier: MIT */
#include "trace/records.h"

#include <stdlib.h>
#include <string.h>

/* Memory for pieces, in blocks that never move. */
struct block {
	struct block *next;
	size_t used;
	struct crash__piece pieces[4096];
};

/* Makes room for one element more. */
static bool grow(struct crash__reader *reader, void *array, size_t *size, size_t count, size_t element)
{
	void **at = array, *bigger;
	size_t wanted = *size ? *size * 2 : 256;

	if (count < *size)
		return true;
	bigger = realloc(*at, wanted * element);
	if (!bigger) {
		reader->no_memory = true;
		return false;
	}
	*at = bigger;
	*size = wanted;
	return true;
}

/* The same for tables by number, which may arrive in any order. */
static bool reach(struct crash__reader *reader, void *array, uint32_t *size, uint32_t number, size_t element)
{
	void **at = array, *bigger;
	size_t wanted = *size ? *size : 256;

	if (number == 0 || number > reader->most_numbers)
		return false;
	if (number < *size)
		return true;
	while (wanted <= number)
		wanted *= 2;
	bigger = realloc(*at, wanted * element);
	if (!bigger) {
		reader->no_memory = true;
		return false;
	}
	memset((char *)bigger + *size * element, 0, (wanted - *size) * element);
	*at = bigger;
	*size = (uint32_t)wanted;
	return true;
}

static struct crash__event *new_event(struct crash__reader *reader)
{
	struct crash__trace *trace = reader->trace;
	struct crash__event *event;

	if (!grow(reader, &trace->events, &reader->event_size, trace->count, sizeof *trace->events))
		return NULL;
	event = &trace->events[trace->count++];
	memset(event, 0, sizeof *event);
	event->end = UINT64_MAX;
	event->offset = UINT64_MAX;
	return event;
}

/* Half of what an event should be is not believed either. */
static bool drop_event(struct crash__reader *reader)
{
	reader->trace->count--;
	return false;
}

static bool add_piece(struct crash__reader *reader, struct crash__event *event, const unsigned char *bytes,
		      uint64_t at, uint64_t count)
{
	struct block *block = reader->trace->pieces;
	struct crash__piece *piece;

	if (!block || block->used == sizeof block->pieces / sizeof *block->pieces) {
		block = malloc(sizeof *block);
		if (!block) {
			reader->no_memory = true;
			return false;
		}
		block->next = reader->trace->pieces;
		block->used = 0;
		reader->trace->pieces = block;
	}
	piece = &block->pieces[block->used++];
	*piece = (struct crash__piece){.bytes = bytes, .at = at, .count = count};
	if (event->last)
		event->last->next = piece;
	else
		event->data = piece;
	event->last = piece;
	event->data_bytes += count;
	return true;
}

/* Whether `bytes` bytes at `text` are a string with its NUL at the end. */
static bool is_string(const char *text, size_t bytes)
{
	return bytes && memchr(text, '\0', bytes) == text + bytes - 1;
}

/* Whether a string that fills the rest of a record is one; padding follows its NUL. */
static bool is_rest(const struct crash__record *record, size_t fixed)
{
	return record->bytes > fixed &&
	       memchr((const char *)record + fixed, '\0', record->bytes - fixed) != NULL;
}

static bool take_process(struct crash__reader *reader, const struct crash__process_record *record)
{
	struct crash__trace *trace = reader->trace;

	if (!is_rest(&record->record, sizeof *record) ||
	    !grow(reader, &trace->processes, &reader->process_size, trace->process_count,
		  sizeof *trace->processes))
		return false;
	trace->processes[trace->process_count++] = (struct crash__trace_process){
		.number = record->number,
		.pid = record->pid,
		.parent = record->parent,
		.name = record->name,
	};
	return true;
}

static bool take_file(struct crash__reader *reader, const struct crash__file_record *record)
{
	struct crash__trace *trace = reader->trace;

	if (!is_rest(&record->record, sizeof *record) ||
	    !reach(reader, &trace->files, &reader->file_size, record->file, sizeof *trace->files))
		return false;
	if (record->file >= trace->file_count)
		trace->file_count = record->file + 1;
	trace->files[record->file] = (struct crash__trace_file){
		.device = record->device,
		.inode = record->inode,
		.mode = record->mode,
		.path = record->path,
	};
	return true;
}

static bool take_stack(struct crash__reader *reader, const struct crash__stream *stream,
		       const struct crash__stack_record *record)
{
	struct crash__trace *trace = reader->trace;

	if (record->count > (record->record.bytes - sizeof *record) / sizeof *record->addresses ||
	    !reach(reader, &trace->stacks, &reader->stack_size, record->stack, sizeof *trace->stacks))
		return false;
	if (record->stack >= trace->stack_count)
		trace->stack_count = record->stack + 1;
	trace->stacks[record->stack] = (struct crash__trace_stack){
		.count = record->count,
		.process = stream->who.process,
		.addresses = record->addresses,
	};
	return true;
}

static bool take_module(struct crash__reader *reader, const struct crash__module_record *record)
{
	struct crash__trace *trace = reader->trace;

	if (!is_rest(&record->record, sizeof *record) ||
	    !grow(reader, &trace->modules, &reader->module_size, trace->module_count, sizeof *trace->modules))
		return false;
	trace->modules[trace->module_count++] = (struct crash__trace_module){
		.process = record->process,
		.bias = record->bias,
		.start = record->start,
		.end = record->end,
		.path = record->path,
	};
	return true;
}

/* The next of the strings that follow an op, or NULL if it is empty. */
static bool next_string(const char **at, size_t *left, size_t bytes, const char **out)
{
	*out = NULL;
	if (bytes > *left || (bytes && !is_string(*at, bytes)))
		return false;
	if (bytes > 1)
		*out = *at;
	*at += bytes;
	*left -= bytes;
	return true;
}

/* A free place; else that of the op that has been open longest: who began it is dead. */
static uint64_t *slot_for_op(struct crash__stream *stream)
{
	uint64_t *slot = &stream->open[0];

	for (int i = 0; i < CRASH__OPEN_OPS && *slot; i++)
		if (stream->open[i] < *slot)
			slot = &stream->open[i];
	return slot;
}

static bool take_op(struct crash__reader *reader, struct crash__stream *stream,
		    const struct crash__op_record *record)
{
	struct crash__event *event;
	const char *at = record->strings;
	size_t left = record->record.bytes - sizeof *record;

	bool allocation = record->kernel >= CRASH__FIRST_ALLOCATION && record->kernel < CRASH__CALLS;

	if (record->call >= CRASH__CALLS || (record->kernel >= CRASH__KERNEL_CALLS && !allocation))
		return false;
	event = new_event(reader);
	if (!event)
		return false;
	event->kind = allocation ? CRASH__EVENT_ALLOCATION : CRASH__EVENT_OP;
	event->start = record->start;
	event->process = record->process;
	event->thread = record->thread;
	event->pid = stream->who.pid;
	event->tid = stream->who.tid;
	event->stack = record->stack;
	event->flags = record->record.flags;
	event->call = record->call;
	event->kernel = record->kernel;
	event->family = crash__calls[record->kernel].family;
	event->route = record->route;
	event->file = record->file;
	event->from = record->from;
	event->device = record->device;
	event->inode = record->inode;
	event->occurrence = record->occurrence;
	event->call_occurrence = record->call_occurrence;
	memcpy(event->args, record->args, sizeof event->args);
	if (!next_string(&at, &left, record->path_bytes, &event->path) ||
	    !next_string(&at, &left, record->to_bytes, &event->to) ||
	    !next_string(&at, &left, record->text_bytes, &event->text))
		return drop_event(reader);
	*slot_for_op(stream) = reader->trace->count;
	return true;
}

static struct crash__event *find_open(struct crash__reader *reader, struct crash__stream *stream,
				      uint64_t start, bool close)
{
	for (int i = 0; i < CRASH__OPEN_OPS; i++) {
		struct crash__event *event;

		if (!stream->open[i])
			continue;
		event = &reader->trace->events[stream->open[i] - 1];
		if (event->start != start)
			continue;
		if (close)
			stream->open[i] = 0;
		return event;
	}
	return NULL;
}

static bool take_data(struct crash__reader *reader, struct crash__stream *stream,
		      const struct crash__data_record *record)
{
	struct crash__event *event = find_open(reader, stream, record->start, false);

	if (!event || record->count > record->record.bytes - sizeof *record)
		return false;
	return add_piece(reader, event, record->bytes, record->at, record->count);
}

static bool take_end(struct crash__reader *reader, struct crash__stream *stream,
		     const struct crash__end_record *record)
{
	struct crash__event *event = find_open(reader, stream, record->start, true);

	if (!event)
		return false;
	event->end = record->end;
	event->result = record->result;
	event->offset = record->offset;
	event->sync_occurrence = record->sync_occurrence;
	event->flags = record->record.flags;
	event->took = record->took;
	event->made_device = record->device;
	event->made_inode = record->inode;
	event->made_mode = record->mode;
	event->made_uid = record->uid;
	event->made_gid = record->gid;
	return true;
}

static bool take_point(struct crash__reader *reader, const struct crash__stream *stream,
		       const struct crash__point_record *record)
{
	struct crash__event *event;
	const char *at = record->strings;
	size_t left = record->record.bytes - sizeof *record;

	event = new_event(reader);
	if (!event)
		return false;
	event->kind = CRASH__EVENT_POINT;
	event->start = event->end = record->start;
	event->occurrence = record->hit;
	event->process = record->process;
	event->thread = record->thread;
	event->pid = stream->who.pid;
	event->tid = stream->who.tid;
	event->stack = record->stack;
	event->line = record->line;
	event->flags = record->record.flags;
	if (!next_string(&at, &left, record->name_bytes, &event->name) ||
	    !next_string(&at, &left, record->file_bytes, &event->source) || !event->name)
		return drop_event(reader);
	return true;
}

static bool take_ack(struct crash__reader *reader, struct crash__stream *stream,
		     const struct crash__ack_record *record)
{
	struct crash__event *event = stream->last_ack ? &reader->trace->events[stream->last_ack - 1] : NULL;

	if (record->count > record->record.bytes - sizeof *record)
		return false;
	/* a long acknowledgement comes in several records of one number */
	if (!event || event->start != record->start) {
		event = new_event(reader);
		if (!event)
			return false;
		stream->last_ack = reader->trace->count;
		event->kind = CRASH__EVENT_ACK;
		event->start = event->end = record->start;
		event->process = record->process;
		event->pid = stream->who.pid;
		event->tid = stream->who.tid;
		event->fd = record->fd;
		event->flags = record->record.flags;
	}
	return add_piece(reader, event, record->bytes, event->last ? event->last->at + event->last->count : 0,
			 record->count);
}

static bool take_note(struct crash__reader *reader, const struct crash__stream *stream,
		      const struct crash__note_record *record)
{
	struct crash__trace *trace = reader->trace;
	struct crash__trace_note note = {.start = record->start,
					 .process = record->process,
					 .thread = record->thread,
					 .pid = stream->who.pid,
					 .tid = stream->who.tid};
	const char *at = record->strings;
	size_t left = record->record.bytes - sizeof *record;

	if (!next_string(&at, &left, record->key_bytes, &note.key) ||
	    !next_string(&at, &left, record->value_bytes, &note.value) || !note.key ||
	    !grow(reader, &trace->notes, &reader->note_size, trace->note_count, sizeof *trace->notes))
		return false;
	trace->notes[trace->note_count++] = note;
	return true;
}

static const size_t least_bytes[CRASH__RECORD_TYPES] = {
	[CRASH__RECORD_PROCESS] = sizeof(struct crash__process_record),
	[CRASH__RECORD_THREAD] = sizeof(struct crash__thread_record),
	[CRASH__RECORD_FILE] = sizeof(struct crash__file_record),
	[CRASH__RECORD_STACK] = sizeof(struct crash__stack_record),
	[CRASH__RECORD_MODULE] = sizeof(struct crash__module_record),
	[CRASH__RECORD_OP] = sizeof(struct crash__op_record),
	[CRASH__RECORD_DATA] = sizeof(struct crash__data_record),
	[CRASH__RECORD_END] = sizeof(struct crash__end_record),
	[CRASH__RECORD_POINT] = sizeof(struct crash__point_record),
	[CRASH__RECORD_ACK] = sizeof(struct crash__ack_record),
	[CRASH__RECORD_NOTE] = sizeof(struct crash__note_record),
};

bool crash__reader_take(struct crash__reader *reader, struct crash__stream *stream,
			const struct crash__record *record)
{
	const void *whole = record;

	if (record->type >= CRASH__RECORD_TYPES || !least_bytes[record->type] ||
	    record->bytes < least_bytes[record->type])
		return false;
	if (record->type == CRASH__RECORD_THREAD) {
		memcpy(&stream->who, record, sizeof stream->who);
		stream->known = true;
		return true;
	}
	if (!stream->known)
		return false;
	switch (record->type) {
	case CRASH__RECORD_PROCESS:
		return take_process(reader, whole);
	case CRASH__RECORD_FILE:
		return take_file(reader, whole);
	case CRASH__RECORD_STACK:
		return take_stack(reader, stream, whole);
	case CRASH__RECORD_MODULE:
		return take_module(reader, whole);
	case CRASH__RECORD_OP:
		return take_op(reader, stream, whole);
	case CRASH__RECORD_DATA:
		return take_data(reader, stream, whole);
	case CRASH__RECORD_END:
		return take_end(reader, stream, whole);
	case CRASH__RECORD_POINT:
		return take_point(reader, stream, whole);
	case CRASH__RECORD_NOTE:
		return take_note(reader, stream, whole);
	default:
		return take_ack(reader, stream, whole);
	}
}

void crash__pieces_free(void *pieces)
{
	for (struct block *block = pieces, *next; block; block = next) {
		next = block->next;
		free(block);
	}
}
