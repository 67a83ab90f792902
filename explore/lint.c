/* SPDX-License-Identifier: MIT */
#include "explore/lint.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "explore/result.h"
#include "explore/set.h"
#include "runner/error.h"
#include "runner/json.h"
#include "runner/story.h"

/* So much of a write is looked at to tell whether it is text. */
#define TEXT_LOOKED_AT 256

static void no_memory(struct crash__lint *lint)
{
	if (lint->error == 0)
		lint->error = crash__fail(CRASH_ENOMEM, "no memory for lint");
}

/* ------------------------------------------------------------------ who */

static uint32_t process_of(struct crash__lint *lint, const struct crash__event *event)
{
	const struct crash__trace *trace = lint->fs->trace;
	struct crash__lint_process *process;

	for (size_t i = lint->processes_count; i-- > 0;)
		if (lint->processes[i].number == event->process)
			return (uint32_t)i;
	process = CRASH__PUSH(lint, processes);
	if (!process) {
		no_memory(lint);
		return 0;
	}
	memset(process, 0, sizeof *process);
	process->number = event->process;
	process->pid = event->pid;
	for (size_t i = 0; i < trace->process_count; i++)
		if (trace->processes[i].number == event->process) {
			process->pid = trace->processes[i].pid;
			process->parent = trace->processes[i].parent;
		}
	return (uint32_t)(lint->processes_count - 1);
}

static uint32_t author_of(struct crash__lint *lint, const struct crash__event *event)
{
	uint32_t process = process_of(lint, event);
	struct crash__lint_author *author;

	for (size_t i = lint->authors_count; i-- > 0;)
		if (lint->authors[i].process == process && lint->authors[i].tid == event->tid)
			return (uint32_t)i;
	author = CRASH__PUSH(lint, authors);
	if (!author) {
		no_memory(lint);
		return 0;
	}
	memset(author, 0, sizeof *author);
	author->process = process;
	author->tid = event->tid;
	return (uint32_t)(lint->authors_count - 1);
}

/* Whether a process is a child, or a child's child, of another. */
static bool descends(const struct crash__lint *lint, const struct crash__lint_process *process,
		     const struct crash__lint_process *from)
{
	uint32_t parent = process->parent;

	for (size_t depth = 0; depth < 64 && parent; depth++) {
		size_t at = 0;

		if (parent == from->pid)
			return true;
		while (at < lint->processes_count && lint->processes[at].pid != parent)
			at++;
		if (at == lint->processes_count)
			return false;
		parent = lint->processes[at].parent;
	}
	return false;
}

bool crash__lint_same_process(const struct crash__lint *lint, uint32_t a, uint32_t b)
{
	return lint->steps[a].process == lint->steps[b].process;
}

/* ------------------------------------------------------------------ facts of steps */

static void latest(uint32_t *at, uint32_t durable)
{
	if (durable > *at)
		*at = durable;
}

static void note_atom(struct crash__lint *lint, const struct crash__atom *atom)
{
	struct crash__lint_step *step = &lint->steps[atom->step];

	if (atom->kind == CRASH__ATOM_DATA || atom->kind == CRASH__ATOM_SIZE)
		step->node = atom->node;
	step->abandoned |= atom->abandoned;
	if (atom->kind == CRASH__ATOM_DATA || atom->kind == CRASH__ATOM_SIZE)
		latest(&step->data, atom->durable);
	for (uint32_t i = 0; atom->kind == CRASH__ATOM_ENTRY && i < atom->effects; i++)
		latest(lint->fs->effects[atom->effect + i].node ? &step->name : &step->removal, atom->durable);
}

