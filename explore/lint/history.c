/* SPDX-License-Identifier: MIT */
#include "explore/lint/history.h"

#include <ctype.h>

#include "base/effort.h"
#include "explore/lint/authors.h"

/* So much of a write is looked at to tell whether it is text. */
#define TEXT_LOOKED_AT 256

/* ------------------------------------------------------------------ steps */

static void latest(uint32_t *at, uint32_t durable)
{
	if (durable > *at)
		*at = durable;
}

static void note_atom(struct crash__lint *lint, const struct crash__atom *atom)
{
	struct crash__lint_step *step = &lint->steps[atom->step];

	step->abandoned |= atom->abandoned;
	if (atom->kind == CRASH__ATOM_DATA || atom->kind == CRASH__ATOM_SIZE) {
		step->node = atom->node;
		step->partly |= atom->kind == CRASH__ATOM_DATA && atom->durable != CRASH__NEVER;
		latest(&step->data, atom->durable);
	}
	for (uint32_t i = 0; atom->kind == CRASH__ATOM_ENTRY && i < atom->effects; i++)
		latest(lint->fs->effects[atom->effect + i].node ? &step->name : &step->removal,
		       atom->durable);
}

/* Writes of one node are a list in both directions. `last` has 1 + the last step so far of each node. */
static void chain_write(struct crash__lint *lint, uint32_t step, uint32_t *last)
{
	struct crash__lint_step *at = &lint->steps[step];

	at->previous_write = at->next_write = CRASH__NEVER;
	if (!at->node)
		return;
	if (last[at->node]) {
		at->previous_write = last[at->node] - 1;
		lint->steps[at->previous_write].next_write = step;
	}
	last[at->node] = step + 1;
}

static void note_author(struct crash__lint *lint, uint32_t step)
{
	struct crash__lint_step *at = &lint->steps[step];

	at->author = crash__author_of(lint, lint->fs->steps[step].event);
	if (lint->error < 0)
		return;
	at->process = lint->authors[at->author].process;
	lint->processes[at->process].last_step = step;
}

static void note_overwrite(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = first_effect(lint, step);

	if (effect && effect->kind == CRASH__EFFECT_DATA && effect->offset < effect->old_size &&
	    !CRASH__ADD(lint, overwrites, step))
		crash__lint_no_memory(lint);
}

bool crash__history_of_steps(struct crash__lint *lint)
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
	for (uint32_t step = 0; step < fs->steps_count && lint->error == 0; step++) {
		/* what a failed sync has left is for one rule alone */
		if (lint->steps[step].abandoned)
			lint->steps[step].data = 0;
		chain_write(lint, step, last);
		note_author(lint, step);
		note_overwrite(lint, step);
		lint->ops += fs->steps[step].event->kind == CRASH__EVENT_OP;
		lint->acks += fs->steps[step].event->kind == CRASH__EVENT_ACK;
		lint->sync_ops += fs->steps[step].sync != CRASH__SYNC_NONE;
	}
	lint->syncs = lint->sync_ops > 0;
	free(last);
	return true;
}

/* ------------------------------------------------------------------ nodes */

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

static void note_entry(struct crash__lint *lint, const struct crash__step *step,
		       const struct crash__effect *effect)
{
	struct crash__lint_node *node = &lint->nodes[effect->node];
	struct crash__lint_node *old = &lint->nodes[effect->old_node];

	/* node 0 is not used: it takes what is said of a name that was removed */
	if (step->event->family == CRASH__FAMILY_RENAME || step->event->family == CRASH__FAMILY_LINK)
		node->placed = true;
	else if (!node->first_slot)
		node->first_slot = effect->slot;
	node->names++;
	node->removed = false;
	node->renamed |= step->event->family == CRASH__FAMILY_RENAME;
	if (effect->old_node && --old->names == 0)
		old->removed = step->event->family == CRASH__FAMILY_UNLINK;
}

