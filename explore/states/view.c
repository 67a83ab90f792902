/* SPDX-License-Identifier: MIT */
#include "explore/states/view.h"

#include <assert.h>

#include "base/error.h"
#include "explore/states/block_content.h"
#include "explore/states/state_hash.h"
#include "explore/states/view_attributes.h"
#include "explore/states/view_parts.h"

/* ------------------------------------------------------------------ nodes */

/*
 * How far pages reach that were written back while the size of the file was one that is not shown. What is
 * older than the size that is shown does not count, and nothing reaches beyond the size that the file had
 * when the step was over: the pages of a step come before its size, and one that it zeroed behind the old end
 * reaches beyond the old size.
 */
static uint64_t reach_of(const struct crash__view *view, crash__node_id id, crash__atom_id shown)
{
	const struct crash__view_node *node = &view->nodes[id];
	struct crash__shown at = crash__shown_begin(view, &node->reaches);
	crash__atom_id since = 0, lost, reach;
	uint64_t most = 0, least = 0;

	if (!crash__shown_peek(view, &at, &reach) || (shown != CRASH__NEVER && reach < shown))
		return 0;
	CRASH__EACH_LINK(view, node->newest_size, lost) {
		if (shown != CRASH__NEVER && lost <= shown)
			break;
		crash__effort++;
		since = view->atoms->first[view->atoms->list[lost].step];
		if (view->atoms->list[lost].size > most)
			most = view->atoms->list[lost].size;
	}
	if (shown != CRASH__NEVER && since < shown)
		since = shown;
	for (; least < most && crash__shown_peek(view, &at, &reach) && reach >= since;
	     crash__shown_pass(view, &at, reach))
		if (view->atoms->list[reach].size > least)
			least = view->atoms->list[reach].size;
	return least;
}

/* What a page reaches to is less than the size that was set before, or the file is longer. */
static uint64_t size_of(const struct crash__view *view, crash__node_id id)
{
	struct crash__shown at = crash__shown_begin(view, &view->nodes[id].sizes);
	uint64_t least, size = view->fs->nodes[id].base_size;
	crash__atom_id shown;

	if (crash__shown_peek(view, &at, &shown))
		size = view->atoms->list[shown].size;
	else
		shown = CRASH__NEVER;
	least = reach_of(view, id, shown);
	return size > least ? size : least;
}

/*
 * Truncations hide what was behind them before, whatever is written there later. The reference only ever gets
 * more of them: what joined it has changed the limit already.
 */
static uint64_t limit_of(const struct crash__view *view, crash__node_id id)
{
	const struct crash__view_node *node = &view->nodes[id];
	uint64_t limit = CRASH__NO_LIMIT;
	crash__atom_id atom;

	if (!view->flipping)
		return node->new_limit;
	CRASH__EACH_SHOWN(view, &node->cuts, atom)
	{
		if (view->atoms->list[atom].size < limit)
			limit = view->atoms->list[atom].size;
		/* what is not in the reference came first, or is no less than this */
		if (limit <= node->base_limit && !atom_at.added)
			break;
	}
	return limit;
}

