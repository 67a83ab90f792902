/* SPDX-License-Identifier: MIT */
#include "symbols/callsite.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "common/plan.h"
#include "symbols/own_library.h"
#include "symbols/trace_frame.h"
#include "trace/event_text.h"

/* Callsites are compared by this many of the innermost functions: more would tell apart who called. */
#define SIGNATURE_FRAMES 3
/* Allocations go through more functions of the program's that are the same for all. */
#define ALLOCATION_FRAMES 6
#define MOST_FRAMES 24

struct named {
	bool done;
	unsigned int count;
	struct crash_frame *frames; /* the program's own, innermost first */
};

struct crash__callsites {
	const struct crash__trace *trace;
	struct crash__symbols *symbols;
	char *root;
	struct named *stacks; /* by number */
	uint64_t *numbers;    /* of stacks, by their number; 0: not known yet */
};

int crash__callsites_new(const struct crash__trace *trace, const char *root, struct crash__callsites **out)
{
	struct crash__callsites *callsites = calloc(1, sizeof *callsites);

	if (callsites) {
		callsites->trace = trace;
		callsites->symbols = crash__symbols_new();
		callsites->root = strdup(root);
		callsites->stacks = calloc(trace->stack_count + 1, sizeof *callsites->stacks);
		callsites->numbers = calloc(trace->stack_count + 1, sizeof *callsites->numbers);
	}
	if (!callsites || !callsites->symbols || !callsites->root || !callsites->stacks ||
	    !callsites->numbers) {
		crash__callsites_free(callsites);
		return crash__fail(CRASH_ENOMEM, "no memory for source callsites");
	}
	*out = callsites;
	return 0;
}

void crash__callsites_free(struct crash__callsites *callsites)
{
	if (!callsites)
		return;
	for (uint32_t i = 0; callsites->stacks && i < callsites->trace->stack_count; i++) {
		for (unsigned int at = 0; at < callsites->stacks[i].count; at++)
			crash__frame_clear(&callsites->stacks[i].frames[at]);
		free(callsites->stacks[i].frames);
	}
	crash__symbols_free(callsites->symbols);
	free(callsites->stacks);
	free(callsites->numbers);
	free(callsites->root);
	free(callsites);
}

/* ------------------------------------------------------------------ frames */

/* Every program's writes go through these, so they do not identify a callsite. */
static bool is_library(const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	return crash__is_libc_file(path) || strncmp(base, "libstdc++", strlen("libstdc++")) == 0 ||
	       strncmp(base, "libcrashinject-", strlen("libcrashinject-")) == 0;
}

/* Whether a frame is one through which all ops of the program go, by whatever way its library has them. */
static bool is_inner(const struct crash__event *event, const struct crash_frame *frame)
{
	const char *symbol = crash__frame_symbol(frame);

	if (frame->file && strncmp(frame->file, "node:", strlen("node:")) == 0)
		return true;
	return symbol && (crash__is_of_language(symbol) ||
			  (event->route == CRASH__ROUTE_KERNEL && crash__is_of_libc(symbol)));
}

/* Leaves out the innermost frames that do not identify a callsite, unless there are no others. */
static void leave_out_inner(struct named *named, const struct crash__event *event)
{
	unsigned int inner = 0;

	while (inner < named->count && is_inner(event, &named->frames[inner]))
		inner++;
	if (inner == 0 || inner == named->count)
		return;
	for (unsigned int i = 0; i < inner; i++)
		crash__frame_clear(&named->frames[i]);
	named->count -= inner;
	memmove(named->frames, named->frames + inner, named->count * sizeof *named->frames);
}

