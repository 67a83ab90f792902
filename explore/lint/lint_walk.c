/* SPDX-License-Identifier: MIT */
#include "explore/lint/lint_walk.h"

#include <string.h>

#include "explore/atoms/make_atoms.h"
#include "explore/lint/acknowledged.h"
#include "explore/lint/allowing_models.h"
#include "explore/lint/file_facts.h"
#include "explore/lint/history.h"
#include "explore/lint/message_facts.h"
#include "explore/lint/op_facts.h"
#include "explore/lint/pending.h"
#include "explore/lint/rules.h"
#include "explore/lint/used_files.h"
#include "explore/lint/wording.h"
#include "explore/states/view_new.h"
#include "trace/reader.h"

/* ------------------------------------------------------------------ walking */

/* Bytes that somebody can rely on: since when each block of a file has had some. */
static void note_blocks(struct crash__lint *lint, uint32_t step, const struct crash__effect *effect)
{
	uint32_t block, durable = lint->steps[step].data;
	uint64_t index, end = effect->offset + effect->bytes;
	crash__node_id node;

	if (durable == CRASH__NEVER || lint->steps[step].abandoned ||
	    !crash__view_find_block(lint->view, effect->node, effect->offset / CRASH__BLOCK, &block))
		return;
	for (; block < crash__view_blocks(lint->view); block++) {
		crash__view_block(lint->view, block, &node, &index);
		if (node != effect->node || index * CRASH__BLOCK >= end)
			return;
		if (durable + 1 < lint->block_durable[block])
			lint->block_durable[block] = durable + 1;
	}
}

static void change_entry(struct crash__lint *lint, uint32_t step, const struct crash__effect *effect)
{
	crash__node_id old = lint->children[effect->slot];

	if (old && --lint->nodes[old].names == 0) {
		if (effect->node)
			lint->nodes[old].replaced = step;
		crash__note_nameless(lint, old);
	}
	lint->children[effect->slot] = effect->node;
	if (!effect->node)
		return;
	lint->nodes[effect->node].names++;
	lint->nodes[effect->node].slot = effect->slot;
	lint->nodes[effect->node].named = step;
	crash__note_use(lint, step, effect->node);
}

/* The latest durable writes of two files, so that there is one of another file than any. */
static void note_copy(struct crash__lint *lint, crash__node_id node, uint32_t sync)
{
	uint32_t write = lint->nodes[node].last_write;

	if (write == CRASH__NEVER || lint->steps[write].abandoned ||
	    crash__is_pending(lint->steps[write].data, sync))
		return;
	if (lint->copies[0].node != node)
		lint->copies[1] = lint->copies[0];
	lint->copies[0].node = node;
	lint->copies[0].write = write;
}

static void synced_now(struct crash__lint *lint, uint32_t step)
{
	const struct crash__step *sync = &lint->fs->steps[step];

	if (sync->sync == CRASH__SYNC_NONE || sync->sync_failed)
		return;
	for (crash__node_id node = 1; node < lint->fs->nodes_count; node++) {
		if (sync->sync != CRASH__SYNC_ALL)
			node = sync->node;
		lint->nodes[node].last_sync = step;
		note_copy(lint, node, step);
		if (sync->sync != CRASH__SYNC_ALL)
			return;
	}
}

void crash__lint_take(struct crash__lint *lint, uint32_t step)
{
	const struct crash__fs *fs = lint->fs;
	const struct crash__step *now = &fs->steps[step];

	for (uint32_t i = 0; i < now->effects; i++) {
		const struct crash__effect *effect = &fs->effects[now->first_effect + i];

		if (effect->kind == CRASH__EFFECT_ENTRY) {
			change_entry(lint, step, effect);
		} else if (effect->kind != CRASH__EFFECT_ATTRIBUTES) {
			lint->nodes[effect->node].last_write = step;
			crash__note_use(lint, step, effect->node);
			if (effect->kind != CRASH__EFFECT_SIZE)
				note_blocks(lint, step, effect);
		}
	}
	synced_now(lint, step);
	if (now->effects && !CRASH__ADD(&lint->authors[lint->steps[step].author], steps, step))
		crash__lint_no_memory(lint);
	if (lint->error == 0)
		lint->error = crash__view_advance(lint->view, step);
}

void crash__lint_look(struct crash__lint *lint, uint32_t step, uint32_t rules)
{
	lint->claims_count = 0;
	if (is_end(lint, step))
		crash__find_last_claims(lint);
	else if (at(lint, step)->event->kind == CRASH__EVENT_ACK)
		crash__find_claims(lint, step);
	for (size_t i = 0; i < crash__lint_rule_count && lint->error == 0; i++)
		if (rules & 1u << i) {
			lint->rule = &crash__lint_rules[i];
			lint->rule->check(lint, step);
		}
}

/* How far it is, is said after so many steps. */
#define SHOWN_EVERY 1024

