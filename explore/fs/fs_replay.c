/* SPDX-License-Identifier: MIT */
#include "explore/fs/fs_replay.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "explore/fs/apply_op.h"
#include "explore/fs/data_ranges.h"
#include "explore/fs/effects.h"
#include "explore/fs/nodes.h"

static int by_end(const void *a, const void *b)
{
	const struct crash__event *x = *(const struct crash__event *const *)a;
	const struct crash__event *y = *(const struct crash__event *const *)b;

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

/* What the trace says of the program's rights, and of where the data directory is; one that says nothing was
 * root's. */
static void take_start(struct crash__fs *fs, struct crash__op_replay *replay)
{
	const struct crash__trace *trace = fs->trace;
	json_error_t error;
	json_t *start =
		trace->start_text ? json_loadb(trace->start_text, trace->start_length, 0, &error) : NULL;

	replay->keeps_set_id = !json_is_false(json_object_get(start, "keeps_set_id"));
	replay->device = (uint64_t)json_integer_value(json_object_get(start, "device"));
	if (trace->start_text && !start && json_error_code(&error) == json_error_out_of_memory)
		crash__fs_no_memory(fs);
	json_decref(start);
}

/* The tree as it was before the run: only its top is known so far. */
static void begin(struct crash__fs *fs, const char *root)
{
	size_t length = strlen(root);

	while (length > 1 && root[length - 1] == '/')
		length--;
	fs->root = strndup(root, length);
	/* number 0 means none, in both tables */
	fs->nodes = calloc(16, sizeof *fs->nodes);
	fs->slots = calloc(16, sizeof *fs->slots);
	fs->nodes_count = fs->slots_count = 1;
	fs->nodes_size = fs->slots_size = 16;
	if (!fs->root || !fs->nodes || !fs->slots)
		crash__fs_no_memory(fs);
	else if (crash__node_of_base(fs, "") != 1)
		crash__failure_note(&fs->failure, crash__fail(CRASH_EDIR, "%s cannot be read", root));
}

/* In the order in which ops ended. */
static void replay_events(struct crash__fs *fs)
{
	const struct crash__trace *trace = fs->trace;
	const struct crash__event **order = calloc(trace->count + 1, sizeof *order);
	struct crash__op_replay replay = {.fs = fs};

	if (!order) {
		crash__fs_no_memory(fs);
		return;
	}
	take_start(fs, &replay);
	for (size_t i = 0; i < trace->count; i++)
		order[i] = &trace->events[i];
	qsort(order, trace->count, sizeof *order, by_end);
	for (size_t i = 0; i < trace->count && !fs->failure.code; i++) {
		replay.event = order[i];
		crash__op_replay(&replay);
	}
	free(order);
}

int crash__fs_replay(struct crash__fs *fs, const struct crash__trace *trace, const char *root,
		     struct crash__base *base)
{
	int error;

	memset(fs, 0, sizeof *fs);
	fs->trace = trace;
	fs->base = base;
	begin(fs, root);
	if (!fs->failure.code)
		replay_events(fs);
	if (!fs->failure.code)
		crash__nodes_find_other_names(fs);
	if (!fs->failure.code)
		crash__data_ranges_find(fs);
	error = crash__failure_say(&fs->failure);
	if (error < 0)
		crash__fs_clear(fs);
	return error;
}

unsigned int crash__fs_missed(const struct crash__fs *fs, char sentences[CRASH__MISSES][CRASH__MISSED])
{
	unsigned int count = 0;

	if (fs->unknown)
		snprintf(sentences[count++], CRASH__MISSED, "%llu ops could not be followed, the first: %s",
			 (unsigned long long)fs->unknown, fs->unknown_detail);
	if (fs->kept_out)
		snprintf(sentences[count++], CRASH__MISSED,
			 "%llu names of the starting tree are in directories that cannot be looked into, and "
			 "were "
			 "taken for missing, the first: %s",
			 (unsigned long long)fs->kept_out, fs->kept_out_detail);
	if (fs->unsupported)
		snprintf(sentences[count++], CRASH__MISSED, "%llu ops are not modelled, the first: %s",
			 (unsigned long long)fs->unsupported, fs->unsupported_detail);
	if (fs->unordered)
		snprintf(
			sentences[count++], CRASH__MISSED,
			"%llu writes were made while another one wrote something else to the same bytes, and "
			"which came last is not known, the first: %s",
			(unsigned long long)fs->unordered, fs->unordered_detail);
	return count;
}

void crash__fs_clear(struct crash__fs *fs)
{
	crash__nodes_clear(fs);
	for (size_t i = 1; i < fs->changes_count; i++)
		free((void *)(uintptr_t)fs->changes[i].value);
	free(fs->changes);
	free(fs->undated);
	free(fs->effects);
	free(fs->steps);
	free(fs->data_ranges);
	free(fs->root);
	memset(fs, 0, sizeof *fs);
}