static const struct named *frames_of(struct crash__callsites *callsites, const struct crash__event *event)
{
	const struct crash__trace *trace = callsites->trace;
	const struct crash__trace_stack *stack;
	struct named *named;

	if (event->stack == 0 || event->stack >= trace->stack_count)
		return NULL;
	named = &callsites->stacks[event->stack];
	stack = &trace->stacks[event->stack];
	if (named->done)
		return named;
	named->done = true;
	named->frames = calloc(MOST_FRAMES, sizeof *named->frames);
	for (uint32_t i = 0; named->frames && i < stack->count && named->count < MOST_FRAMES; i++) {
		const struct crash__trace_module *module =
			crash__trace_module_of(trace, stack->process, stack->addresses[i]);
		struct crash_frame *frame = &named->frames[named->count];

		if (module && is_library(module->path))
			continue;
		if (crash__trace_frame(callsites->symbols, trace, stack->process, stack->addresses[i],
				       frame) < 0)
			break;
		named->count += module || frame->function;
	}
	leave_out_inner(named, event);
	return named;
}

const struct crash_frame *crash__callsite_frames(struct crash__callsites *callsites,
						 const struct crash__event *event, unsigned int *count)
{
	const struct named *named = frames_of(callsites, event);

	*count = named ? named->count : 0;
	return named ? named->frames : NULL;
}

/* The innermost function of which the source is known; or else of which anything is. */
static const struct crash_frame *best_frame(struct crash__callsites *callsites,
					    const struct crash__event *event)
{
	const struct named *named = frames_of(callsites, event);

	for (unsigned int i = 0; named && i < named->count; i++)
		if (named->frames[i].file)
			return &named->frames[i];
	for (unsigned int i = 0; named && i < named->count; i++)
		if (named->frames[i].function)
			return &named->frames[i];
	/* there is no file that would say it */
	return event->kind == CRASH__EVENT_ALLOCATION && named && named->count ? &named->frames[0] : NULL;
}

bool crash__callsite_location(struct crash__callsites *callsites, const struct crash__event *event,
			      struct crash__location *location)
{
	const struct crash_frame *frame = best_frame(callsites, event);

	if (event->kind == CRASH__EVENT_POINT && event->source)
		*location = (struct crash__location){.file = event->source, .line = event->line};
	else if (frame && frame->file)
		*location = (struct crash__location){
			.file = frame->file, .function = frame->function, .line = frame->line};
	else
		return false;
	return true;
}

/* ------------------------------------------------------------------ text */

const char *crash__callsite_path(const struct crash__callsites *callsites, const char *path)
{
	size_t length = strlen(callsites->root);

	if (!path)
		return "?";
	if (strncmp(path, callsites->root, length) == 0 && path[length] == '/')
		return path + length + 1;
	return strcmp(path, callsites->root) == 0 ? "." : path;
}

static const char *base_of(const char *path)
{
	const char *base = strrchr(path, '/');

	return base ? base + 1 : path;
}

/* The innermost function and its line, with what stands between them; nothing if neither is known. */
static char *source_text(struct crash__callsites *callsites, const struct crash__event *event,
			 const char *before_line, const char *before_object)
{
	const struct crash_frame *frame = best_frame(callsites, event);
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	if (event->kind == CRASH__EVENT_POINT && event->source) {
		fprintf(stream, "%s:%u", base_of(event->source), event->line);
	} else if (frame) {
		crash__frame_print(stream, frame);
		if (frame->file)
			fprintf(stream, "%s%s:%u", before_line, base_of(frame->file), frame->line);
		else
			fprintf(stream, "%s%s", before_object, base_of(frame->object ? frame->object : "?"));
	}
	fclose(stream);
	return text;
}

char *crash__callsite_source(struct crash__callsites *callsites, const struct crash__event *event)
{
	return source_text(callsites, event, ", ", ", in ");
}

char *crash__callsite_where(struct crash__callsites *callsites, const struct crash__event *event)
{
	return source_text(callsites, event, " at ", " in ");
}

/* The last whole line of an acknowledgement, as far as it can be printed: the latest promise. */
static int find_line(const struct crash__event *event, const char **line)
{
	const struct crash__piece *piece = event->last;
	uint64_t end, start;

	if (!piece)
		return 0;
	end = piece->count;
	while (end && isspace(piece->bytes[end - 1]))
		end--;
	for (start = end; start && isprint(piece->bytes[start - 1]);)
		start--;
	*line = (const char *)piece->bytes + start;
	return end - start > 60 ? 60 : (int)(end - start);
}

