/* SPDX-License-Identifier: MIT */
#include "cli/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash_table.h"
#include "base/json_value.h"
#include "common/control.h"
#include "common/names.h"
#include "runner/out.h"
#include "symbols/callsite.h"
#include "symbols/trace_frame.h"
#include "trace/event_text.h"

static const char *const routes[] = {
	[CRASH__ROUTE_SYMBOL] = "symbol",
	[CRASH__ROUTE_LIBC] = "libc",
	[CRASH__ROUTE_KERNEL] = "kernel",
	[CRASH__ROUTE_MEMORY] = "memory",
};

static const char *route_name(unsigned int route)
{
	return route < sizeof routes / sizeof *routes ? routes[route] : "?";
}

/* ------------------------------------------------------------------ frames */

struct frames {
	struct crash_frame *frames;
	size_t count;
};

static struct frames frames_of(const struct crash__trace *trace, struct crash__symbols *symbols,
			       uint32_t number)
{
	const struct crash__trace_stack *stack;
	struct frames result = {0};

	if (number == 0 || number >= trace->stack_count)
		return result;
	stack = &trace->stacks[number];
	result.frames = calloc(stack->count + 1, sizeof *result.frames);
	for (uint32_t i = 0; result.frames && i < stack->count; i++) {
		if (crash__trace_frame(symbols, trace, stack->process, stack->addresses[i],
				       &result.frames[result.count]) < 0)
			break;
		result.count++;
	}
	return result;
}

static void free_frames(struct frames *frames)
{
	for (size_t i = 0; i < frames->count; i++)
		crash__frame_clear(&frames->frames[i]);
	free(frames->frames);
}

static void print_frames(const struct frames *frames)
{
	for (size_t i = 0; i < frames->count; i++) {
		const struct crash_frame *frame = &frames->frames[i];

		printf("           ");
		crash__frame_print(stdout, frame);
		if (frame->file)
			printf("  %s:%u\n", crash__shown_path(frame->file), frame->line);
		else
			printf("  in %s\n", frame->object ? frame->object : "?");
	}
}

/* ------------------------------------------------------------------ one event */

static json_t *json_of(const struct crash__trace *trace, const struct crash__event *event,
		       const struct frames *frames, bool implied)
{
	char point[CRASH__NAME + 24], call_point[CRASH__NAME + 24];
	int64_t bytes = crash__event_bytes(event);
	bool ended = event->end != UINT64_MAX;
	json_t *object = json_object(), *stack;

	crash__event_point(event, point, sizeof point);
	if (implied)
		snprintf(point, sizeof point, "fsync#%llu", (unsigned long long)event->sync_occurrence);
	json_object_set_new(object, "seq", json_integer((json_int_t)event->start));
	json_object_set_new(object, "point", crash__json_string(point));
	if (event->kind != CRASH__EVENT_POINT) {
		crash__call_point_name(call_point, sizeof call_point, event->call, event->call_occurrence);
		json_object_set_new(object, "call_point", implied ? json_null() : json_string(call_point));
		json_object_set_new(object, "call", json_string(crash__calls[event->call].name));
		json_object_set_new(object, "family",
				    json_string(implied ? "fsync" : crash__family_name(event->family)));
		json_object_set_new(object, "route", json_string(route_name(event->route)));
		if (implied)
			json_object_set_new(object, "implied", json_true());
	}
	json_object_set_new(object, "pid", json_integer(event->pid));
	json_object_set_new(object, "tid", json_integer(event->tid));
	json_object_set_new(object, "process", json_integer(event->process));
	json_object_set_new(object, "thread", json_integer(event->thread));
	json_object_set_new(object, "file", crash__json_string(crash__event_path(trace, event)));
	if (event->kind == CRASH__EVENT_POINT) {
		json_object_set_new(object, "line", json_integer(event->line));
	} else {
		json_object_set_new(object, "to", crash__json_string(event->to));
		json_object_set_new(object, "offset",
				    event->offset == UINT64_MAX ? json_null() :
								  json_integer((json_int_t)event->offset));
		json_object_set_new(object, "bytes",
				    bytes < 0 || implied ? json_null() : json_integer(bytes));
		json_object_set_new(object, "result", ended ? json_integer(event->result) : json_null());
	}
	if (frames->frames) {
		stack = json_array();
		for (size_t i = 0; i < frames->count; i++)
			json_array_append_new(stack, crash__json_frame(&frames->frames[i]));
		json_object_set_new(object, "backtrace", stack);
	}
	return object;
}

