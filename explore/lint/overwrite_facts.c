/* SPDX-License-Identifier: MIT */
#include "explore/lint/overwrite_facts.h"

#include "explore/lint/history.h"
#include "explore/states/block_content.h"

/* What a disk writes whole: no file system was found to tear it. */
#define SECTOR 512

static void compare(struct crash__overwritten *overwritten, uint64_t byte, unsigned char old,
		    unsigned char new)
{
	if (old == new)
		return;
	if (!old) {
		overwritten->zeros = true;
		return;
	}
	if (!overwritten->data)
		overwritten->first = byte;
	overwritten->last = byte;
	overwritten->data = true;
}

/* What changes in one block, which begins at `start`. */
static void compare_block(struct crash__lint *lint, uint32_t step, const struct crash__effect *effect,
			  uint32_t block, uint64_t start, struct crash__overwritten *overwritten)
{
	unsigned char old[CRASH__BLOCK], new[CRASH__BLOCK];
	uint64_t end = effect->offset + effect->bytes;
	uint64_t from = start > effect->offset ? start : effect->offset, to;
	size_t inside;

	lint->error = crash__view_content(lint->view, block, old, &inside);
	if (lint->error < 0)
		return;
	to = start + inside < end ? start + inside : end;
	if (from >= to)
		return;
	crash__event_copy(at(lint, step)->event, from - effect->offset, new, (size_t)(to - from));
	for (uint64_t byte = from; byte < to; byte++)
		compare(overwritten, byte, old[byte - start], new[byte - from]);
}

struct crash__overwritten crash__find_overwritten(struct crash__lint *lint, uint32_t step,
						  const struct crash__effect *effect)
{
	struct crash__overwritten overwritten = {0};
	uint64_t index, end = effect->offset + effect->bytes;
	crash__node_id node;
	uint32_t block;

	if (!crash__view_find_block(lint->view, effect->node, effect->offset / CRASH__BLOCK, &block))
		return overwritten;
	for (; block < crash__view_blocks(lint->view) && lint->error == 0; block++) {
		crash__view_block(lint->view, block, &node, &index);
		if (node != effect->node || index * CRASH__BLOCK >= end)
			break;
		if (lint->block_durable[block] <= step)
			compare_block(lint, step, effect, block, index * CRASH__BLOCK, &overwritten);
	}
	return overwritten;
}

bool crash__is_over_zeros(const struct crash__overwritten *overwritten)
{
	return overwritten->zeros && !overwritten->data;
}

bool crash__is_in_one_sector(const struct crash__overwritten *overwritten)
{
	return overwritten->data && overwritten->first / SECTOR == overwritten->last / SECTOR;
}

static bool is_small(const struct crash__effect *effect)
{
	return effect->kind == CRASH__EFFECT_DATA &&
	       effect->offset / SECTOR == (effect->offset + effect->bytes - 1) / SECTOR;
}

/*
 * In a file whose pages are never overwritten while they are valid, the next write after the sync is a small
 * one, which makes the new pages valid at once.
 */
bool crash__is_unused(const struct crash__lint *lint, uint32_t step)
{
	uint32_t durable = lint->steps[step].data, write;

	if (durable == CRASH__NEVER)
		return false;
	write = crash__write_behind(lint, lint->steps[step].node, durable > step ? durable : step);
	return write != CRASH__NEVER && first_effect(lint, write) && is_small(first_effect(lint, write));
}