static bool find_step_facts(struct crash__lint *lint)
{
	const struct crash__fs *fs = lint->fs;
	uint32_t *last = calloc(fs->nodes_count, sizeof *last);

	lint->steps = calloc(fs->steps_count + 1, sizeof *lint->steps);
	if (!last || !lint->steps) {
		free(last);
		return false;
	}
	for (size_t i = 0; i < lint->atoms.list_count; i++)
		note_atom(lint, &lint->atoms.list[i]);
	for (uint32_t step = 0; step < fs->steps_count; step++) {
		struct crash__lint_step *at = &lint->steps[step];

		/* what a failed sync has left is for one rule alone */
		if (at->abandoned)
			at->data = 0;
		at->author = author_of(lint, fs->steps[step].event);
		at->next_write = CRASH__NEVER;
		if (lint->error < 0)
			break;
		at->process = lint->authors[at->author].process;
		lint->processes[at->process].last_step = step;
		if (at->node && last[at->node])
			lint->steps[last[at->node] - 1].next_write = step;
		if (at->node)
			last[at->node] = step + 1;
		lint->ops += fs->steps[step].event->kind == CRASH__EVENT_OP;
		lint->acks += fs->steps[step].event->kind == CRASH__EVENT_ACK;
		lint->sync_ops += fs->steps[step].sync != CRASH__SYNC_NONE;
	}
	lint->syncs = lint->sync_ops > 0;
	free(last);
	return true;
}

/* ------------------------------------------------------------------ facts of nodes */

/* Whether a write is lines of text. */
static bool is_text(const struct crash__event *event)
{
	unsigned char start[TEXT_LOOKED_AT];
	size_t count = event->data_bytes < sizeof start ? (size_t)event->data_bytes : sizeof start;
	bool line = count == sizeof start;

	crash__event_copy(event, 0, start, count);
	for (size_t i = 0; i < count; i++) {
		if (!isprint(start[i]) && !isspace(start[i]) && start[i] < 128)
			return false;
		line |= start[i] == '\n';
	}
	return line;
}

static void note_effect(struct crash__lint *lint, const struct crash__step *step, const struct crash__effect *effect)
{
	struct crash__lint_node *node = &lint->nodes[effect->node];

	switch (effect->kind) {
	case CRASH__EFFECT_DATA:
		if (step->event->kernel != CRASH__CALL_store)
			node->stored_only = false;
		if (effect->offset < effect->old_size || !is_text(step->event))
			node->plain_log = false;
		break;
	case CRASH__EFFECT_ZERO:
		node->plain_log = node->stored_only = false;
		break;
	case CRASH__EFFECT_SIZE:
		if (effect->size < effect->old_size)
			node->plain_log = false;
		break;
	case CRASH__EFFECT_ENTRY:
		node->names++;
		node->temporary = false;
		node->moved |= step->event->family == CRASH__FAMILY_RENAME;
		if (effect->old_node && --lint->nodes[effect->old_node].names == 0)
			lint->nodes[effect->old_node].temporary = step->event->family == CRASH__FAMILY_UNLINK;
		break;
	case CRASH__EFFECT_ATTRIBUTES:
		break;
	}
}

/* A name that a rename takes from its file was one on the way. `named` has the step that gave each name. */
static void note_passing(struct crash__lint *lint, uint32_t step, const struct crash__effect *effect, uint32_t *named)
{
	if (effect->kind != CRASH__EFFECT_ENTRY)
		return;
	if (!effect->node && named[effect->slot] && lint->fs->steps[step].event->family == CRASH__FAMILY_RENAME)
		lint->steps[named[effect->slot] - 1].passing = true;
	named[effect->slot] = effect->node ? step + 1 : 0;
}

static void note_sync(struct crash__lint *lint, const struct crash__step *step)
{
	if (step->sync == CRASH__SYNC_ALL)
		for (size_t i = 1; i < lint->fs->nodes_count; i++)
			lint->nodes[i].synced = true;
	else if (step->sync != CRASH__SYNC_NONE)
		lint->nodes[step->node].synced = true;
}