static void note_effect(struct crash__lint *lint, const struct crash__step *step,
			const struct crash__effect *effect)
{
	struct crash__lint_node *node = &lint->nodes[effect->node];

	switch (effect->kind) {
	case CRASH__EFFECT_DATA:
		node->written = true;
		if (step->event->kernel != CRASH__CALL_store)
			node->only_stores = false;
		if (effect->offset < effect->old_size || !is_text(step->event))
			node->only_lines = false;
		break;
	case CRASH__EFFECT_ZERO:
		node->only_lines = node->only_stores = false;
		break;
	case CRASH__EFFECT_SIZE:
		if (effect->size < effect->old_size)
			node->only_lines = false;
		break;
	case CRASH__EFFECT_ENTRY:
		note_entry(lint, step, effect);
		break;
	case CRASH__EFFECT_TAIL:
	case CRASH__EFFECT_ATTRIBUTES:
		break;
	}
}

/* A name that a rename takes from its file was moved on. `named` has 1 + the step that gave each name. */
static void note_moved_on(struct crash__lint *lint, uint32_t step, const struct crash__effect *effect,
			  uint32_t *named)
{
	if (effect->kind != CRASH__EFFECT_ENTRY)
		return;
	if (!effect->node && named[effect->slot] &&
	    lint->fs->steps[step].event->family == CRASH__FAMILY_RENAME)
		lint->steps[named[effect->slot] - 1].moved_on = true;
	if (!effect->node)
		lint->steps[step].taken = named[effect->slot];
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

/*
 * A file from before the run was not made to be put into place, nor was one that only made way, or has its
 * first name still. `named` is not 0 where a name leads somewhere at the end of the run.
 */
static void find_placed(struct crash__lint *lint, const uint32_t *named)
{
	for (size_t i = 1; i < lint->fs->nodes_count; i++)
		lint->nodes[i].placed &= !lint->fs->nodes[i].base_path && !named[lint->nodes[i].first_slot];
}

static void note_step(struct crash__lint *lint, uint32_t step, uint32_t *named)
{
	const struct crash__step *now = &lint->fs->steps[step];
	crash__node_id written = lint->steps[step].node;

	for (uint32_t i = 0; i < now->effects; i++) {
		const struct crash__effect *effect = &lint->fs->effects[now->first_effect + i];

		note_effect(lint, now, effect);
		note_moved_on(lint, step, effect, named);
	}
	if (written && lint->nodes[written].first_write == CRASH__NEVER)
		lint->nodes[written].first_write = step;
	note_sync(lint, now);
}

/* Lists the writes of each node: where they begin is known when they are counted. */
static bool list_writes(struct crash__lint *lint)
{
	size_t steps = lint->fs->steps_count;
	uint32_t first = 0;

	lint->writes = malloc((steps + 1) * sizeof *lint->writes);
	if (!lint->writes)
		return false;
	for (uint32_t step = 0; step < steps; step++)
		lint->nodes[lint->steps[step].node].write_count++;
	for (size_t i = 0; i < lint->fs->nodes_count; i++) {
		lint->nodes[i].writes = first;
		first += lint->nodes[i].write_count;
		lint->nodes[i].write_count = 0;
	}
	for (uint32_t step = 0; step < steps; step++) {
		struct crash__lint_node *node = &lint->nodes[lint->steps[step].node];

		lint->writes[node->writes + node->write_count++] = step;
	}
	return true;
}

uint32_t crash__write_behind(const struct crash__lint *lint, crash__node_id node, uint32_t step)
{
	const struct crash__lint_node *known = &lint->nodes[node];
	uint32_t low = known->writes, end = low + known->write_count, high = end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		crash__effort++;
		if (lint->writes[middle] <= step)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end ? lint->writes[low] : CRASH__NEVER;
}

bool crash__history_of_nodes(struct crash__lint *lint)
{
	const struct crash__fs *fs = lint->fs;
	uint32_t *named = calloc(fs->slots_count, sizeof *named);

	lint->nodes = calloc(fs->nodes_count, sizeof *lint->nodes);
	lint->children = calloc(fs->slots_count, sizeof *lint->children);
	if (!named || !lint->nodes || !lint->children || !list_writes(lint)) {
		free(named);
		return false;
	}
	begin_nodes(lint);
	for (size_t i = 1; i < fs->nodes_count; i++) {
		lint->nodes[i].only_lines = lint->nodes[i].only_stores = true;
		lint->nodes[i].first_write = CRASH__NEVER;
	}
	for (uint32_t step = 0; step < fs->steps_count; step++)
		note_step(lint, step, named);
	find_placed(lint, named);
	free(named);
	begin_nodes(lint); /* for the walk */
	return true;
}