char *crash__callsite_ack(const struct crash__event *event)
{
	static const char *const names[] = {"stdin", "stdout", "stderr"};
	const char *line;
	int length = find_line(event, &line);
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	if (length)
		fprintf(stream, "\"%.*s\"", length, line);
	else
		fprintf(stream, "%llu byte%s", (unsigned long long)event->data_bytes,
			event->data_bytes == 1 ? "" : "s");
	if (event->fd < 0)
		fputs(" by crash_ack()", stream);
	else if ((size_t)event->fd < sizeof names / sizeof *names)
		fprintf(stream, " on %s", names[event->fd]);
	else
		fprintf(stream, " on descriptor %d", event->fd);
	fclose(stream);
	return text;
}

static void print_op(struct crash__callsites *callsites, const struct crash__event *event, FILE *stream)
{
	char point[CRASH__NAME + 24];
	const char *path = crash__event_path(callsites->trace, event), *line = "";

	if (event->kind == CRASH__EVENT_ACK) {
		int length = find_line(event, &line);

		fprintf(stream, event->fd < 0 ? "crash_ack()" : "output to fd %d", event->fd);
		if (event->last)
			fprintf(stream, " \"%.*s\"", length, line);
		return;
	}
	crash__event_point(event, point, sizeof point);
	fputs(point, stream);
	if (event->kind == CRASH__EVENT_POINT)
		return;
	if (event->kind == CRASH__EVENT_ALLOCATION) {
		fprintf(stream, " %s() of %lld bytes", crash__calls[event->call].name,
			(long long)crash__event_bytes(event));
		return;
	}
	fprintf(stream, " %s", crash__callsite_path(callsites, path));
	if (event->to)
		fprintf(stream, " -> %s", crash__callsite_path(callsites, event->to));
	if (event->family == CRASH__FAMILY_WRITE && event->offset != UINT64_MAX)
		fprintf(stream, " at %llu", (unsigned long long)event->offset);
}

char *crash__callsite_text(struct crash__callsites *callsites, const struct crash__event *event)
{
	char *text = NULL, *source = crash__callsite_source(callsites, event);
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream || !source) {
		if (stream)
			fclose(stream);
		free(source);
		return NULL;
	}
	print_op(callsites, event, stream);
	if (*source)
		fprintf(stream, " (%s)", source);
	fclose(stream);
	free(source);
	return text;
}

/* ------------------------------------------------------------------ signatures */

/* The stack of a script is that of its interpreter: only the file names tell its lines apart. */
static bool is_script(const struct crash__callsites *callsites, const struct crash__event *event)
{
	static const char *const names[] = {"sh",   "dash", "bash", "zsh", "busybox", "python",
					    "perl", "ruby", "node", "lua", "tclsh"};

	for (size_t i = 0; i < callsites->trace->process_count; i++) {
		const struct crash__trace_process *process = &callsites->trace->processes[i];
		const char *base = base_of(process->name ? process->name : "");

		if (process->number != event->process)
			continue;
		for (size_t at = 0; at < sizeof names / sizeof *names; at++) {
			size_t length = strlen(names[at]);

			if (strncmp(base, names[at], length) == 0 && !isalpha((unsigned char)base[length]))
				return true;
		}
	}
	return false;
}

/* Numbers, hashes and random names differ from run to run. */
static void print_stable_name(FILE *stream, const char *path)
{
	for (const char *at = path; *at;) {
		size_t length = strspn(at, "0123456789abcdefABCDEF"), word = 0;
		bool digit = false, upper = false, lower = false;

		while (isalnum((unsigned char)at[word])) {
			digit |= isdigit((unsigned char)at[word]) != 0;
			upper |= isupper((unsigned char)at[word]) != 0;
			lower |= islower((unsigned char)at[word]) != 0;
			word++;
		}
		if (word == 0) {
			fputc(*at++, stream);
			continue;
		}
		if ((length == word && digit) || (word >= 6 && digit + upper + lower > 1) ||
		    (length == word && word >= 16))
			fputc('#', stream);
		else
			fprintf(stream, "%.*s", (int)word, at);
		at += word;
	}
}

