/* SPDX-License-Identifier: MIT */
#include "explore/faults/fault_notice.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"
#include "explore/recording/mirror.h"
#include "symbols/callsite.h"

/* As for callsites: more frames would tell apart who called. Some are the library's own. */
#define FRAMES 5

/* ------------------------------------------------------------------ the same op */

static bool is_same_name(const char *one, const char *other)
{
	char *a = crash__callsite_stable_name(one ? one : ""),
	     *b = crash__callsite_stable_name(other ? other : "");
	bool same = a && b && strcmp(a, b) == 0;

	free(a);
	free(b);
	return same;
}

/* Two runs may have had copies at different paths. */
static bool is_same_path(struct crash__event_of one, struct crash__event_of other, const char *a,
			 const char *b)
{
	return strcmp(crash__mirror_original(one.top, a), crash__mirror_original(other.top, b)) == 0;
}

/* What the op's file is called, as it would be without a copy; or NULL. */
static const char *path_of(struct crash__event_of what)
{
	return crash__mirror_original(what.top, crash__event_path(what.trace, what.event));
}

/* Where programs and libraries are mapped differs from run to run. */
static bool is_same_frame(struct crash__event_of one, struct crash__event_of other, uint64_t a, uint64_t b)
{
	const struct crash__trace_module *x = crash__trace_module_of(one.trace, one.event->process, a),
					 *y = crash__trace_module_of(other.trace, other.event->process, b);

	if (!x || !y)
		return !x && !y; /* code that was made at run time */
	return a - x->bias == b - y->bias && is_same_path(one, other, x->path, y->path);
}

static const struct crash__trace_stack *stack_of(struct crash__event_of what)
{
	return what.event->stack && what.event->stack < what.trace->stack_count ?
		       &what.trace->stacks[what.event->stack] :
		       NULL;
}

static bool is_same_place(struct crash__event_of one, struct crash__event_of other)
{
	const struct crash__trace_stack *x = stack_of(one), *y = stack_of(other);

	if (!x || !y)
		return !x && !y;
	for (uint32_t i = 0; i < FRAMES && i < x->count && i < y->count; i++)
		if (!is_same_frame(one, other, x->addresses[i], y->addresses[i]))
			return false;
	return true;
}

bool crash__fault_is_same_op(struct crash__event_of one, struct crash__event_of other)
{
	return one.event->kernel == other.event->kernel && is_same_name(path_of(one), path_of(other)) &&
	       is_same_place(one, other);
}

const struct crash__event *crash__fault_first(const struct crash__trace *trace, uint64_t *count)
{
	const struct crash__event *first = NULL;

	*count = 0;
	for (size_t i = 0; i < trace->count; i++) {
		const struct crash__event *event = &trace->events[i];

		if ((event->kind != CRASH__EVENT_OP && event->kind != CRASH__EVENT_ALLOCATION) ||
		    !(event->flags & CRASH__OP_FAILED))
			continue;
		++*count;
		first = first ? first : event;
	}
	return first;
}

/* ------------------------------------------------------------------ what was said */

/* A stream of acknowledgements, and the hash of its line so far. */
struct stream {
	uint32_t process;
	int32_t fd;
	bool begun;
	uint64_t line;
};

/* Hashes of whole lines, added: their order does not matter, nor do the numbers in them, and so those in
 * which the paths of copies differ. */
struct lines {
	uint64_t sum;
	bool lost; /* no memory */
	CRASH__VECTOR(struct stream, streams);
};

static struct stream *stream_of(struct lines *lines, const struct crash__event *event)
{
	struct stream *stream;

	for (size_t i = lines->streams_count; i-- > 0;)
		if (lines->streams[i].process == event->process && lines->streams[i].fd == event->fd)
			return &lines->streams[i];
	stream = CRASH__PUSH(lines, streams);
	if (stream) {
		memset(stream, 0, sizeof *stream);
		stream->process = event->process;
		stream->fd = event->fd;
	}
	return stream;
}

