/* SPDX-License-Identifier: MIT */
/*
 * Durable data is written over, and nothing durable has a copy of it.
 */
#include "explore/lint/rules.h"
#include "explore/states/block_content.h"

/* What a disk writes whole: no file system was found to tear it. */
#define SECTOR 512

struct span {
	uint64_t first, last; /* bytes that change, and were not zero */
};

/* What of a write changes bytes that somebody could rely on. */
static bool find_change(struct crash__lint *lint, uint32_t step, const struct crash__effect *effect,
			struct span *span)
{
	unsigned char old[CRASH__BLOCK], new[CRASH__BLOCK];
	uint64_t index, end = effect->offset + effect->bytes;
	uint32_t block;
	crash__node_id node;
	bool any = false;

	if (!crash__view_find_block(lint->view, effect->node, effect->offset / CRASH__BLOCK, &block))
		return false;
	for (; block < crash__view_blocks(lint->view); block++) {
		uint64_t start, from, to;
		size_t inside;

		crash__view_block(lint->view, block, &node, &index);
		start = index * CRASH__BLOCK;
		if (node != effect->node || start >= end)
			break;
		if (lint->block_durable[block] > step)
			continue;
		lint->error = crash__view_content(lint->view, block, old, &inside);
		if (lint->error < 0)
			return false;
		from = start > effect->offset ? start : effect->offset;
		to = start + inside < end ? start + inside : end;
		if (from >= to)
			continue;
		crash__event_copy(at(lint, step)->event, from - effect->offset, new, (size_t)(to - from));
		for (uint64_t byte = from; byte < to; byte++) {
			if (!old[byte - start] || old[byte - start] == new[byte - from])
				continue;
			if (!any)
				span->first = byte;
			span->last = byte;
			any = true;
		}
	}
	return any;
}

static bool is_one_sector(const struct crash__effect *effect)
{
	return effect->kind == CRASH__EFFECT_DATA &&
	       effect->offset / SECTOR == (effect->offset + effect->bytes - 1) / SECTOR;
}

/* Some file keeps a copy: a journal or backup was made durable since this file was synced last. */
static bool is_journaled(const struct crash__lint *lint, crash__node_id node)
{
	const struct crash__lint_node *known = &lint->nodes[node];
	bool own = lint->copies[0].node == node;
	uint32_t write = lint->copies[own].write;

	return lint->copies[own].node && (known->last_sync == CRASH__NEVER || write > known->last_sync);
}

/*
 * What is written over may not be in use: in a file whose pages are never overwritten while they are valid,
 * the next write after the sync is a small one, which makes the new pages valid at once.
 */
static bool is_switched(const struct crash__lint *lint, uint32_t step)
{
	uint32_t durable = lint->steps[step].data;

	for (uint32_t write = lint->steps[step].next_write; write != CRASH__NEVER;
	     write = lint->steps[write].next_write)
		if (write > durable)
			return at(lint, write)->effects && is_one_sector(effect_at(lint, write, 0));
	return false;
}

void crash__check_overwrite(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect;
	struct span span;

	if (!is_family(lint, step, CRASH__FAMILY_WRITE) || !at(lint, step)->effects)
		return;
	effect = effect_at(lint, step, 0);
	if (effect->kind != CRASH__EFFECT_DATA || effect->offset >= effect->old_size ||
	    !matters(lint, effect->node) || !lint->nodes[effect->node].names ||
	    is_journaled(lint, effect->node) || is_switched(lint, step) ||
	    !find_change(lint, step, effect, &span) || span.first / SECTOR == span.last / SECTOR ||
	    !crash__lint_found(lint, CRASH__PART_TORN, step, step))
		return;
	crash__lint_say(lint,
			crash__lint_text(lint,
					 "%s overwrote durable data in place, in more than one sector, and "
					 "nothing durable had a "
					 "copy of the old or of the new content",
					 crash__lint_op(lint, step)),
			crash__lint_text(lint,
					 "write the old or the new content to a journal and fsync that "
					 "before %s; or write a new "
					 "file and rename it",
					 crash__lint_op(lint, step)));
}