/* As things were before the run. */
static void begin_nodes(struct crash__lint *lint)
{
	const struct crash__fs *fs = lint->fs;

	for (size_t i = 1; i < fs->nodes_count; i++) {
		struct crash__lint_node *node = &lint->nodes[i];

		node->names = fs->nodes[i].base_links;
		node->slot = 0;
		node->named = node->last_write = node->last_sync = node->replaced = CRASH__NEVER;
	}
	for (crash__slot_id slot = 1; slot < fs->slots_count; slot++) {
		lint->children[slot] = fs->slots[slot].base_child;
		if (fs->slots[slot].base_child)
			lint->nodes[fs->slots[slot].base_child].slot = slot;
	}
}

static bool find_node_facts(struct crash__lint *lint)
{
	const struct crash__fs *fs = lint->fs;
	bool *written = calloc(fs->nodes_count, sizeof *written);
	uint32_t *named = calloc(fs->slots_count, sizeof *named);

	lint->nodes = calloc(fs->nodes_count, sizeof *lint->nodes);
	lint->children = calloc(fs->slots_count, sizeof *lint->children);
	if (!written || !named || !lint->nodes || !lint->children) {
		free(written);
		free(named);
		return false;
	}
	begin_nodes(lint);
	for (size_t i = 1; i < fs->nodes_count; i++)
		lint->nodes[i].plain_log = lint->nodes[i].stored_only = true;
	for (size_t at = 0; at < fs->steps_count; at++) {
		const struct crash__step *step = &fs->steps[at];

		for (uint32_t i = 0; i < step->effects; i++) {
			const struct crash__effect *effect = &fs->effects[step->first_effect + i];

			note_effect(lint, step, effect);
			note_passing(lint, (uint32_t)at, effect, named);
			written[effect->node] |= effect->kind == CRASH__EFFECT_DATA;
		}
		note_sync(lint, step);
	}
	for (size_t i = 1; i < fs->nodes_count; i++) {
		struct crash__lint_node *node = &lint->nodes[i];

		node->plain_log &= written[i] && !node->synced && lint->syncs;
		node->stored_only &= written[i] && !node->synced;
	}
	free(written);
	free(named);
	begin_nodes(lint); /* for the walk */
	return true;
}

/* ------------------------------------------------------------------ walking */

bool crash__lint_pending(uint32_t durable, uint32_t step)
{
	return durable > step || durable == CRASH__NEVER;
}

static void add_told(struct crash__lint *lint, uint32_t step)
{
	uint32_t *at = CRASH__PUSH(lint, told);

	if (!at) {
		no_memory(lint);
		return;
	}
	*at = step;
	lint->steps[step].told = true;
}

/*
 * Whether an acknowledgement may speak for an op. Standard error is for complaints. Of a program that never syncs,
 * output is chatter, unless it comes between two writes to the same file: then it reports progress. One byte, or
 * eight, to a descriptor of its own wakes somebody up.
 */
static bool speaks_for(const struct crash__lint *lint, uint32_t ack, uint32_t step)
{
	const struct crash__event *event = lint->fs->steps[ack].event;
	uint32_t next = lint->steps[step].next_write;

	if (event->fd == 2)
		return false;
	if (event->fd < 0)
		return true;
	if (event->fd > 2)
		return event->data_bytes != 1 && event->data_bytes != 8;
	return lint->syncs || (next != CRASH__NEVER && next > ack);
}

bool crash__lint_neighbours(const struct crash__lint *lint, crash__slot_id a, crash__slot_id b)
{
	const struct crash__slot *x = &lint->fs->slots[a], *y = &lint->fs->slots[b];
	size_t length = strlen(x->name) < strlen(y->name) ? strlen(x->name) : strlen(y->name);

	return a != b && length > 0 && strncmp(x->name, y->name, length) == 0 &&
	       !isalnum((unsigned char)x->name[length]) && !isalnum((unsigned char)y->name[length]) &&
	       (x->directory == y->directory || strcmp(x->name, y->name) == 0);
}

