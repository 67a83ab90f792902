/* SPDX-License-Identifier: MIT */
/*
 * A durable file is removed, emptied or replaced before what takes its place is durable.
 */
#include "explore/lint/rules.h"

/* What the process has made of a file that is about to go, and that is not durable; CRASH__NEVER: nothing. */
static uint32_t pending_replacement(const struct crash__lint *lint, uint32_t step, crash__slot_id slot,
				    crash__node_id gone, enum crash__lint_part *part, crash__node_id *made)
{
	const struct crash__lint_process *process = &lint->processes[lint->steps[step].process];

	for (size_t i = process->nodes_count; i-- > 0;) {
		crash__node_id node = process->nodes[i];
		const struct crash__lint_node *known = &lint->nodes[node];
		uint32_t lost;

		if (node == gone || !known->names || !known->slot || !matters(lint, node) ||
		    lint->fs->nodes[node].type != CRASH__NODE_FILE ||
		    !crash__lint_neighbours(lint, slot, known->slot))
			continue;
		*made = node;
		*part = CRASH__PART_DATA;
		lost = pending_write(lint, node, step);
		if (lost != CRASH__NEVER)
			return lost;
		*part = CRASH__PART_NAME;
		lost = pending_name(lint, node, step);
		if (lost != CRASH__NEVER)
			return lost;
	}
	return CRASH__NEVER;
}

static void check_removal(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = at(lint, step)->effects ? effect_at(lint, step, 0) : NULL;
	enum crash__lint_part part;
	crash__node_id gone, made;
	uint32_t lost;

	if (!effect || effect->kind != CRASH__EFFECT_ENTRY || effect->node)
		return;
	gone = lint->children[effect->slot];
	if (!gone || lint->nodes[gone].names != 1 || !has_durable_data(lint, gone, step))
		return;
	lost = pending_replacement(lint, step, effect->slot, gone, &part, &made);
	if (lost == CRASH__NEVER || !crash__lint_found(lint, part, lost, step))
		return;
	crash__lint_say(
		lint,
		crash__lint_text(
			lint,
			"%s removed a durable file when what replaces it, %s, was not durable: %s was %s",
			crash__lint_op(lint, step), crash__lint_path(lint, made), crash__lint_op(lint, lost),
			crash__lint_when(lint, part == CRASH__PART_DATA ? lint->steps[lost].data :
									  lint->steps[lost].name)),
		crash__lint_text(lint, "fsync of %s and of %s before %s", crash__lint_path(lint, made),
				 crash__lint_directory(lint, lint->nodes[made].named == CRASH__NEVER ?
								     step :
								     lint->nodes[made].named),
				 crash__lint_op(lint, step)));
}

/* A rename of another file in the same directory by the same thread, not durable: it may be lost, and this
 * one not. */
static uint32_t pending_rename(const struct crash__lint *lint, uint32_t step, crash__slot_id slot)
{
	const struct crash__lint_process *process = &lint->processes[lint->steps[step].process];
	crash__node_id directory = lint->fs->slots[slot].directory;

	for (size_t i = process->nodes_count; i-- > 0;) {
		crash__node_id node = process->nodes[i];
		const struct crash__lint_node *known = &lint->nodes[node];

		if (!known->names || !known->slot || known->slot == slot || known->named == CRASH__NEVER ||
		    lint->fs->slots[known->slot].directory != directory || !matters(lint, node) ||
		    !is_family(lint, known->named, CRASH__FAMILY_RENAME) ||
		    lint->steps[known->named].author != lint->steps[step].author)
			continue;
		if (crash__lint_pending(lint->steps[known->named].name, step))
			return known->named;
	}
	return CRASH__NEVER;
}

/* A smaller file in the place of a durable one: what it leaves out must be durable elsewhere by then. */
static void check_shrinking_rename(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = at(lint, step)->effects ? effect_at(lint, step, 0) : NULL;
	uint32_t lost;

	if (!effect || effect->kind != CRASH__EFFECT_ENTRY || !effect->node || !effect->old_node ||
	    !has_durable_data(lint, effect->old_node, step) ||
	    crash__view_size(lint->view, effect->node) >= crash__view_size(lint->view, effect->old_node))
		return;
	lost = pending_rename(lint, step, effect->slot);
	if (lost == CRASH__NEVER || !crash__lint_found(lint, CRASH__PART_NAME, lost, step))
		return;
	crash__lint_say(
		lint,
		crash__lint_text(
			lint,
			"%s put a smaller file in the place of a durable one when %s was not durable: %s was "
			"%s. The old name may come back without what was left out here",
			crash__lint_op(lint, step), crash__lint_op(lint, lost),
			crash__lint_directory(lint, lost), crash__lint_when(lint, lint->steps[lost].name)),
		crash__lint_text(lint, "fsync of %s before %s", crash__lint_directory(lint, lost),
				 crash__lint_op(lint, step)));
}

/* A copy of a file, whole and durable: a neighbour written or synced since the file was. */
static bool has_copy(const struct crash__lint *lint, uint32_t step, crash__node_id node)
{
	const struct crash__lint_process *process = &lint->processes[lint->steps[step].process];
	uint32_t since = lint->nodes[node].last_write;
	bool opened = is_family(lint, step, CRASH__FAMILY_OPEN);

	for (size_t i = process->nodes_count; i-- > 0;) {
		crash__node_id other = process->nodes[i];
		const struct crash__lint_node *known = &lint->nodes[other];

		if (other == node || known->last_sync == CRASH__NEVER ||
		    (since != CRASH__NEVER && known->last_sync < since) ||
		    lint->fs->nodes[other].type != CRASH__NODE_FILE ||
		    pending_write(lint, other, step) != CRASH__NEVER)
			continue;
		/* a log that is made short is no source, if what it was for has been synced */
		if (!opened || (known->slot && lint->nodes[node].slot &&
				crash__lint_neighbours(lint, known->slot, lint->nodes[node].slot)))
			return true;
	}
	return false;
}

/* A file is emptied, and written again: until that is durable there is nothing. */
static void check_truncation(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = at(lint, step)->effects ? effect_at(lint, step, 0) : NULL;
	crash__node_id node;
	uint32_t write;

	if (!effect || effect->kind != CRASH__EFFECT_SIZE || effect->size != 0)
		return;
	node = effect->node;
	write = lint->steps[step].next_write;
	if (!matters(lint, node) || lint->nodes[node].moved || !has_durable_data(lint, node, step) ||
	    write == CRASH__NEVER || !is_family(lint, write, CRASH__FAMILY_WRITE) ||
	    !crash__lint_same_process(lint, write, step) || has_copy(lint, step, node) ||
	    !crash__lint_found(lint, CRASH__PART_DATA, write, step))
		return;
	crash__lint_say(
		lint,
		crash__lint_text(
			lint,
			"%s emptied a durable file before its replacement, %s, was even written; that was %s",
			crash__lint_op(lint, step), crash__lint_op(lint, write),
			crash__lint_when(lint, lint->steps[write].data)),
		crash__lint_text(lint,
				 "write a new file, fsync it, rename it over %s, and fsync the directory",
				 crash__lint_path(lint, node)));
}

void crash__check_source_removed(struct crash__lint *lint, uint32_t step)
{
	if (is_family(lint, step, CRASH__FAMILY_UNLINK))
		check_removal(lint, step);
	else if (is_family(lint, step, CRASH__FAMILY_RENAME))
		check_shrinking_rename(lint, step);
	else if (is_family(lint, step, CRASH__FAMILY_OPEN) || is_family(lint, step, CRASH__FAMILY_TRUNCATE))
		check_truncation(lint, step);
}
