/* SPDX-License-Identifier: MIT */
#include "explore/states/state_hash.h"

#include <string.h>

#include "explore/states/view_parts.h"

/* ------------------------------------------------------------------ what a name and what it holds add to the
 * sum */

/* What a node is, as far as it can differ between states. */
static struct crash__hash node_hash(const struct crash__view *view, crash__node_id id, uint64_t size,
				    uint64_t limit, uint32_t mode, uint64_t others, struct crash__hash sum)
{
	const struct crash__node *node = &view->fs->nodes[id];
	struct {
		uint64_t size, limit, low, high, identity, mode, others;
	} what = {size, 0, sum.low, sum.high, 0, mode, others};

	/* directories differ by what is in them, which their slots say */
	if (node->type == CRASH__NODE_DIRECTORY || node->base_path)
		what.identity = view->nodes[id].identity;
	if (node->base_path && limit < node->base_size)
		what.limit = limit + 1;
	if (node->text)
		what.identity = XXH3_64bits(node->text, strlen(node->text));
	return crash__hash_bytes(&what, sizeof what, 1);
}

/* Whether a directory can be reached from the top in the state that is being looked at. */
static bool is_reachable(struct crash__view *view, crash__node_id id)
{
	struct crash__view_node *node = &view->nodes[id];
	crash__slot_id slot;

	if (!view->moving || id == 1)
		return node->reachable;
	if (node->reach_stamp == view->stamp)
		return node->new_reachable;
	node->reach_stamp = view->stamp;
	node->new_reachable = false;
	CRASH__EACH_LINK(view, node->slots, slot)
		if (crash__view_child_now(view, slot) == id &&
		    is_reachable(view, view->fs->slots[slot].directory)) {
			node->new_reachable = true;
			break;
		}
	return node->new_reachable;
}

/* The slot's part of the sum, in the state that is being looked at. */
static struct crash__hash slot_hash(struct crash__view *view, crash__slot_id id)
{
	crash__node_id child = crash__view_child_now(view, id);
	const struct crash__view_node *node = &view->nodes[child];
	struct crash__hash parts[2] = {view->slots[id].name, {0, 0}};

	if (!child || !is_reachable(view, view->fs->slots[id].directory))
		return (struct crash__hash){0, 0};
	parts[1] = node->stamp == view->stamp ? node_hash(view, child, node->new_size, node->new_limit,
							  node->new_mode, node->new_others, node->new_sum) :
						node_hash(view, child, node->size, node->base_limit,
							  node->mode, node->others, node->sum);
	return crash__hash_bytes(parts, sizeof parts, 2);
}

/* ------------------------------------------------------------------ what changes in it */

static void rehash(struct crash__view *view, crash__slot_id id)
{
	if (view->slots[id].rehash_stamp == view->stamp)
		return;
	view->slots[id].rehash_stamp = view->stamp;
	if (!CRASH__ADD(view, rehashed, id))
		view->no_memory = true;
}

static void toggle(struct crash__view *view, crash__node_id id);

/* A directory that holds, or held, a slot that changes: does it come or go, with what is in it? */
static void look_at(struct crash__view *view, crash__node_id id)
{
	struct crash__view_node *node = &view->nodes[id];

	if (!id || view->fs->nodes[id].type != CRASH__NODE_DIRECTORY || node->seen_stamp == view->stamp)
		return;
	node->seen_stamp = view->stamp;
	if (is_reachable(view, id) != node->reachable)
		toggle(view, id);
}

/* A directory becomes reachable, or is not reachable any more. */
static void toggle(struct crash__view *view, crash__node_id id)
{
	if (!CRASH__ADD(view, toggled, id)) {
		view->no_memory = true;
		return;
	}
	for (crash__slot_id slot = view->nodes[id].first_slot; slot; slot = view->slots[slot].next) {
		rehash(view, slot);
		look_at(view, view->slots[slot].child);
		look_at(view, crash__view_child_now(view, slot));
	}
}

/* Whether a directory appears or disappears: then what is below it does as well. */
static bool moves_directories(const struct crash__view *view)
{
	for (size_t i = 0; i < view->difference.slots_count; i++) {
		const struct crash__view_slot *slot = &view->slots[view->difference.slots[i]];

		if (slot->child == slot->new_child)
			continue;
		if ((slot->child && view->fs->nodes[slot->child].type == CRASH__NODE_DIRECTORY) ||
		    (slot->new_child && view->fs->nodes[slot->new_child].type == CRASH__NODE_DIRECTORY))
			return true;
	}
	return false;
}

/* Finds the slots whose part of the sum changes: those of the difference, and of directories that come or go.
 */
static void find_rehashed(struct crash__view *view)
{
	view->rehashed_count = view->toggled_count = 0;
	view->moving = moves_directories(view);
	for (size_t i = 0; i < view->difference.slots_count; i++)
		rehash(view, view->difference.slots[i]);
	for (size_t i = 0; view->moving && i < view->difference.slots_count; i++) {
		look_at(view, view->slots[view->difference.slots[i]].child);
		look_at(view, view->slots[view->difference.slots[i]].new_child);
	}
}

struct crash__hash crash__state_hash_of_difference(struct crash__view *view)
{
	struct crash__hash sum = view->hash;

	find_rehashed(view);
	for (size_t i = 0; i < view->rehashed_count; i++) {
		crash__hash_subtract(&sum, view->slots[view->rehashed[i]].hash);
		crash__hash_add(&sum, slot_hash(view, view->rehashed[i]));
	}
	return sum;
}

void crash__state_hash_adopt(struct crash__view *view)
{
	if (!view->hashless)
		find_rehashed(view);
	for (size_t i = 0; i < view->rehashed_count; i++) {
		struct crash__view_slot *slot = &view->slots[view->rehashed[i]];

		crash__hash_subtract(&view->hash, slot->hash);
		slot->hash = slot_hash(view, view->rehashed[i]);
		crash__hash_add(&view->hash, slot->hash);
	}
	for (size_t i = 0; i < view->toggled_count; i++)
		view->nodes[view->toggled[i]].reachable = view->nodes[view->toggled[i]].new_reachable;
	for (size_t i = 0; i < view->difference.slots_count; i++)
		view->slots[view->difference.slots[i]].child =
			view->slots[view->difference.slots[i]].new_child;
	view->moving = false;
}

/* As if the top of the starting tree had just come. */
void crash__state_hash_begin(struct crash__view *view)
{
	view->nodes[1].reachable = view->moving = true;
	toggle(view, 1);
	for (size_t i = 0; i < view->toggled_count; i++)
		view->nodes[view->toggled[i]].reachable = true;
	view->moving = false;
	for (size_t i = 0; i < view->rehashed_count; i++) {
		view->slots[view->rehashed[i]].hash = slot_hash(view, view->rehashed[i]);
		crash__hash_add(&view->hash, view->slots[view->rehashed[i]].hash);
	}
	view->stamp++;
}