static void print_result(const struct crash__event *event)
{
	if (event->end == UINT64_MAX)
		fputs("never returned", stdout);
	else if (event->result < 0 && event->result > -4096)
		fputs(crash__error_name((int)-event->result) ? crash__error_name((int)-event->result) :
							       "error",
		      stdout);
	else
		printf("%lld", (long long)event->result);
}

static void print_event(const struct crash__trace *trace, const struct crash__event *event)
{
	char point[CRASH__NAME + 24], offset[24] = "-", bytes[24] = "-";
	const char *path = crash__event_path(trace, event);
	int64_t count = crash__event_bytes(event);

	crash__event_point(event, point, sizeof point);
	if (event->kind == CRASH__EVENT_POINT) {
		printf("%-14s %-16s", point, "(breakpoint)");
		if (event->source) /* of one that came by CRASH_FD nothing is known but its name */
			printf(" %10s %8s %8s  %s:%u", "", "", "", event->source, event->line);
		putchar('\n');
		return;
	}
	if (event->offset != UINT64_MAX)
		snprintf(offset, sizeof offset, "%llu", (unsigned long long)event->offset);
	if (count >= 0)
		snprintf(bytes, sizeof bytes, "%lld", (long long)count);
	printf("%-14s %-16s %10s %8s ", point, crash__calls[event->call].name, offset, bytes);
	print_result(event);
	printf("  %s", path ? crash__shown_path(path) : "-");
	if (event->to)
		printf(" -> %s", crash__shown_path(event->to));
	if (event->text)
		printf(" = %s", crash__shown_text(event->text));
	if (event->sync_occurrence)
		printf("  (synchronous: fsync#%llu%s)", (unsigned long long)event->sync_occurrence,
		       crash__event_syncs(event) ? "" : ", skipped");
	putchar('\n');
}

/* What a program told the world is between its ops, and no point: nothing stops there. */
static void print_ack(const struct crash__options *options, const struct crash__event *event)
{
	char *text = crash__callsite_ack(event);

	if (options->json)
		crash__json_print(options->json_out,
				  json_pack("{s:I, s:o, s:I, s:o, s:I, s:I, s:I, s:I}", "seq",
					    (json_int_t)event->start, "acknowledged",
					    crash__json_string(text), "bytes", (json_int_t)event->data_bytes,
					    "descriptor",
					    event->fd < 0 ? json_null() : json_integer(event->fd), "pid",
					    (json_int_t)event->pid, "tid", (json_int_t)event->tid, "process",
					    (json_int_t)event->process, "thread", (json_int_t)event->thread));
	else
		printf("%-14s %-16s %10s %8llu %8s  %s\n", "-", "(acknowledged)", "",
		       (unsigned long long)event->data_bytes, "", crash__shown_text(text ? text : ""));
	free(text);
}

static void print_note(const struct crash__options *options, const struct crash__trace_note *note)
{
	const char *value = note->value ? note->value : "";

	if (options->json) {
		crash__json_print(options->json_out,
				  json_pack("{s:I, s:o, s:o, s:I, s:I, s:I, s:I}", "seq",
					    (json_int_t)note->start, "note", crash__json_string(note->key),
					    "value", crash__json_string(value), "pid", (json_int_t)note->pid,
					    "tid", (json_int_t)note->tid, "process",
					    (json_int_t)note->process, "thread", (json_int_t)note->thread));
		return;
	}
	printf("%-14s %-16s %10s %8s %8s  ", crash__shown_text(note->key), "(note)", "", "", "");
	puts(crash__shown_text(value)); /* it gives the same memory each time */
}

/* Those that came before an op, from the `next` on; returns the one after. */
static size_t print_notes(const struct crash__options *options, const struct crash__trace *trace, size_t next,
			  uint64_t before)
{
	while (next < trace->note_count && trace->notes[next].start < before)
		print_note(options, &trace->notes[next++]);
	return next;
}

/* ------------------------------------------------------------------ summary */

struct by_file {
	const char *path;
	uint64_t ops[CRASH__FAMILIES], bytes;
	UT_hash_handle hh;
};

static void print_families(const uint64_t *ops)
{
	const char *comma = "";

	for (int i = 0; i < CRASH__FAMILIES; i++) {
		if (!ops[i])
			continue;
		printf("%s%llu %s", comma, (unsigned long long)ops[i], crash__families[i].name);
		comma = ", ";
	}
}

static int by_path(const struct by_file *a, const struct by_file *b)
{
	return strcmp(a->path, b->path);
}