char *crash__callsite_stable_name(const char *path)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	print_stable_name(stream, path);
	return fclose(stream) == 0 ? text : NULL;
}

static unsigned int frames_that_tell(const struct crash__event *event)
{
	return event->kind == CRASH__EVENT_ALLOCATION ? ALLOCATION_FRAMES : SIGNATURE_FRAMES;
}

char *crash__callsite_signature(struct crash__callsites *callsites, const struct crash__event *event)
{
	const struct named *named = frames_of(callsites, event);
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	if (event->kind == CRASH__EVENT_ACK)
		fputs("ack", stream);
	else if (event->kind == CRASH__EVENT_POINT)
		fputs(event->name, stream);
	else
		fputs(crash__family_name(event->family), stream);
	for (unsigned int i = 0; named && i < named->count && i < frames_that_tell(event); i++) {
		const struct crash_frame *frame = &named->frames[i];

		/* not as it is demangled: the same with a C++ library as without */
		if (frame->function)
			fprintf(stream, "|%s", crash__frame_symbol(frame));
		else
			fprintf(stream, "|%s+%llx", base_of(frame->object ? frame->object : "?"),
				(unsigned long long)frame->address);
	}
	if (event->kind == CRASH__EVENT_OP && (!named || !named->count || is_script(callsites, event))) {
		fputc('|', stream);
		print_stable_name(
			stream, crash__callsite_path(callsites, crash__event_path(callsites->trace, event)));
		if (event->to) {
			fputc('|', stream);
			print_stable_name(stream, crash__callsite_path(callsites, event->to));
		}
	}
	fclose(stream);
	return text;
}

/* ------------------------------------------------------------------ numbers */

#define NO_FRAMES 1 /* the number of a stack without any frame of the program's own */

static uint64_t mix(uint64_t hash, const void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
	return text ? mix(hash, text, strlen(text) + 1) : hash;
}

/* The innermost addresses in the program's own modules, wherever those were loaded. */
static uint64_t stack_number(struct crash__callsites *callsites, uint32_t which, unsigned int most)
{
	const struct crash__trace *trace = callsites->trace;
	const struct crash__trace_stack *stack = &trace->stacks[which];
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	unsigned int frames = 0;

	for (uint32_t i = 0; i < stack->count && frames < most; i++) {
		const struct crash__trace_module *module =
			crash__trace_module_of(trace, stack->process, stack->addresses[i]);
		uint64_t address;

		if (!module || is_library(module->path))
			continue;
		address = stack->addresses[i] - module->bias;
		hash = mix(mix_text(hash, module->path), &address, sizeof address);
		frames++;
	}
	return frames ? hash | 2 : NO_FRAMES;
}

uint64_t crash__callsite_number(struct crash__callsites *callsites, const struct crash__event *event)
{
	bool has_stack = event->stack && event->stack < callsites->trace->stack_count;
	uint64_t *known = has_stack ? &callsites->numbers[event->stack] : NULL, number = NO_FRAMES;
	uint32_t what[2] = {event->kind, event->kind == CRASH__EVENT_OP ? event->family : 0};
	char *name;

	if (known && !*known)
		*known = stack_number(callsites, event->stack, frames_that_tell(event));
	if (known)
		number = *known;
	number = mix(number, what, sizeof what);
	if (event->kind == CRASH__EVENT_POINT)
		return mix_text(number, event->name);
	if (event->kind != CRASH__EVENT_OP)
		return number;
	name = crash__callsite_stable_name(
		crash__callsite_path(callsites, crash__event_path(callsites->trace, event)));
	number = mix_text(number, name);
	free(name);
	return number;
}