static void walk(struct crash__lint *lint, uint32_t rules)
{
	uint32_t steps = (uint32_t)lint->fs->steps_count;

	for (uint32_t step = 0; step < steps && lint->error == 0; step++) {
		if (lint->watch && step % SHOWN_EVERY == 0)
			lint->watch->progress(lint->watch->context, "looking at ops", step, steps);
		crash__lint_look(lint, step, rules);
		crash__lint_take(lint, step);
	}
	if (lint->error == 0)
		crash__lint_look(lint, steps, rules);
}

/* ------------------------------------------------------------------ all of it */

static void read_end(struct crash__lint *lint)
{
	const struct crash__trace *trace = lint->fs->trace;
	json_t *end = trace->end_text ? json_loadb(trace->end_text, trace->end_length, 0, NULL) : NULL;
	json_t *status = json_object_get(end, "exit_code");

	lint->ended = json_is_integer(status);
	lint->ended_well = lint->ended && json_integer_value(status) == 0;
	json_decref(end);
}

static bool begin_blocks(struct crash__lint *lint)
{
	size_t count = crash__view_blocks(lint->view);
	crash__node_id node;
	uint64_t index;

	lint->block_durable = malloc((count + 1) * sizeof *lint->block_durable);
	if (!lint->block_durable)
		return false;
	for (uint32_t block = 0; block < count; block++) {
		crash__view_block(lint->view, block, &node, &index);
		lint->block_durable[block] =
			lint->fs->nodes[node].base_path &&
					index * CRASH__BLOCK < lint->fs->nodes[node].base_size ?
				0 :
				CRASH__NEVER;
	}
	return true;
}

/* Whether some op may be durable in part: an msync() speaks of pages, and not of ops. */
static bool has_partial_sync(const struct crash__fs *fs)
{
	for (size_t step = 0; step < fs->steps_count; step++)
		if (fs->steps[step].sync_to)
			return true;
	return false;
}

int crash__lint_begin(const struct crash__fs *fs, struct crash__lint *lint)
{
	int error;

	memset(lint, 0, sizeof *lint);
	lint->fs = fs;
	error = crash__model_read("posix", &lint->model);
	/* an op is durable as a whole, or not: smaller units would only be more of the same */
	lint->model.tear = has_partial_sync(fs) ? CRASH__BLOCK : 0;
	if (error == 0)
		error = crash__atoms_make(&lint->atoms, fs, &lint->model);
	if (error == 0)
		error = crash__view_new_hashless(&lint->atoms, &lint->view);
	if (error == 0)
		error = crash__callsites_new(fs->trace, fs->root, &lint->callsites);
	if (error < 0)
		return error;
	read_end(lint);
	if (!crash__history_of_steps(lint) || !crash__history_of_nodes(lint) || !begin_blocks(lint))
		crash__lint_no_memory(lint);
	if (lint->error < 0)
		return lint->error;
	crash__find_file_facts(lint);
	crash__find_message_facts(lint);
	crash__find_op_facts(lint);
	return 0;
}

static const char *subject_name(struct crash__lint *lint, enum crash__fact fact, uint32_t subject)
{
	switch (crash__fact_infos[fact].subject) {
	case CRASH__SUBJECT_FILE:
		return crash__lint_path(lint, subject);
	case CRASH__SUBJECT_MESSAGE:
		return crash__lint_message(lint, subject);
	case CRASH__SUBJECT_OP:
		break;
	}
	return crash__lint_change(lint, subject);
}

/* A file that was made again is another file of the same name. */
static void add_name(struct crash__not_judged *silence, const char *name)
{
	for (size_t i = 0; i < silence->names_count; i++)
		if (strcmp(silence->names[i], name) == 0)
			return;
	silence->names[silence->names_count++] = name;
}

/* What was found, and what was not judged, in words. */
static void name_ops(struct crash__lint *lint)
{
	for (size_t i = 0; i < lint->mistakes_count; i++) {
		struct crash__mistake *mistake = &lint->mistakes[i];

		mistake->lost_text = crash__lint_line(lint, mistake->lost);
		mistake->relied_text = crash__lint_line(lint, mistake->relied);
	}
	for (int fact = CRASH__FACT_NONE + 1; fact < CRASH__FACTS; fact++) {
		struct crash__not_judged *silence = &lint->not_judged[fact];

		for (size_t i = 0; i < silence->count && i < CRASH__MOST_NAMED; i++)
			add_name(silence, subject_name(lint, (enum crash__fact)fact, silence->subjects[i]));
	}
}

/* Each model has atoms of its own: a long recording has no room for those of the walk beside them. */
static void forget_tree(struct crash__lint *lint)
{
	crash__view_free(lint->view);
	lint->view = NULL;
	crash__atoms_clear(&lint->atoms);
	free(lint->block_durable);
	lint->block_durable = NULL;
	crash__trace_let_go(lint->fs->trace);
}

int crash__lint_run(const struct crash__fs *fs, uint32_t rules, const struct crash__lint_watch *watch,
		    struct crash__lint *lint)
{
	int error = crash__lint_begin(fs, lint);

	if (error < 0)
		return error;
	lint->watch = watch;
	crash__trace_let_go(fs->trace);
	walk(lint, rules);
	name_ops(lint);
	forget_tree(lint);
	crash__find_allowing_models(lint);
	return lint->error;
}