static crash__node_id child_of(const struct crash__view *view, crash__slot_id id)
{
	crash__atom_id atom;

	CRASH__EACH_SHOWN(view, &view->slots[id].entries, atom)
	{
		const struct crash__atom *change = &view->atoms->list[atom];

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

static void touch_attribute(struct crash__view *view, uint32_t index)
{
	struct crash__view_attribute *attribute = &view->attributes[index];

	if (attribute->stamp == view->stamp)
		return;
	attribute->stamp = view->stamp;
	touch_node(view, attribute->node);
	view->no_memory |= !CRASH__ADD(view, changed, index);
}

/* That the time of a node is another one now, which no op has set. */
static void touch_time(struct crash__view *view, crash__node_id id)
{
	uint32_t index;

	touch_node(view, id);
	if (crash__view_find_attribute(view, id, CRASH__TIME, &index))
		touch_attribute(view, index);
}

static void touch_attributes(struct crash__view *view, const struct crash__atom *atom)
{
	uint32_t index;

	touch_node(view, atom->node);
	CRASH__EACH_ATTRIBUTE_OF(view, atom, index)
	touch_attribute(view, index);
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
		touch_attributes(view, atom);
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
	view->changed_count = 0;
}

/* A change of size shows or hides the blocks in between. */
static void resize(struct crash__view *view, crash__node_id id)
{
	struct crash__view_node *node = &view->nodes[id];

	node->new_size = size_of(view, id);
	node->new_limit = limit_of(view, id);
	node->new_mode = crash__view_mode_of(view, id);
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
	for (size_t i = 0; i < view->difference.blocks_count && !view->hashless; i++) {
		struct crash__view_block *block = &view->blocks[view->difference.blocks[i]];
		struct crash__view_node *node = &view->nodes[block->node];

		crash__hash_subtract(&node->new_sum, block->hash);
		crash__hash_add(&node->new_sum, crash__block_content_hash(view, block, node->new_size));
	}
	for (size_t i = 0; i < view->changed_count && !view->hashless; i++) {
		struct crash__view_attribute *attribute = &view->attributes[view->changed[i]];

		attribute->new_hash = crash__view_hash_attribute(view, view->changed[i]);
		view->nodes[attribute->node].new_others += attribute->new_hash - attribute->hash;
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
	for (size_t i = 0; i < view->difference.blocks_count && !view->hashless; i++) {
		struct crash__view_block *block = &view->blocks[view->difference.blocks[i]];

		block->hash = crash__block_content_hash(view, block, view->nodes[block->node].new_size);
	}
	for (size_t i = 0; i < view->changed_count && !view->hashless; i++)
		view->attributes[view->changed[i]].hash = view->attributes[view->changed[i]].new_hash;
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

/* Puts an atom into one of the lists of what the state has; they come in order but for a few. */
static void enlist(struct crash__view *view, struct crash__view_list *list, crash__atom_id id)
{
	uint32_t *at = &list->in, head = 0;

	if (view->flipping) {
		if (list->added_stamp != view->flipping)
			list->added = 0;
		list->added_stamp = view->flipping;
		at = &list->added;
	}
	crash__view_push_link(view, &head, id);
	for (; head && *at && view->links[*at - 1].value > id; at = &view->links[*at - 1].next)
		crash__effort++;
	if (head) {
		view->links[head - 1].next = *at;
		*at = head;
	}
}

/* An atom joins the reference, or the state that a flip makes. */
static void enlist_atom(struct crash__view *view, crash__atom_id id)
{
	const struct crash__atom *atom = &view->atoms->list[id];
	struct crash__view_node *node = &view->nodes[atom->node];
	uint32_t index;

	switch (atom->kind) {
	case CRASH__ATOM_DATA:
		CRASH__EACH_BLOCK(view, node, atom->offset, atom->offset + atom->bytes, number)
			enlist(view, &view->blocks[number].shown, id);
		break;
	case CRASH__ATOM_SIZE:
		enlist(view, atom->class == CRASH__CLASS_REACH ? &node->reaches : &node->sizes, id);
		if (crash__atom_in(atom, CRASH__CUTS))
			enlist(view, &node->cuts, id);
		break;
	case CRASH__ATOM_ATTRIBUTES:
		CRASH__EACH_ATTRIBUTE_OF(view, atom, index)
		enlist(view, &view->attributes[index].shown, id);
		break;
	case CRASH__ATOM_ENTRY:
		for (uint32_t i = 0; i < atom->effects; i++)
			enlist(view, &view->slots[view->fs->effects[atom->effect + i].slot].entries, id);
		break;
	}
}

static void note_written(struct crash__view *view, const struct crash__atom *atom)
{
	const struct crash__fs *fs = view->fs;

	if (atom->kind == CRASH__ATOM_DATA || atom->kind == CRASH__ATOM_SIZE)
		view->nodes[atom->node].written = true;
	for (uint32_t i = 0; i < atom->effects && atom->kind == CRASH__ATOM_ENTRY; i++)
		view->nodes[fs->slots[fs->effects[atom->effect + i].slot].directory].written = true;
}

/* Makes the atoms of a step known: they may be in a state from now on. */
static void introduce(struct crash__view *view, uint32_t step)
{
	uint32_t index;

	for (crash__atom_id id = view->atoms->first[step]; id < view->atoms->first[step + 1]; id++) {
		const struct crash__atom *atom = &view->atoms->list[id];
		struct crash__view_node *node = &view->nodes[atom->node];

		note_written(view, atom);
		if (crash__atom_in(atom, CRASH__BEHIND_END) && atom->kind == CRASH__ATOM_DATA)
			CRASH__EACH_BLOCK(view, node, atom->offset, atom->offset + atom->bytes, number)
				crash__view_push_link(view, &view->blocks[number].behind_end, id);
		else if (atom->kind == CRASH__ATOM_SIZE && atom->class != CRASH__CLASS_REACH)
			crash__view_push_link(view, &node->newest_size, id);
		else if (atom->class == CRASH__CLASS_BIRTH)
			node->birth = 1 + id;
		CRASH__EACH_ATTRIBUTE_OF(view, atom, index)
		view->attributes[index].known = true;
	}
}

static void join(struct crash__view *view, crash__atom_id id)
{
	const struct crash__atom *atom = &view->atoms->list[id];

	if (view->in[id])
		return;
	view->in[id] = true;
	enlist_atom(view, id);
	touch_atom(view, id);
	if (crash__atom_in(atom, CRASH__CUTS) && atom->size < view->nodes[atom->node].new_limit)
		view->nodes[atom->node].new_limit = atom->size;
}

/* What becomes part of the reference at a step. */
static void touch_step(struct crash__view *view, uint32_t step)
{
	const struct crash__atoms *atoms = view->atoms;

	/* that an atom could be there and is not may show as well: as lost data, or a file that is half made
	 */
	for (crash__atom_id id = atoms->first[step]; id < atoms->first[step + 1]; id++) {
		if (view->reference == CRASH__EVERYTHING)
			join(view, id);
		touch_atom(view, id);
	}
	while (view->undated < view->fs->undated_count && view->fs->undated[view->undated].step <= step)
		touch_time(view, view->fs->undated[view->undated++].node);
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
	view->links_kept = view->links_count;
	for (size_t i = 0; i < count; i++) {
		if (!view->in[flipped[i]])
			enlist_atom(view, flipped[i]);
		touch_atom(view, flipped[i]);
	}
	settle(view);
	if (difference)
		*difference = &view->difference;
	return crash__view_error(view);
}

void crash__view_unflip(struct crash__view *view)
{
	view->links_count = view->links_kept;
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
	return crash__view_limit_now(view, node);
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