/* Files that a process has beside others for the time of a change: durable now, and removed later. */
static void list_journals(struct crash__lint *lint, const struct crash__lint_process *process)
{
	lint->journals_count = 0;
	for (size_t i = 0; i < process->nodes_count; i++) {
		const struct crash__lint_node *node = &lint->nodes[process->nodes[i]];
		crash__node_id *at;

		if (!node->temporary || !node->names || !node->slot || node->last_sync == CRASH__NEVER)
			continue;
		at = CRASH__PUSH(lint, journals);
		if (at)
			*at = process->nodes[i];
		else
			no_memory(lint);
	}
}

/* Whether what was written is to be undone if nothing follows: its journal is still there. */
static bool is_in_progress(const struct crash__lint *lint, uint32_t step)
{
	crash__node_id node = lint->steps[step].node;

	for (size_t i = 0; node && lint->nodes[node].slot && i < lint->journals_count; i++)
		if (lint->journals[i] != node &&
		    crash__lint_neighbours(lint, lint->nodes[node].slot, lint->nodes[lint->journals[i]].slot))
			return true;
	return false;
}

/*
 * Whether a write is one that a log stands for: another file was synced between it and the acknowledgement, and this
 * one is synced later, when it suits.
 */
static bool is_logged(const struct crash__lint *lint, uint32_t step)
{
	crash__node_id node = lint->steps[step].node;
	crash__node_id other = lint->copies[lint->copies[0].node == node].node;

	return node && other && lint->steps[step].data != CRASH__NEVER && lint->nodes[other].last_sync != CRASH__NEVER &&
	       lint->nodes[other].last_sync > step;
}

/* What one thread has done since its last acknowledgement. */
static void collect_of(struct crash__lint *lint, uint32_t ack, struct crash__lint_author *author)
{
	size_t kept = 0;

	list_journals(lint, &lint->processes[author->process]);
	for (size_t i = 0; i < author->steps_count; i++) {
		if (speaks_for(lint, ack, author->steps[i]) && !is_in_progress(lint, author->steps[i]) &&
		    !is_logged(lint, author->steps[i]))
			add_told(lint, author->steps[i]);
		else
			author->steps[kept++] = author->steps[i];
	}
	author->steps_count = kept;
}

static void collect_told(struct crash__lint *lint, uint32_t ack)
{
	const struct crash__lint_process *speaker = &lint->processes[lint->steps[ack].process];

	lint->told_count = 0;
	for (size_t i = 0; i < lint->authors_count; i++) {
		struct crash__lint_author *author = &lint->authors[i];
		const struct crash__lint_process *process = &lint->processes[author->process];

		if (author->steps_count &&
		    (i == lint->steps[ack].author || (process->last_step < ack && descends(lint, process, speaker))))
			collect_of(lint, ack, author);
	}
}

/* At the end of the run everything is told that was not before. */
static void collect_rest(struct crash__lint *lint)
{
	lint->told_count = 0;
	for (uint32_t step = 0; step < lint->fs->steps_count; step++)
		if (!lint->steps[step].told)
			add_told(lint, step);
}

static void note_use(struct crash__lint *lint, uint32_t step, crash__node_id node)
{
	struct crash__lint_process *process = &lint->processes[lint->steps[step].process];
	crash__node_id *at;

	/* it may be in the list twice if processes take turns */
	if (lint->nodes[node].user == lint->steps[step].process + 1)
		return;
	lint->nodes[node].user = lint->steps[step].process + 1;
	at = CRASH__PUSH(process, nodes);
	if (at)
		*at = node;
	else
		no_memory(lint);
}

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
	if (lint->children[effect->slot] && --lint->nodes[lint->children[effect->slot]].names == 0 && effect->node)
		lint->nodes[lint->children[effect->slot]].replaced = step;
	lint->children[effect->slot] = effect->node;
	if (!effect->node)
		return;
	lint->nodes[effect->node].names++;
	lint->nodes[effect->node].slot = effect->slot;
	lint->nodes[effect->node].named = step;
	note_use(lint, step, effect->node);
}

