/* SPDX-License-Identifier: MIT */
#include "explore/lint/pending.h"

bool crash__is_pending(uint32_t durable, uint32_t step)
{
	return durable > step || durable == CRASH__NEVER;
}

uint32_t crash__pending_write(const struct crash__lint *lint, crash__node_id node, uint32_t step)
{
	uint32_t last = lint->nodes[node].last_write;

	return last != CRASH__NEVER && crash__is_pending(lint->steps[last].data, step) ? last : CRASH__NEVER;
}

uint32_t crash__pending_name(const struct crash__lint *lint, crash__node_id node, uint32_t step)
{
	uint32_t named = lint->nodes[node].named;

	return named != CRASH__NEVER && crash__is_pending(lint->steps[named].name, step) ? named :
											   CRASH__NEVER;
}

bool crash__has_durable_data(const struct crash__lint *lint, crash__node_id node, uint32_t step)
{
	const struct crash__lint_node *known = &lint->nodes[node];

	if (lint->fs->nodes[node].type != CRASH__NODE_FILE)
		return false;
	if (lint->fs->nodes[node].base_path && lint->fs->nodes[node].base_size)
		return true;
	return known->last_write != CRASH__NEVER &&
	       (known->last_sync != CRASH__NEVER ||
		!crash__is_pending(lint->steps[known->last_write].data, step));
}

bool crash__find_pending(const struct crash__lint *lint, crash__node_id node, uint32_t step,
			 enum crash__lint_part *part, uint32_t *lost)
{
	*part = CRASH__PART_DATA;
	*lost = crash__pending_write(lint, node, step);
	if (*lost != CRASH__NEVER)
		return true;
	*part = CRASH__PART_NAME;
	*lost = crash__pending_name(lint, node, step);
	return *lost != CRASH__NEVER;
}

/* ------------------------------------------------------------------ moved to another directory */

const struct crash__effect *crash__moved_from(const struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *from = NULL, *to = NULL;

	for (uint32_t i = 0; i < at(lint, step)->effects && is_family(lint, step, CRASH__FAMILY_RENAME);
	     i++) {
		const struct crash__effect *effect = effect_at(lint, step, i);

		if (effect->kind == CRASH__EFFECT_ENTRY)
			*(effect->node ? &to : &from) = effect;
	}
	return from && to && from->old_node == to->node &&
			       lint->fs->slots[from->slot].directory != lint->fs->slots[to->slot].directory ?
		       from :
		       NULL;
}

bool crash__had_durable_name(const struct crash__lint *lint, uint32_t step)
{
	uint32_t taken = lint->steps[step].taken;

	return taken == 0 || !crash__is_pending(lint->steps[taken - 1].name, step);
}
