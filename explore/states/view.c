/* SPDX-License-Identifier: MIT */
#include "explore/states/view.h"

#include <assert.h>

#include "base/error.h"
#include "explore/states/block_content.h"
#include "explore/states/state_hash.h"
#include "explore/states/view_attributes.h"
#include "explore/states/view_parts.h"

/* ------------------------------------------------------------------ nodes */

/* From the newest on: what a page reaches to is less than the size that was set before, or the file is
 * longer. */
static uint64_t size_of(const struct crash__view *view, crash__node_id id)
{
	uint64_t least = 0, size = view->fs->nodes[id].base_size;
	crash__atom_id id_of_size;

	CRASH__EACH_LINK(view, view->nodes[id].sizes, id_of_size) {
		const struct crash__atom *atom = &view->atoms->list[id_of_size];

		if (!crash__view_shows(view, id_of_size))
			continue;
		size = atom->size;
		if (atom->class != CRASH__CLASS_REACH)
			break;
		if (size > least)
			least = size;
		size = view->fs->nodes[id].base_size;
	}
	return size > least ? size : least;
}

/* Truncations hide what was behind them before, whatever is written there later. */
static uint64_t limit_of(const struct crash__view *view, crash__node_id id)
{
	uint64_t limit = CRASH__NO_LIMIT;
	crash__atom_id atom;

	CRASH__EACH_LINK(view, view->nodes[id].cuts, atom)
		if (view->atoms->list[atom].size < limit && crash__view_shows(view, atom))
			limit = view->atoms->list[atom].size;
	return limit;
}

static crash__node_id child_of(const struct crash__view *view, crash__slot_id id)
{
	crash__atom_id atom;

	CRASH__EACH_LINK(view, view->slots[id].entries, atom) {
		const struct crash__atom *change = &view->atoms->list[atom];

		if (!crash__view_shows(view, atom))
			continue;
		for (uint32_t i = 0; i < change->effects; i++)
			if (view->fs->effects[change->effect + i].slot == id)
				return view->fs->effects[change->effect + i].node;
	}
	return view->fs->slots[id].base_child;
}

/* ------------------------------------------------------------------ differences */

static void touch_node(struct crash__view *view, crash__node_id id)
{
	struct crash__view_node *node = &view->nodes[id];

	if (node->stamp == view->stamp)
		return;
	node->stamp = view->stamp;
	node->new_size = node->size;
	node->new_limit = node->base_limit;
	node->new_mode = node->mode;
	node->new_others = node->others;
	node->new_sum = node->sum;
	view->no_memory |= !CRASH__ADD(&view->difference, nodes, id);
}

static void touch_block(struct crash__view *view, uint32_t index)
{
	if (view->blocks[index].stamp == view->stamp)
		return;
	view->blocks[index].stamp = view->stamp;
	touch_node(view, view->blocks[index].node);
	view->no_memory |= !CRASH__ADD(&view->difference, blocks, index);
}

static void touch_slot(struct crash__view *view, crash__slot_id id)
{
	if (view->slots[id].stamp == view->stamp)
		return;
	view->slots[id].stamp = view->stamp;
	view->slots[id].new_child = view->slots[id].child;
	view->no_memory |= !CRASH__ADD(&view->difference, slots, id);
}

static void touch_blocks(struct crash__view *view, crash__node_id id, uint64_t offset, uint64_t end)
{
	CRASH__EACH_BLOCK(view, &view->nodes[id], offset, end, number)
		touch_block(view, number);
}

static void touch_atom(struct crash__view *view, crash__atom_id id)
{
	const struct crash__atom *atom = &view->atoms->list[id];

	switch (atom->kind) {
	case CRASH__ATOM_DATA:
		touch_blocks(view, atom->node, atom->offset, atom->offset + atom->bytes);
		break;
	case CRASH__ATOM_SIZE:
		touch_node(view, atom->node);
		/* a truncation hides, or no longer hides, whatever was written there before */
		if (crash__atom_in(atom, CRASH__CUTS))
			touch_blocks(view, atom->node, atom->size, CRASH__NO_LIMIT);
		break;
	case CRASH__ATOM_ATTRIBUTES:
		touch_node(view, atom->node);
		break;
	case CRASH__ATOM_ENTRY:
		for (uint32_t i = 0; i < atom->effects; i++)
			touch_slot(view, view->fs->effects[atom->effect + i].slot);
		break;
	}
}

static void begin_difference(struct crash__view *view)
{
	view->stamp++;
	view->difference.nodes_count = view->difference.blocks_count = view->difference.slots_count = 0;
}