/* The latest durable writes of two files, so that there is one of another file than any. */
static void note_copy(struct crash__lint *lint, crash__node_id node)
{
	uint32_t write = lint->nodes[node].last_write;

	if (write == CRASH__NEVER || lint->steps[write].abandoned)
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
		note_copy(lint, node);
		if (sync->sync != CRASH__SYNC_ALL)
			return;
	}
}

static void take_step(struct crash__lint *lint, uint32_t step)
{
	const struct crash__fs *fs = lint->fs;
	const struct crash__step *now = &fs->steps[step];
	uint32_t *at;

	for (uint32_t i = 0; i < now->effects; i++) {
		const struct crash__effect *effect = &fs->effects[now->first_effect + i];

		if (effect->kind == CRASH__EFFECT_ENTRY) {
			change_entry(lint, step, effect);
		} else if (effect->kind != CRASH__EFFECT_ATTRIBUTES) {
			lint->nodes[effect->node].last_write = step;
			note_use(lint, step, effect->node);
			if (effect->kind != CRASH__EFFECT_SIZE)
				note_blocks(lint, step, effect);
		}
	}
	synced_now(lint, step);
	if (now->effects) {
		at = CRASH__PUSH(&lint->authors[lint->steps[step].author], steps);
		if (at)
			*at = step;
		else
			no_memory(lint);
	}
	if (lint->error == 0)
		lint->error = crash__view_advance(lint->view, step);
}

static void check_step(struct crash__lint *lint, uint32_t step, uint32_t rules)
{
	for (size_t i = 0; i < crash__lint_rule_count && lint->error == 0; i++)
		if (rules & 1u << i) {
			lint->rule = &crash__lint_rules[i];
			lint->rule->check(lint, step);
		}
}

static void walk(struct crash__lint *lint, uint32_t rules)
{
	uint32_t steps = (uint32_t)lint->fs->steps_count;

	for (uint32_t step = 0; step < steps && lint->error == 0; step++) {
		lint->told_count = 0;
		if (lint->fs->steps[step].event->kind == CRASH__EVENT_ACK)
			collect_told(lint, step);
		check_step(lint, step, rules);
		take_step(lint, step);
	}
	if (lint->error == 0)
		collect_rest(lint);
	check_step(lint, steps, rules);
}

/* ------------------------------------------------------------------ mistakes */

static char *signature(struct crash__lint *lint, uint32_t step)
{
	return step == CRASH__NEVER ? strdup("end") : crash__place_signature(lint->places, lint->fs->steps[step].event);
}

static void make_id(struct crash__lint *lint, uint32_t lost, uint32_t relied, char id[12])
{
	char *of_lost = signature(lint, lost), *of_relied = signature(lint, relied), *whole = NULL;

	if (!of_lost || !of_relied || asprintf(&whole, "lint/%s/%s/%s", lint->rule->name, of_lost, of_relied) < 0) {
		whole = NULL;
		no_memory(lint);
	} else {
		snprintf(id, 12, "%08x", (unsigned int)XXH3_64bits(whole, strlen(whole)));
	}
	free(whole);
	free(of_lost);
	free(of_relied);
}

bool crash__lint_found(struct crash__lint *lint, enum crash__lint_part part, uint32_t lost, uint32_t relied)
{
	struct crash__mistake *mistake;
	char id[12] = "";

	make_id(lint, lost, relied, id);
	for (size_t i = 0; i < lint->mistakes_count; i++)
		if (strcmp(lint->mistakes[i].id, id) == 0) {
			lint->mistakes[i].times++;
			return false;
		}
	mistake = lint->error == 0 ? CRASH__PUSH(lint, mistakes) : NULL;
	if (!mistake) {
		no_memory(lint);
		return false;
	}
	memset(mistake, 0, sizeof *mistake);
	memcpy(mistake->id, id, sizeof id);
	mistake->rule = lint->rule;
	mistake->part = part;
	mistake->lost = lost;
	mistake->relied = relied;
	mistake->times = 1;
	return true;
}

