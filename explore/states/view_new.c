/* SPDX-License-Identifier: MIT */
#include "explore/states/view_new.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "explore/fs/data_ranges.h"
#include "explore/states/block_content.h"
#include "explore/states/state_hash.h"
#include "explore/states/view_attributes.h"
#include "explore/states/view_parts.h"

#define FEW_NAMES 8 /* of a file, so many are looked at for one that is there already */

static int compare_blocks(const void *a, const void *b)
{
	const struct crash__view_block *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static bool add_blocks(struct crash__view *view, crash__node_id node, uint64_t from, uint64_t end)
{
	for (uint64_t index = from / CRASH__BLOCK; index <= (end - 1) / CRASH__BLOCK; index++) {
		if (view->blocks_count && view->blocks[view->blocks_count - 1].node == node &&
		    view->blocks[view->blocks_count - 1].index == index)
			continue;
		if (!CRASH__ADD(view, blocks, (struct crash__view_block){.node = node, .index = index}))
			return false;
	}
	return true;
}

/* Of a range that becomes zeros, those blocks that may have had anything else. */
static bool add_zeroed_blocks(struct crash__view *view, const struct crash__atom *atom)
{
	uint64_t at = atom->offset, end = atom->offset + atom->bytes;
	const struct crash__data_range *data;

	while (at < end && (data = crash__data_ranges_next(view->fs, atom->node, at)) && data->start < end) {
		at = data->end < end ? data->end : end;
		if (!add_blocks(view, atom->node, data->start > atom->offset ? data->start : atom->offset,
				at))
			return false;
	}
	return true;
}

/* All blocks that any op writes to, in order, each once. One to which zeros are moved may show what it had.
 */
static bool find_blocks(struct crash__view *view)
{
	size_t kept = 0;

	for (size_t i = 0; i < view->atoms->list_count; i++) {
		const struct crash__atom *atom = &view->atoms->list[i];

		if (atom->kind != CRASH__ATOM_DATA)
			continue;
		if (view->fs->effects[atom->effect].kind == CRASH__EFFECT_ZERO &&
				    !crash__atom_in(atom, CRASH__MOVED) ?
			    !add_zeroed_blocks(view, atom) :
			    !add_blocks(view, atom->node, atom->offset, atom->offset + atom->bytes))
			return false;
	}
	if (view->blocks_count)
		qsort(view->blocks, view->blocks_count, sizeof *view->blocks, compare_blocks);
	for (size_t i = 0; i < view->blocks_count; i++)
		if (kept == 0 || compare_blocks(&view->blocks[kept - 1], &view->blocks[i]) != 0)
			view->blocks[kept++] = view->blocks[i];
	view->blocks_count = kept;
	for (uint32_t i = 0; i < kept; i++) {
		struct crash__view_node *node = &view->nodes[view->blocks[i].node];

		if (node->blocks++ == 0)
			node->first_block = i;
	}
	return true;
}

/* When each atom joins the reference other than by being done. */
static bool find_waiting(struct crash__view *view)
{
	size_t steps = view->fs->steps_count;
	uint32_t *count = calloc(steps + 2, sizeof *count);

	view->wait_first = count;
	if (!count)
		return false;
	for (int pass = 0; pass < 2; pass++) {
		for (crash__atom_id id = 0; id < view->atoms->list_count; id++) {
			uint32_t at = view->atoms->list[id].durable;

			if (at == CRASH__NEVER)
				continue;
			if (pass == 0)
				count[at + 1]++;
			else
				view->waiting[count[at]++] = id;
		}
		if (pass == 0) {
			for (size_t i = 1; i <= steps; i++)
				count[i] += count[i - 1];
			view->waiting = calloc(count[steps] + 1, sizeof *view->waiting);
			if (!view->waiting)
				return false;
		}
	}
	/* filling has moved each start to the next one's place */
	memmove(count + 1, count, (steps + 1) * sizeof *count);
	count[0] = 0;
	return true;
}

/*
 * What stands for a directory in hashes. One that is removed and made again is another node, which nobody
 * sees: where a directory only ever has one name, it is that name. The slots above it have theirs already,
 * being older.
 */
static uint64_t directory_identity(struct crash__view *view, crash__node_id id)
{
	struct crash__view_node *node = &view->nodes[id];
	crash__slot_id slot, only = 0;

	if (node->identity)
		return node->identity;
	node->identity = id;
	/* what the starting tree has in one of its directories need not be in any slot */
	if (view->fs->nodes[id].base_path)
		return id;
	CRASH__EACH_LINK(view, node->slots, slot) {
		if (only && slot != only)
			return id;
		only = slot;
	}
	if (only)
		node->identity = view->slots[only].name.low;
	return node->identity;
}

static struct crash__hash hash_name(uint64_t directory, const char *name)
{
	struct {
		struct crash__hash name;
		uint64_t directory;
	} what = {crash__hash_bytes(name, strlen(name), 5), directory};

	return crash__hash_bytes(&what, sizeof what, 6);
}

/* A file that is renamed to and fro has few names. */
static void note_slot(struct crash__view *view, crash__node_id node, crash__slot_id slot)
{
	crash__slot_id other;
	unsigned int looked_at = 0;

	CRASH__EACH_LINK(view, view->nodes[node].slots, other)
		if (other == slot || ++looked_at == FEW_NAMES)
			break;
	if (!view->nodes[node].slots || other != slot)
		crash__view_push_link(view, &view->nodes[node].slots, slot);
}

static void prepare_slots(struct crash__view *view)
{
	const struct crash__fs *fs = view->fs;

	for (crash__slot_id id = 1; id < fs->slots_count; id++) {
		struct crash__view_slot *slot = &view->slots[id];

		slot->child = fs->slots[id].base_child;
		slot->next = view->nodes[fs->slots[id].directory].first_slot;
		view->nodes[fs->slots[id].directory].first_slot = id;
		if (slot->child)
			crash__view_push_link(view, &view->nodes[slot->child].slots, id);
	}
	for (size_t i = 0; i < fs->effects_count; i++)
		if (fs->effects[i].kind == CRASH__EFFECT_ENTRY && fs->effects[i].node)
			note_slot(view, fs->effects[i].node, fs->effects[i].slot);
	for (crash__slot_id id = 1; id < fs->slots_count; id++)
		view->slots[id].name =
			hash_name(directory_identity(view, fs->slots[id].directory), fs->slots[id].name);
	for (crash__node_id id = 1; id < fs->nodes_count; id++)
		directory_identity(view, id);
}

static bool allocate(struct crash__view *view)
{
	const struct crash__fs *fs = view->fs;
	size_t atoms = view->atoms->list_count + 1;

	view->nodes = calloc(fs->nodes_count, sizeof *view->nodes);
	view->slots = calloc(fs->slots_count, sizeof *view->slots);
	view->in = calloc(atoms, sizeof *view->in);
	view->flip_stamp = calloc(atoms, sizeof *view->flip_stamp);
	view->step_of_effect = calloc(fs->effects_count + 1, sizeof *view->step_of_effect);
	return view->nodes && view->slots && view->in && view->flip_stamp && view->step_of_effect &&
	       find_blocks(view) && find_waiting(view) && crash__view_find_attributes(view);
}

/* As things were before the first step. */
static void prepare_nodes(struct crash__view *view)
{
	for (crash__node_id id = 1; id < view->fs->nodes_count; id++) {
		view->nodes[id].size = view->fs->nodes[id].base_size;
		view->nodes[id].base_limit = CRASH__NO_LIMIT;
		view->nodes[id].mode = view->fs->nodes[id].mode;
		view->nodes[id].others = crash__view_first_others(view, id);
	}
	for (size_t i = 0; i < view->blocks_count && !view->hashless; i++) {
		struct crash__view_block *block = &view->blocks[i];

		block->hash = crash__block_content_hash(view, block, view->nodes[block->node].size);
		crash__hash_add(&view->nodes[block->node].sum, block->hash);
	}
}

static int make_view(const struct crash__atoms *atoms, enum crash__reference reference, unsigned int choice,
		     bool hashless, struct crash__view **out)
{
	struct crash__view *view = calloc(1, sizeof *view);
	int error;

	assert(reference == CRASH__EVERYTHING || reference == CRASH__DURABLE);
	if (!view)
		return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
	view->atoms = atoms;
	view->fs = atoms->fs;
	view->reference = reference;
	view->hashless = hashless;
	view->lost_data = crash__model_choice(atoms->model, choice);
	view->step = -1;
	view->stamp = 1;
	view->no_memory = !allocate(view);
	error = crash__view_error(view);
	if (error == 0) {
		for (uint32_t step = 0; step < view->fs->steps_count; step++)
			for (uint32_t i = 0; i < view->fs->steps[step].effects; i++)
				view->step_of_effect[view->fs->steps[step].first_effect + i] = step;
		prepare_slots(view);
		prepare_nodes(view);
		view->stamp++;
		if (!view->hashless)
			crash__state_hash_begin(view);
	}
	error = crash__view_error(view);
	if (error < 0) {
		crash__view_free(view);
		return error;
	}
	*out = view;
	return 0;
}

int crash__view_new(const struct crash__atoms *atoms, enum crash__reference reference,
		    struct crash__view **out)
{
	return crash__view_new_choice(atoms, reference, 0, out);
}

int crash__view_new_choice(const struct crash__atoms *atoms, enum crash__reference reference,
			   unsigned int choice, struct crash__view **out)
{
	return make_view(atoms, reference, choice, false, out);
}

int crash__view_new_hashless(const struct crash__atoms *atoms, struct crash__view **out)
{
	return make_view(atoms, CRASH__EVERYTHING, 0, true, out);
}

void crash__view_free(struct crash__view *view)
{
	if (!view)
		return;
	free(view->known);
	free(view->known_index);
	free(view->nodes);
	free(view->slots);
	free(view->blocks);
	free(view->attributes);
	free(view->attribute_of_change);
	free(view->changed);
	free(view->links);
	free(view->waiting);
	free(view->wait_first);
	free(view->in);
	free(view->flip_stamp);
	free(view->step_of_effect);
	free(view->difference.nodes);
	free(view->difference.blocks);
	free(view->difference.slots);
	free(view->rehashed);
	free(view->toggled);
	free(view);
}