static void print_files(const struct crash__trace *trace)
{
	struct by_file *files = NULL, *file, *next;

	for (size_t i = 0; i < trace->count; i++) {
		const struct crash__event *event = &trace->events[i];
		const char *path = crash__event_path(trace, event);

		if (event->kind != CRASH__EVENT_OP)
			continue;
		if (!path)
			path = "-";
		HASH_FIND_STR(files, path, file);
		if (!file) {
			file = calloc(1, sizeof *file);
			if (!file)
				crash__die("out of memory");
			file->path = path;
			HASH_ADD_KEYPTR(hh, files, file->path, strlen(file->path), file);
			if (!CRASH__HASHED(file))
				crash__die("out of memory");
		}
		file->ops[event->family]++;
		if (event->family == CRASH__FAMILY_WRITE && event->result > 0)
			file->bytes += (uint64_t)event->result;
	}
	HASH_SORT(files, by_path);
	HASH_ITER(hh, files, file, next) {
		printf("  %s: ", crash__shown_path(file->path));
		print_families(file->ops);
		if (file->bytes)
			printf(", %llu bytes", (unsigned long long)file->bytes);
		putchar('\n');
		HASH_DEL(files, file);
		free(file);
	}
}

static uint64_t count_families(const struct crash__trace *trace, uint64_t families[CRASH__FAMILIES])
{
	uint64_t ops = 0;

	memset(families, 0, CRASH__FAMILIES * sizeof *families);
	for (size_t i = 0; i < trace->count; i++) {
		if (trace->events[i].kind == CRASH__EVENT_ALLOCATION)
			families[CRASH__FAMILY_ALLOC]++;
		if (trace->events[i].kind != CRASH__EVENT_OP)
			continue;
		ops++;
		families[trace->events[i].family]++;
		if (trace->events[i].sync_occurrence) {
			ops++;
			families[CRASH__FAMILY_FSYNC]++;
		}
	}
	return ops;
}

static void print_summary(const struct crash__options *options, const struct crash__trace *trace,
			  const struct crash_out *out)
{
	uint64_t families[CRASH__FAMILIES], ops = count_families(trace, families);
	uint64_t allocations;
	bool complete = out->complete && !trace->cut;
	json_t *counts;

	if (options->json) {
		counts = json_object();
		for (int i = 0; i < CRASH__FAMILIES; i++)
			if (families[i])
				json_object_set_new(counts, crash__families[i].name,
						    json_integer((json_int_t)families[i]));
		crash__json_print(options->json_out,
				  json_pack("{s:{s:I, s:o, s:o, s:b, s:b, s:o}}", "summary", "ops",
					    (json_int_t)ops, "families", counts, "exit_code",
					    out->exit_code < 0 ? json_null() : json_integer(out->exit_code),
					    "timed_out", (int)out->timed_out, "complete", (int)complete,
					    "incomplete_reasons", crash__json_list(out->incomplete_reasons)));
		return;
	}
	printf("\n%llu op%s%s", (unsigned long long)ops, ops == 1 ? "" : "s", ops ? ": " : "");
	allocations = families[CRASH__FAMILY_ALLOC];
	families[CRASH__FAMILY_ALLOC] = 0;
	print_families(families);
	if (allocations)
		printf("; %llu allocation%s", (unsigned long long)allocations, allocations == 1 ? "" : "s");
	printf("%s\n", complete ? "" : "; incomplete");
	print_files(trace);
}

void crash__listing_print(const struct crash__options *options, const struct crash__trace *trace,
			  const struct crash_out *out)
{
	struct crash__symbols *symbols = crash__symbols_new();
	size_t note = 0;

	if (!options->json && !options->quiet)
		printf("%-14s %-16s %10s %8s %s  %s\n", "POINT", "CALL", "OFFSET", "BYTES", "RESULT", "FILE");
	for (size_t i = 0; i < trace->count; i++) {
		const struct crash__event *event = &trace->events[i];
		struct frames frames = {0};

		note = print_notes(options, trace, note, event->start);
		if (event->kind == CRASH__EVENT_ACK) {
			print_ack(options, event);
			continue;
		}
		if (options->verbose && symbols)
			frames = frames_of(trace, symbols, event->stack);
		if (options->json)
			crash__json_print(options->json_out, json_of(trace, event, &frames, false));
		else
			print_event(trace, event);
		if (options->json && event->sync_occurrence)
			crash__json_print(options->json_out, json_of(trace, event, &frames, true));
		if (!options->json)
			print_frames(&frames);
		free_frames(&frames);
	}
	print_notes(options, trace, note, UINT64_MAX);
	print_summary(options, trace, out);
	crash__symbols_free(symbols);
}
