/* SPDX-License-Identifier: MIT */
/*
 * Names that are there before their data is, and names that may vanish.
 */
#include "explore/lint/rules.h"

/* A file made in this run, or put over another: a log that is moved out of the way is neither. */
static bool goes_into_place(const struct crash__lint *lint, const struct crash__effect *effect)
{
	return !lint->fs->nodes[effect->node].base_path || effect->old_node;
}

void crash__check_unsynced_rename(struct crash__lint *lint, uint32_t step)
{
	if (!is_family(lint, step, CRASH__FAMILY_RENAME) && !is_family(lint, step, CRASH__FAMILY_LINK))
		return;
	for (uint32_t i = 0; i < at(lint, step)->effects; i++) {
		const struct crash__effect *effect = effect_at(lint, step, i);
		uint32_t write;

		if (effect->kind != CRASH__EFFECT_ENTRY || !effect->node || !matters(lint, effect->node) ||
		    !goes_into_place(lint, effect))
			continue;
		write = pending_write(lint, effect->node, step);
		if (write == CRASH__NEVER)
			continue;
		lint->nodes[effect->node].blamed = step + 1;
		if (!crash__lint_found(lint, CRASH__PART_DATA, write, step))
			continue;
		crash__lint_say(
			lint,
			crash__lint_text(lint,
					 "%s put a file into place whose data was not durable: %s was %s",
					 crash__lint_op(lint, step), crash__lint_op(lint, write),
					 crash__lint_when(lint, lint->steps[write].data)),
			crash__lint_text(lint, "fsync of the file before %s", crash__lint_op(lint, step)));
	}
}

/* ------------------------------------------------------------------ names that may vanish */

/* The name that a step gave and that is still there; 0: none, or it was not durable and is of no matter. */
static crash__node_id lasting_name(const struct crash__lint *lint, uint32_t step)
{
	if (lint->steps[step].passing)
		return 0;
	for (uint32_t i = 0; i < at(lint, step)->effects; i++) {
		const struct crash__effect *effect = effect_at(lint, step, i);

		if (effect->kind == CRASH__EFFECT_ENTRY && effect->node &&
		    lint->children[effect->slot] == effect->node && matters(lint, effect->node))
			return effect->node;
	}
	return 0;
}

/* Nobody is told of a file that is empty so far. */
static bool is_empty(const struct crash__lint *lint, crash__node_id node)
{
	return lint->fs->nodes[node].type == CRASH__NODE_FILE && crash__view_size(lint->view, node) == 0;
}

void crash__check_undurable_name(struct crash__lint *lint, uint32_t step)
{
	bool end = is_end(lint, step);
	uint32_t relied = end ? CRASH__NEVER : step;

	if (end && !lint->ended)
		return;
	for (size_t i = 0; i < lint->told_count; i++) {
		uint32_t named = lint->told[i], durable = lint->steps[named].name;
		crash__node_id node;

		if (!crash__lint_pending(durable, step) || (node = lasting_name(lint, named)) == 0 ||
		    (!end && is_empty(lint, node)) ||
		    !crash__lint_found(lint, CRASH__PART_NAME, named, relied))
			continue;
		crash__lint_say(
			lint,
			crash__lint_text(
				lint, "%s made a name that %s %s: %s was %s%s", crash__lint_op(lint, named),
				end ? "was not durable at" : "was not durable when the world was told:",
				crash__lint_op(lint, relied), crash__lint_directory(lint, named),
				crash__lint_when(lint, durable),
				pending_write(lint, node, step) != CRASH__NEVER ?
					", and neither is its data" :
					""),
			crash__lint_text(lint, "fsync of %s after %s", crash__lint_directory(lint, named),
					 crash__lint_op(lint, named)));
	}
}