void crash__lint_say(struct crash__lint *lint, char *sentence, char *repair)
{
	struct crash__mistake *mistake = &lint->mistakes[lint->mistakes_count - 1];

	mistake->sentence = sentence;
	mistake->repair = repair;
}

char *crash__lint_text(struct crash__lint *lint, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length >= 0)
		return text;
	no_memory(lint);
	return NULL;
}

/* Keeps a text; a failed one is shown as a question mark. */
static const char *keep(struct crash__lint *lint, char *text)
{
	char **at = text ? CRASH__PUSH(lint, texts) : NULL;

	if (!at) {
		free(text);
		no_memory(lint);
		return "?";
	}
	return *at = text;
}

const char *crash__lint_op(struct crash__lint *lint, uint32_t step)
{
	if (step == CRASH__NEVER)
		return "the end of the program";
	return keep(lint, crash__place_text(lint->places, lint->fs->steps[step].event));
}

const char *crash__lint_path(struct crash__lint *lint, crash__node_id node)
{
	return keep(lint, crash__fs_node_path(lint->fs, node, (uint32_t)lint->fs->steps_count - 1));
}

static const char *directory_text(struct crash__lint *lint, crash__node_id node)
{
	return keep(lint, crash__lint_text(lint, node == 1 ? "the %s" : "the directory %s", crash__lint_path(lint, node)));
}

const char *crash__lint_directory(struct crash__lint *lint, uint32_t step)
{
	const struct crash__step *at = &lint->fs->steps[step];

	for (uint32_t i = 0; i < at->effects; i++) {
		const struct crash__effect *effect = &lint->fs->effects[at->first_effect + i];

		if (effect->kind == CRASH__EFFECT_ENTRY)
			return directory_text(lint, lint->fs->slots[effect->slot].directory);
	}
	return "?";
}

const char *crash__lint_when(struct crash__lint *lint, uint32_t durable)
{
	char point[CRASH__NAME + 48];

	if (durable == CRASH__NEVER)
		return "never synced";
	crash__event_point(lint->fs->steps[durable].event, point, sizeof point);
	return keep(lint, crash__lint_text(lint, "synced only later, by %s", point));
}

/* ------------------------------------------------------------------ which models allow it */

static bool is_part(const struct crash__lint *lint, const struct crash__atom *atom, enum crash__lint_part part)
{
	bool named = atom->kind == CRASH__ATOM_ENTRY && lint->fs->effects[atom->effect].node;

	switch (part) {
	case CRASH__PART_DATA:
	case CRASH__PART_TORN:
		return atom->kind == CRASH__ATOM_DATA || atom->kind == CRASH__ATOM_SIZE;
	case CRASH__PART_NAME:
		return named;
	case CRASH__PART_REMOVAL:
		return atom->kind == CRASH__ATOM_ENTRY;
	}
	return false;
}

/* Whether what relied on it can be there without it: an acknowledgement always can. */
static bool relied_stays(const struct crash__set *set, const struct crash__mistake *mistake)
{
	crash__atom_id first, end;

	if (mistake->relied == CRASH__NEVER || mistake->relied == mistake->lost)
		return true;
	first = set->atoms->first[mistake->relied];
	end = set->atoms->first[mistake->relied + 1];
	for (crash__atom_id id = first; id < end; id++)
		if (!crash__set_has(set, id))
			return true;
	return first == end;
}

/* The mistake matters under a model if it can lose the one without losing the other. */
static bool allows(const struct crash__lint *lint, const struct crash__atoms *atoms, struct crash__set *set,
		   const struct crash__mistake *mistake)
{
	/* a truncation is first, and what was written then is lost */
	uint32_t last = mistake->relied == CRASH__NEVER ? (uint32_t)lint->fs->steps_count - 1 : mistake->relied;
	uint32_t step = last > mistake->lost ? last : mistake->lost;
	crash__atom_id first = atoms->first[mistake->lost], end = atoms->first[mistake->lost + 1];

	if (mistake->part == CRASH__PART_TORN)
		return end - first > 1;
	for (crash__atom_id id = first; id < end; id++) {
		if (!is_part(lint, &atoms->list[id], mistake->part) || !crash__atom_is_open(&atoms->list[id], step))
			continue;
		crash__set_begin(set, step);
		if (crash__set_omit(set, id) == 0 && relied_stays(set, mistake))
			return true;
	}
	return false;
}

