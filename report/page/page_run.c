/* SPDX-License-Identifier: MIT */
#include "report/page/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json_value.h"
#include "symbols/callsite.h"
#include "trace/event_text.h"

#define MOST_STEPS 200000
#define MOST_STACKS 3000
#define MOST_FRAMES 12 /* of a stack */
#define MOST_TEXTS 4000
#define MOST_TEXT 160
#define MOST_MODELS 6

/* One number for each step, as text. */
struct column {
	const char *name;
	char *text;
	size_t length;
	FILE *stream;
};

enum { CALL, PROCESS, FILE_OF, TO, OFFSET, BYTES, SYNC, STACK, ACKED, COLUMNS };

static const char *const names[COLUMNS] = {"call",  "process", "file",	"to",	"offset",
					   "bytes", "sync",    "stack", "acked"};

/* Texts that have numbers, in the order in which they came up. */
struct numbers {
	json_t *of, *list;
};

struct run {
	const struct crash__exploration *exploration;
	const struct crash__fs *fs;
	struct crash__callsites *callsites;
	struct column columns[COLUMNS];
	struct numbers calls, files, frames;
	struct column points; /* names, a line each */
	json_t *stacks, *stack_numbers, *texts;
	size_t steps;
};

/* ------------------------------------------------------------------ columns */

static bool column_begin(struct column *column, const char *name)
{
	column->name = name;
	column->stream = open_memstream(&column->text, &column->length);
	return column->stream != NULL;
}

static void column_add(struct column *column, long long value)
{
	fprintf(column->stream, "%lld ", value);
}

/* Becomes a member of an object. */
static bool column_end(struct column *column, json_t *object)
{
	bool good = column->stream && fclose(column->stream) == 0;

	if (good && column->length)
		column->text[column->length - 1] = '\0'; /* what stands between them */
	good = good && json_object_set_new(object, column->name, crash__json_string(column->text)) == 0;
	free(column->text);
	return good;
}

static void numbers_begin(struct numbers *numbers)
{
	numbers->of = json_object();
	numbers->list = json_array();
}

/* The number of a text, which is in the list from now on; -1: there is no text. */
static long long number_of(struct numbers *numbers, const char *text)
{
	json_t *key = text ? crash__json_string(text) : NULL;
	const char *name = json_string_value(key);
	const json_t *known = name ? json_object_get(numbers->of, name) : NULL;
	long long number = known ? (long long)json_integer_value(known) : -1;

	if (name && !known) {
		number = (long long)json_array_size(numbers->list);
		json_object_set_new(numbers->of, name, json_integer(number));
		json_array_append(numbers->list, key);
	}
	json_decref(key);
	return number;
}

/* ------------------------------------------------------------------ stacks */

static json_t *frame_number(struct run *run, const struct crash_frame *frame)
{
	char *text = NULL;
	long long number;

	if (frame->file && frame->line) {
		if (asprintf(&text, "%s\n%s:%u", frame->function ? frame->function : "?", frame->file,
			     frame->line) < 0)
			return json_integer(-1);
	} else if (asprintf(&text, "%s\n%s", frame->function ? frame->function : "?",
			    frame->object ? frame->object : "") < 0) {
		return json_integer(-1);
	}
	number = number_of(&run->frames, text);
	free(text);
	return json_integer(number);
}

/* Naming takes time: where somebody waits for us to end, there are none. */
static long long stack_number(struct run *run, const struct crash__event *event)
{
	char key[16];
	const json_t *known;
	const struct crash_frame *frames;
	unsigned int count = 0;
	json_t *stack;

	snprintf(key, sizeof key, "%u", event->stack);
	known = json_object_get(run->stack_numbers, key);
	if (known)
		return (long long)json_integer_value(known);
	if (!event->stack || run->exploration->engine->stopped || json_array_size(run->stacks) >= MOST_STACKS)
		return -1;
	frames = crash__callsite_frames(run->callsites, event, &count);
	stack = json_array();
	for (unsigned int i = 0; i < count && i < MOST_FRAMES; i++)
		json_array_append_new(stack, frame_number(run, &frames[i]));
	json_array_append_new(run->stacks, stack);
	json_object_set_new(run->stack_numbers, key,
			    json_integer((json_int_t)json_array_size(run->stacks) - 1));
	return (long long)json_array_size(run->stacks) - 1;
}

/* ------------------------------------------------------------------ steps */

/* What was acknowledged, which no column has room for. */
static void add_text(struct run *run, const struct crash__event *event, size_t step)
{
	char *text = crash__callsite_ack(event), key[24];

	snprintf(key, sizeof key, "%zu", step);
	if (text && strlen(text) > MOST_TEXT)
		strcpy(text + MOST_TEXT - 3, "...");
	if (text && json_object_size(run->texts) < MOST_TEXTS)
		json_object_set_new(run->texts, key, crash__json_string(text));
	free(text);
}

static long long file_number(struct run *run, const char *path)
{
	return path ? number_of(&run->files, crash__callsite_path(run->callsites, path)) : -1;
}

/* 0: it is no sync; 4 more where it failed. */
static long long sync_of(const struct crash__step *step)
{
	return step->sync ? (long long)step->sync + (step->sync_failed ? 4 : 0) : 0;
}