/* A change of size shows or hides the blocks in between. */
static void resize(struct crash__view *view, crash__node_id id)
{
	struct crash__view_node *node = &view->nodes[id];

	node->new_size = size_of(view, id);
	node->new_limit = limit_of(view, id);
	node->new_mode = crash__view_mode_of(view, id);
	node->new_others = crash__view_others_of(view, id);
	if (node->new_size < node->size)
		touch_blocks(view, id, node->new_size, node->size);
	else if (node->new_size > node->size)
		touch_blocks(view, id, node->size, node->new_size);
}

/* Computes the touched nodes anew. */
static void settle_nodes(struct crash__view *view)
{
	for (size_t i = 0; i < view->difference.nodes_count; i++)
		resize(view, view->difference.nodes[i]);
	for (size_t i = 0; i < view->difference.blocks_count; i++) {
		struct crash__view_block *block = &view->blocks[view->difference.blocks[i]];
		struct crash__view_node *node = &view->nodes[block->node];

		crash__hash_subtract(&node->new_sum, block->hash);
		crash__hash_add(&node->new_sum, crash__block_content_hash(view, block, node->new_size));
	}
}

/* Slots that hold a touched node change, too. */
static void settle_slots(struct crash__view *view)
{
	size_t own = view->difference.slots_count;
	crash__slot_id slot;

	for (size_t i = 0; i < own; i++)
		view->slots[view->difference.slots[i]].new_child = child_of(view, view->difference.slots[i]);
	for (size_t i = 0; i < view->difference.nodes_count; i++)
		CRASH__EACH_LINK(view, view->nodes[view->difference.nodes[i]].slots, slot)
			if (view->slots[slot].child == view->difference.nodes[i])
				touch_slot(view, slot);
}

/* Makes the state that the difference leads to the reference. */
static void adopt(struct crash__view *view)
{
	for (size_t i = 0; i < view->difference.blocks_count; i++) {
		struct crash__view_block *block = &view->blocks[view->difference.blocks[i]];

		block->hash = crash__block_content_hash(view, block, view->nodes[block->node].new_size);
	}
	crash__state_hash_adopt(view);
	for (size_t i = 0; i < view->difference.nodes_count; i++) {
		struct crash__view_node *node = &view->nodes[view->difference.nodes[i]];

		node->size = node->new_size;
		node->base_limit = node->new_limit;
		node->mode = node->new_mode;
		node->others = node->new_others;
		node->sum = node->new_sum;
	}
	view->stamp++; /* nothing is touched any more */
}

static void settle(struct crash__view *view)
{
	settle_nodes(view);
	settle_slots(view);
}

/* ------------------------------------------------------------------ advancing */

/* Makes the atoms of a step known: they may be in a state from now on. */
static void introduce(struct crash__view *view, uint32_t step)
{
	for (crash__atom_id id = view->atoms->first[step]; id < view->atoms->first[step + 1]; id++) {
		const struct crash__atom *atom = &view->atoms->list[id];

		switch (atom->kind) {
		case CRASH__ATOM_DATA:
			view->nodes[atom->node].written = true;
			CRASH__EACH_BLOCK(view, &view->nodes[atom->node], atom->offset,
					  atom->offset + atom->bytes, number)
				crash__view_push_link(view, &view->blocks[number].atoms, id);
			break;
		case CRASH__ATOM_SIZE:
			view->nodes[atom->node].written = true;
			crash__view_push_link(view, &view->nodes[atom->node].sizes, id);
			if (crash__atom_in(atom, CRASH__CUTS))
				crash__view_push_link(view, &view->nodes[atom->node].cuts, id);
			break;
		case CRASH__ATOM_ATTRIBUTES:
			crash__view_push_link(view, &view->nodes[atom->node].attributes, id);
			break;
		case CRASH__ATOM_ENTRY:
			for (uint32_t i = 0; i < atom->effects; i++) {
				crash__slot_id slot = view->fs->effects[atom->effect + i].slot;

				view->nodes[view->fs->slots[slot].directory].written = true;
				crash__view_push_link(view, &view->slots[slot].entries, id);
			}
			break;
		}
	}
}

static void join(struct crash__view *view, crash__atom_id id)
{
	if (view->in[id])
		return;
	view->in[id] = true;
	touch_atom(view, id);
}

/* What becomes part of the reference at a step. */
static void touch_step(struct crash__view *view, uint32_t step)
{
	const struct crash__atoms *atoms = view->atoms;

	/* that an atom could be there and is not may show as well: as lost data, or a file that is half made
	 */
	for (crash__atom_id id = atoms->first[step]; id < atoms->first[step + 1]; id++) {
		view->in[id] = view->reference == CRASH__EVERYTHING;
		touch_atom(view, id);
	}
	while (view->undated < view->fs->undated_count && view->fs->undated[view->undated].step <= step)
		touch_node(view, view->fs->undated[view->undated++].node);
	for (uint32_t i = view->wait_first[step]; i < view->wait_first[step + 1]; i++)
		join(view, view->waiting[i]);
}

