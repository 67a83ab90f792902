/* SPDX-License-Identifier: MIT */
/*
 * What is known of the whole run before lint walks over it: who did each step, from when on its parts are
 * durable, and what each file is used for.
 */
#include <ctype.h>
#include <string.h>

#include "explore/lint/lint_parts.h"

/* So much of a write is looked at to tell whether it is text. */
#define TEXT_LOOKED_AT 256

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
		crash__lint_no_memory(lint);
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
		crash__lint_no_memory(lint);
		return 0;
	}
	memset(author, 0, sizeof *author);
	author->process = process;
	author->tid = event->tid;
	return (uint32_t)(lint->authors_count - 1);
}

/* Whether a process is a child, or a child's child, of another. */
bool crash__lint_descends(const struct crash__lint *lint, const struct crash__lint_process *process,
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
		latest(lint->fs->effects[atom->effect + i].node ? &step->name : &step->removal,
		       atom->durable);
}

bool crash__lint_find_steps(struct crash__lint *lint)
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

static void note_effect(struct crash__lint *lint, const struct crash__step *step,
			const struct crash__effect *effect)
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
	case CRASH__EFFECT_TAIL:
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
static void note_passing(struct crash__lint *lint, uint32_t step, const struct crash__effect *effect,
			 uint32_t *named)
{
	if (effect->kind != CRASH__EFFECT_ENTRY)
		return;
	if (!effect->node && named[effect->slot] &&
	    lint->fs->steps[step].event->family == CRASH__FAMILY_RENAME)
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

bool crash__lint_find_nodes(struct crash__lint *lint)
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