/* Fowler, Noll and Vo's hash of a line; its bits are mixed before it is added to others. */
static void take_byte(struct lines *lines, struct stream *stream, unsigned char byte)
{
	if (!stream->begun)
		stream->line = UINT64_C(0xcbf29ce484222325);
	stream->begun = byte != '\n';
	if (byte == '\n')
		lines->sum += (stream->line ^ stream->line >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	else if (!isdigit(byte))
		stream->line = (stream->line ^ byte) * UINT64_C(0x100000001b3);
}

static void take_ack(struct lines *lines, const struct crash__event *event)
{
	struct stream *stream = stream_of(lines, event);

	if (!stream)
		lines->lost = true;
	for (const struct crash__piece *piece = event->data; piece && stream; piece = piece->next)
		for (uint64_t at = 0; at < piece->count; at++)
			take_byte(lines, stream, piece->bytes[at]);
}

/* 0: nothing is known */
static uint64_t sum_of_lines(const struct crash__trace *trace)
{
	struct lines lines = {.sum = 1};

	for (size_t i = 0; i < trace->count; i++)
		if (trace->events[i].kind == CRASH__EVENT_ACK)
			take_ack(&lines, &trace->events[i]);
	for (size_t i = 0; i < lines.streams_count; i++)
		if (lines.streams[i].begun)
			take_byte(&lines, &lines.streams[i], '\n');
	free(lines.streams);
	return lines.lost ? 0 : lines.sum;
}

/* ------------------------------------------------------------------ what was done */

static bool is_name(const char *wanted, const char *path)
{
	return wanted && path && strcmp(wanted, path) == 0;
}

/* Whether an op is about one of the files that another one is about. */
static bool shares_file(const struct crash__trace *trace, const struct crash__event *op,
			const struct crash__event *event)
{
	const char *path = crash__event_path(trace, op), *own = crash__event_path(trace, event);

	return event->kind == CRASH__EVENT_OP && (is_name(path, own) || is_name(path, event->to) ||
						  is_name(op->to, own) || is_name(op->to, event->to));
}

static bool is_of_thread(const struct crash__event *op, const struct crash__event *event)
{
	return event->kind == CRASH__EVENT_OP && event->process == op->process && event->thread == op->thread;
}

/* The next op of the same thread, or on the files of `what`, from event `at` on; NULL: there is none. */
static const struct crash__event *next_op(struct crash__event_of what, size_t *at)
{
	while (*at < what.trace->count) {
		const struct crash__event *event = &what.trace->events[(*at)++];

		if (is_of_thread(what.event, event) || shares_file(what.trace, what.event, event))
			return event;
	}
	return NULL;
}

static bool is_alike(struct crash__event_of one, struct crash__event_of other)
{
	return one.event->kernel == other.event->kernel && is_same_name(path_of(one), path_of(other));
}

static bool did_the_same(struct crash__event_of one, struct crash__event_of other)
{
	size_t at_one = (size_t)(one.event - one.trace->events),
	       at_other = (size_t)(other.event - other.trace->events);
	const struct crash__event *a, *b;

	do {
		a = next_op(one, &at_one);
		b = next_op(other, &at_other);
		if (!a != !b || (a && !is_alike((struct crash__event_of){one.trace, a, one.top},
						(struct crash__event_of){other.trace, b, other.top})))
			return false;
	} while (a);
	return true;
}

/* How much was written to an op's file from the op on. */
static uint64_t count_written(struct crash__event_of what)
{
	uint64_t count = 0;

	for (size_t i = (size_t)(what.event - what.trace->events); i < what.trace->count; i++) {
		const struct crash__event *event = &what.trace->events[i];

		if (event->family == CRASH__FAMILY_WRITE && shares_file(what.trace, what.event, event) &&
		    event->result > 0)
			count += (uint64_t)crash__event_bytes(event);
	}
	return count;
}

/* Who writes in pieces may have written the rest with the same calls: the last of them had less to do. */
static bool wrote_the_rest(struct crash__event_of recorded, struct crash__event_of run)
{
	return run.event->family == CRASH__FAMILY_WRITE && run.event->result > 0 &&
	       count_written(run) >= count_written(recorded);
}

static bool is_like(struct crash__event_of one, struct crash__event_of other)
{
	const char *a = path_of(one), *b = path_of(other);

	return other.event->kind == CRASH__EVENT_OP && one.event->kernel == other.event->kernel &&
	       ((a && b && strcmp(a, b) == 0) || is_same_name(a, b));
}

/*
 * Ops are numbered over all threads: where one has been faster than in the recording, the op that failed is
 * the neighbour of the one that was to fail. It is compared with the recorded one that its file was written
 * to, or whatever its call does, as many times before. NULL: there is none.
 */
static const struct crash__event *in_its_turn(struct crash__event_of recorded, struct crash__event_of run)
{
	struct crash__event_of other = run;
	uint64_t turn = 0;

	for (other.event = run.trace->events; other.event < run.event; other.event++)
		turn += is_like(run, other);
	for (size_t i = 0; i < recorded.trace->count; i++) {
		recorded.event = &recorded.trace->events[i];
		if (is_like(run, recorded) && turn-- == 0)
			return recorded.event;
	}
	return NULL;
}

bool crash__fault_is_noticed(struct crash__event_of recorded, struct crash__event_of run)
{
	recorded.event = in_its_turn(recorded, run);
	return !recorded.event || !did_the_same(recorded, run) || wrote_the_rest(recorded, run) ||
	       sum_of_lines(recorded.trace) != sum_of_lines(run.trace);
}