static void add_step(struct run *run, size_t number)
{
	const struct crash__step *step = &run->fs->steps[number];
	const struct crash__event *event = step->event;
	bool op = event->kind == CRASH__EVENT_OP;
	struct column *columns = run->columns;
	char point[CRASH__NAME + 48] = "";
	int64_t bytes = op ? crash__event_bytes(event) : (int64_t)event->data_bytes;

	if (event->kind == CRASH__EVENT_ACK)
		add_text(run, event, number);
	else
		crash__event_point(event, point, sizeof point);
	point[strcspn(point, "\n")] = '\0';
	fprintf(run->points.stream, "%s\n", point);
	column_add(&columns[CALL], event->kind == CRASH__EVENT_ACK ?
					   number_of(&run->calls, "(ack)") :
				   event->kind == CRASH__EVENT_POINT ?
					   number_of(&run->calls, "(point)") :
					   number_of(&run->calls, crash__calls[event->call].name));
	column_add(&columns[PROCESS], event->process);
	column_add(&columns[FILE_OF], op ? file_number(run, crash__event_path(run->fs->trace, event)) : -1);
	column_add(&columns[TO], op ? file_number(run, event->to) : -1);
	column_add(&columns[OFFSET], op && event->offset != UINT64_MAX ? (long long)event->offset : -1);
	column_add(&columns[BYTES], bytes);
	column_add(&columns[SYNC], sync_of(step));
	column_add(&columns[STACK], stack_number(run, event));
	column_add(&columns[ACKED], (long long)step->acked);
}

/* ------------------------------------------------------------------ what was durable when */

/* For each step, the one with which all of it was durable; -1: none; -2: there is nothing to be durable. */
static json_t *durable_json(const struct run *run, const struct crash__atoms *atoms)
{
	struct column column = {0};
	json_t *object = json_object(), *json;

	if (!column_begin(&column, "durable"))
		return object;
	for (size_t step = 0; step < run->steps; step++) {
		long long until = -2;

		for (crash__atom_id id = atoms->first[step]; id < atoms->first[step + 1]; id++) {
			uint32_t durable = atoms->list[id].durable;

			if (durable == CRASH__NEVER)
				until = -1;
			else if (until != -1 && until < (long long)durable)
				until = durable;
		}
		column_add(&column, until);
	}
	column_end(&column, object);
	json = json_incref(json_object_get(object, "durable"));
	json_decref(object);
	return json;
}

static json_t *models_json(const struct run *run)
{
	const struct crash__engine *engine = run->exploration->engine;
	json_t *models = json_array();

	for (uint32_t i = 0; i < engine->options.model_count && json_array_size(models) < MOST_MODELS; i++)
		if (!engine->options.models[i].process_only)
			json_array_append_new(models,
					      json_pack("{s:s, s:o}", "name", engine->options.models[i].name,
							"durable", durable_json(run, &engine->atoms[i])));
	return models;
}

/* ------------------------------------------------------------------ the whole */

static json_t *processes_json(const struct crash__trace *trace)
{
	json_t *processes = json_object();

	for (size_t i = 0; i < trace->process_count; i++) {
		char key[16];

		snprintf(key, sizeof key, "%u", trace->processes[i].number);
		json_object_set_new(processes, key,
				    json_pack("{s:o, s:I, s:I}", "name",
					      crash__json_string(trace->processes[i].name), "pid",
					      (json_int_t)trace->processes[i].pid, "parent",
					      (json_int_t)trace->processes[i].parent));
	}
	return processes;
}

static json_t *run_json(struct run *run)
{
	json_t *object = json_pack(
		"{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "steps", (json_int_t)run->steps, "left_out",
		(json_int_t)(run->fs->steps_count - run->steps), "processes", processes_json(run->fs->trace),
		"models", models_json(run), "calls", run->calls.list, "files", run->files.list, "frames",
		run->frames.list, "stacks", run->stacks, "texts", run->texts);
	bool good = column_end(&run->points, object);

	for (size_t i = 0; i < COLUMNS; i++)
		good &= column_end(&run->columns[i], object);
	json_decref(run->calls.of);
	json_decref(run->files.of);
	json_decref(run->frames.of);
	json_decref(run->stack_numbers);
	if (good)
		return object;
	json_decref(object);
	return NULL;
}

json_t *crash__page_run(const struct crash__exploration *exploration)
{
	const struct crash__recording *recording = &exploration->recording;
	struct run run = {.exploration = exploration, .fs = &recording->fs};
	bool good = true;

	run.steps = run.fs->steps_count < MOST_STEPS ? run.fs->steps_count : MOST_STEPS;
	if (crash__callsites_new(&recording->trace, recording->root, &run.callsites) < 0)
		return NULL;
	for (size_t i = 0; i < COLUMNS; i++)
		good &= column_begin(&run.columns[i], names[i]);
	good &= column_begin(&run.points, "points");
	numbers_begin(&run.calls);
	numbers_begin(&run.files);
	numbers_begin(&run.frames);
	run.stacks = json_array();
	run.stack_numbers = json_object();
	run.texts = json_object();
	for (size_t step = 0; step < run.steps && good; step++)
		add_step(&run, step);
	crash__callsites_free(run.callsites);
	return run_json(&run);
}