static void append_name(struct crash__lint *lint, char **list, const char *name)
{
	char *longer = crash__lint_text(lint, "%s%s%s", *list ? *list : "", *list ? "," : "", name);

	free(*list);
	*list = longer;
}

static void list_model(struct crash__lint *lint, const struct crash__model *model)
{
	struct crash__atoms atoms;
	struct crash__set set = {0};
	bool made;

	if (crash__atoms_make(&atoms, lint->fs, model) < 0)
		return;
	made = crash__set_init(&set, &atoms) == 0;
	for (size_t i = 0; i < lint->mistakes_count && made; i++) {
		struct crash__mistake *mistake = &lint->mistakes[i];

		append_name(lint,
			    !model->process_only && allows(lint, &atoms, &set, mistake) ? &mistake->allowed :
											  &mistake->forbidden,
			    model->name);
	}
	crash__set_clear(&set);
	crash__atoms_clear(&atoms);
}

static void list_models(struct crash__lint *lint)
{
	char **names = lint->mistakes_count ? crash__model_names() : NULL;
	struct crash__model model;

	for (size_t i = 0; names && names[i]; i++)
		if (crash__model_read(names[i], &model) == 0)
			list_model(lint, &model);
	crash__model_names_free(names);
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
			lint->fs->nodes[node].base_path && index * CRASH__BLOCK < lint->fs->nodes[node].base_size ?
				0 :
				CRASH__NEVER;
	}
	return true;
}

static int prepare(struct crash__lint *lint)
{
	int error = crash__model_read("posix", &lint->model);

	/* an op is durable as a whole, or not: smaller units would only be more of the same */
	lint->model.tear = 0;
	if (error == 0)
		error = crash__atoms_make(&lint->atoms, lint->fs, &lint->model);
	if (error == 0)
		error = crash__view_new(&lint->atoms, CRASH__EVERYTHING, &lint->view);
	if (error == 0)
		error = crash__places_new(lint->fs->trace, lint->fs->root, &lint->places);
	if (error < 0)
		return error;
	read_end(lint);
	if (!find_step_facts(lint) || !find_node_facts(lint) || !begin_blocks(lint))
		no_memory(lint);
	return lint->error;
}

int crash__lint_run(struct crash__exploration *exploration, uint32_t rules, struct crash__lint *lint)
{
	int error;

	memset(lint, 0, sizeof *lint);
	lint->fs = &exploration->fs;
	error = prepare(lint);
	if (error < 0)
		return error;
	walk(lint, rules);
	for (size_t i = 0; i < lint->mistakes_count; i++) {
		struct crash__mistake *mistake = &lint->mistakes[i];

		mistake->lost_text = strdup(crash__lint_op(lint, mistake->lost));
		mistake->relied_text = strdup(crash__lint_op(lint, mistake->relied));
	}
	list_models(lint);
	return lint->error;
}

void crash__lint_clear(struct crash__lint *lint)
{
	for (size_t i = 0; i < lint->mistakes_count; i++) {
		struct crash__mistake *mistake = &lint->mistakes[i];

		free(mistake->sentence);
		free(mistake->repair);
		free(mistake->lost_text);
		free(mistake->relied_text);
		free(mistake->allowed);
		free(mistake->forbidden);
	}
	for (size_t i = 0; i < lint->authors_count; i++)
		free(lint->authors[i].steps);
	for (size_t i = 0; i < lint->processes_count; i++)
		free(lint->processes[i].nodes);
	for (size_t i = 0; i < lint->texts_count; i++)
		free(lint->texts[i]);
	free(lint->mistakes);
	free(lint->authors);
	free(lint->processes);
	free(lint->texts);
	free(lint->nodes);
	free(lint->steps);
	free(lint->children);
	free(lint->journals);
	free(lint->told);
	free(lint->failures);
	free(lint->block_durable);
	crash__places_free(lint->places);
	crash__view_free(lint->view);
	crash__atoms_clear(&lint->atoms);
	memset(lint, 0, sizeof *lint);
}