/*
 * All steps at once: what a touched part is in the end does not depend on what it was in between. So a part
 * that many steps change is computed once, and to go over a recording in a few strides costs no more than its
 * atoms.
 */
static void stride(struct crash__view *view, int64_t step)
{
	begin_difference(view);
	for (int64_t next = view->step + 1; next <= step; next++) {
		introduce(view, (uint32_t)next);
		touch_step(view, (uint32_t)next);
	}
	view->step = step; /* what times count then is asked of it */
	settle(view);
	/* the lists of the difference stay as they are while the reference moves on */
	adopt(view);
}

int crash__view_advance(struct crash__view *view, int64_t step)
{
	assert(!view->flipping && step >= view->step && step < (int64_t)view->fs->steps_count);
	if (view->step < step && crash__view_error(view) == 0)
		stride(view, step);
	return crash__view_error(view);
}

int crash__view_advance_difference(struct crash__view *view, int64_t step,
				   const struct crash__difference **difference)
{
	assert(!view->flipping && step > view->step && step < (int64_t)view->fs->steps_count);
	stride(view, step);
	*difference = &view->difference;
	return crash__view_error(view);
}

void crash__view_choose(struct crash__view *view, unsigned int choice)
{
	assert(!view->flipping);
	view->lost_data = crash__model_choice(view->atoms->model, choice);
}

int64_t crash__view_step(const struct crash__view *view)
{
	return view->step;
}

struct crash__hash crash__view_hash(const struct crash__view *view)
{
	return view->hash;
}

int crash__view_flip(struct crash__view *view, const crash__atom_id *flipped, size_t count,
		     const struct crash__difference **difference)
{
	assert(!view->flipping);
	begin_difference(view);
	view->flipping = view->stamp;
	for (size_t i = 0; i < count; i++) {
		assert(flipped[i] < view->atoms->first[view->step + 1]); /* it has been done */
		view->flip_stamp[flipped[i]] = view->flipping;
	}
	for (size_t i = 0; i < count; i++)
		touch_atom(view, flipped[i]);
	settle(view);
	if (difference)
		*difference = &view->difference;
	return crash__view_error(view);
}

void crash__view_unflip(struct crash__view *view)
{
	view->flipping = 0;
	view->moving = false;
	view->stamp++;
}

int crash__view_hash_flipped(struct crash__view *view, const crash__atom_id *flipped, size_t count,
			     struct crash__hash *hash)
{
	int error = crash__view_flip(view, flipped, count, NULL);

	*hash = crash__state_hash_of_difference(view);
	crash__view_unflip(view);
	return error;
}

/* ------------------------------------------------------------------ questions */

bool crash__view_has(const struct crash__view *view, crash__atom_id atom)
{
	assert(atom < view->atoms->list_count);
	return view->in[atom];
}

crash__node_id crash__view_child(const struct crash__view *view, crash__slot_id slot)
{
	assert(slot && slot < view->fs->slots_count);
	return crash__view_child_now(view, slot);
}

uint64_t crash__view_size(const struct crash__view *view, crash__node_id node)
{
	assert(node && node < view->fs->nodes_count);
	return crash__view_size_now(view, node);
}

uint32_t crash__view_mode(const struct crash__view *view, crash__node_id node)
{
	return view->nodes[node].stamp == view->stamp ? view->nodes[node].new_mode : view->nodes[node].mode;
}

bool crash__view_is_written(const struct crash__view *view, crash__node_id node)
{
	return view->nodes[node].written;
}

uint64_t crash__view_base_limit(const struct crash__view *view, crash__node_id node)
{
	return view->nodes[node].stamp == view->stamp ? view->nodes[node].new_limit :
							view->nodes[node].base_limit;
}

uint32_t crash__view_blocks(const struct crash__view *view)
{
	return (uint32_t)view->blocks_count;
}

void crash__view_block(const struct crash__view *view, uint32_t block, crash__node_id *node, uint64_t *index)
{
	assert(block < view->blocks_count);
	*node = view->blocks[block].node;
	*index = view->blocks[block].index;
}

bool crash__view_find_block(const struct crash__view *view, crash__node_id node, uint64_t index,
			    uint32_t *block)
{
	const struct crash__view_node *known = &view->nodes[node];

	*block = crash__view_lower_block(view, known, index);
	return *block < known->first_block + known->blocks;
}