/* ------------------------------------------------------------------ the result */

static json_t *op_json(const struct crash__lint *lint, const char *role, uint32_t step, const char *text)
{
	const struct crash__event *event = step == CRASH__NEVER ? NULL : lint->fs->steps[step].event;
	const struct crash_frame *frames;
	json_t *stack = json_array();
	unsigned int count = 0;
	bool op = event && event->kind == CRASH__EVENT_OP;
	char point[CRASH__NAME + 48] = "";

	frames = event ? crash__place_frames(lint->places, event, &count) : NULL;
	for (unsigned int i = 0; i < count; i++)
		json_array_append_new(stack, crash__json_frame(&frames[i]));
	if (op)
		crash__event_point(event, point, sizeof point);
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "role", role, "op", crash__json_string(text), "point",
			 crash__json_string(op ? point : NULL), "file",
			 crash__json_string(op ? crash__event_path(lint->fs->trace, event) : NULL), "stack", stack);
}

static json_t *mistake_json(const struct crash__lint *lint, const struct crash__mistake *mistake)
{
	json_t *ops = json_array();

	json_array_append_new(ops, op_json(lint, "lost", mistake->lost, mistake->lost_text));
	if (mistake->relied != mistake->lost)
		json_array_append_new(ops, op_json(lint, mistake->relied == CRASH__NEVER ||
							  lint->fs->steps[mistake->relied].event->kind == CRASH__EVENT_ACK ?
						  "told" :
						  "survived",
						  mistake->relied, mistake->relied_text));
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:n, s:b}", "id", mistake->id, "kind",
			 mistake->rule->name, "scope", "power", "sentence", crash__json_string(mistake->sentence),
			 "explanation", mistake->rule->explanation, "ops", ops, "models", crash__result_names(mistake->allowed),
			 "models_not", crash__result_names(mistake->forbidden), "repair", crash__json_string(mistake->repair),
			 "times", (json_int_t)mistake->times, "replay", "accepted", 0);
}

static json_t *rules_json(const struct crash__lint *lint, uint32_t rules)
{
	json_t *list = json_array();

	for (size_t i = 0; i < crash__lint_rule_count; i++) {
		json_int_t count = 0;

		for (size_t at = 0; at < lint->mistakes_count; at++)
			count += lint->mistakes[at].rule == &crash__lint_rules[i];
		if (rules & 1u << i)
			json_array_append_new(list, json_pack("{s:s, s:I}", "rule", crash__lint_rules[i].name, "findings", count));
	}
	return list;
}

json_t *crash__lint_result(const struct crash__exploration *exploration, const struct crash__lint *lint, uint32_t rules,
			   json_t *settings)
{
	json_t *findings = json_array();

	for (size_t i = 0; i < lint->mistakes_count; i++)
		json_array_append_new(findings, mistake_json(lint, &lint->mistakes[i]));
	return json_pack("{s:o, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:o, s:b, s:o}}", "settings", settings, "findings", findings,
			 "summary", "ops", (json_int_t)lint->ops, "syncs", (json_int_t)lint->sync_ops, "acknowledgements",
			 (json_int_t)lint->acks, "ops_outside", (json_int_t)exploration->fs.ignored, "findings",
			 (json_int_t)lint->mistakes_count, "rules", rules_json(lint, rules), "complete",
			 (int)(exploration->incomplete_count == 0), "incomplete_reasons",
			 crash__result_reasons(exploration));
}
