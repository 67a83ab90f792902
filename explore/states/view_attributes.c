/* SPDX-License-Identifier: MIT */
/*
 * Method. Each attribute that any op changes has a list of its changes, so that the newest one is found at
 * once, and its part of the node's hash: a state costs what it changes, however often others have been.
 */
#include "explore/states/view_attributes.h"

#include <stdlib.h>
#include <string.h>

#include "explore/states/view_parts.h"

/* ------------------------------------------------------------------ the attributes that ops change */

/* A change, and its attribute; and the number of the change. */
struct changed {
	struct crash__view_attribute what;
	uint32_t change;
};

static int compare(const struct crash__view_attribute *a, const struct crash__view_attribute *b)
{
	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	if (a->attribute != b->attribute)
		return a->attribute < b->attribute ? -1 : 1;
	return a->attribute == CRASH__XATTR ? strcmp(a->name, b->name) : 0;
}

static int by_attribute(const void *a, const void *b)
{
	return compare(&((const struct changed *)a)->what, &((const struct changed *)b)->what);
}

static size_t list_changes(const struct crash__fs *fs, struct changed *list)
{
	size_t count = 0;

	for (size_t i = 0; i < fs->effects_count; i++) {
		const struct crash__effect *effect = &fs->effects[i];
		const struct crash__change *change;

		if (effect->kind != CRASH__EFFECT_ATTRIBUTES)
			continue;
		change = crash__fs_change(fs, effect);
		list[count++] = (struct changed){
			.what = {.node = effect->node, .attribute = change->attribute, .name = change->name},
			.change = effect->change};
	}
	return count;
}

static bool add_attributes(struct crash__view *view, const struct changed *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct crash__view_node *node = &view->nodes[list[i].what.node];

		if (i == 0 || compare(&list[i - 1].what, &list[i].what) != 0) {
			if (!CRASH__ADD(view, attributes, list[i].what))
				return false;
			if (!node->attributes++)
				node->first_attribute = (uint32_t)view->attributes_count - 1;
		}
		view->attribute_of_change[list[i].change] = (uint32_t)view->attributes_count - 1;
	}
	return true;
}

bool crash__view_find_attributes(struct crash__view *view)
{
	struct changed *list = calloc(view->fs->effects_count + 1, sizeof *list);
	bool found;
	size_t count;

	view->attribute_of_change = calloc(view->fs->changes_count + 1, sizeof *view->attribute_of_change);
	if (!list || !view->attribute_of_change) {
		free(list);
		return false;
	}
	count = list_changes(view->fs, list);
	qsort(list, count, sizeof *list, by_attribute);
	found = add_attributes(view, list, count);
	free(list);
	return found;
}

bool crash__view_find_attribute(const struct crash__view *view, crash__node_id node,
				enum crash__attribute attribute, uint32_t *index)
{
	const struct crash__view_node *own = &view->nodes[node];
	uint32_t end = own->first_attribute + own->attributes;

	for (*index = own->first_attribute; *index < end; ++*index)
		if (view->attributes[*index].attribute >= attribute)
			return view->attributes[*index].attribute == attribute;
	return false;
}

/* ------------------------------------------------------------------ changes */

/* The newest that is in the state; NULL: there is none. */
static const struct crash__change *newest(const struct crash__view *view, uint32_t index)
{
	struct crash__shown at = crash__shown_begin(view, &view->attributes[index].shown);
	const struct crash__effect *effect;
	crash__atom_id id;

	if (!crash__shown_peek(view, &at, &id))
		return NULL;
	effect = &view->fs->effects[view->atoms->list[id].effect];
	while (view->attribute_of_change[effect->change] != index)
		effect++;
	return crash__fs_change(view->fs, effect);
}

static const struct crash__change *newest_of(const struct crash__view *view, crash__node_id node,
					     enum crash__attribute attribute)
{
	uint32_t index;

	return crash__view_find_attribute(view, node, attribute, &index) ? newest(view, index) : NULL;
}

/* ------------------------------------------------------------------ modes */

/* Whether a node is there without the mode that it was made with. */
static bool is_half_made(const struct crash__view *view, crash__node_id id)
{
	return view->nodes[id].birth && !crash__view_shows(view, view->nodes[id].birth - 1);
}

uint32_t crash__view_mode_of(const struct crash__view *view, crash__node_id id)
{
	const struct crash__change *change = newest_of(view, id, CRASH__MODE);
	const struct crash__node *node = &view->fs->nodes[id];

	if (change)
		return change->mode;
	return is_half_made(view, id) ? node->mode & ~07777u : node->mode;
}

/* ------------------------------------------------------------------ the others */

void crash__view_owner(const struct crash__view *view, crash__node_id node, uint32_t *uid, uint32_t *gid)
{
	const struct crash__change *change = newest_of(view, node, CRASH__OWNER);

	*uid = change ? change->uid : view->fs->nodes[node].uid;
	*gid = change ? change->gid : view->fs->nodes[node].gid;
}

bool crash__view_time(const struct crash__view *view, crash__node_id node, struct timespec *time)
{
	const struct crash__change *change = newest_of(view, node, CRASH__TIME);

	if (!change || (int64_t)change->until <= view->step)
		return false;
	*time = change->time;
	return true;
}

bool crash__view_xattr(const struct crash__view *view, crash__node_id node, uint32_t *at, const char **name,
		       const struct crash__change **change)
{
	const struct crash__view_node *own = &view->nodes[node];

	while (*at < own->attributes) {
		uint32_t index = own->first_attribute + (*at)++;

		if (view->attributes[index].attribute != CRASH__XATTR || !view->attributes[index].known)
			continue;
		*name = view->attributes[index].name;
		*change = newest(view, index);
		return true;
	}
	return false;
}

/* ------------------------------------------------------------------ hashes */

/* Not that something new does not have it. */
static uint64_t hash_xattr(const struct crash__change *change, bool is_new)
{
	struct {
		struct crash__hash name, value;
	} what;

	if (!change || (change->removed && is_new))
		return 0;
	what.name = crash__hash_bytes(change->name, strlen(change->name), 7);
	what.value = crash__hash_bytes(change->value, change->bytes, change->removed ? 8 : 9);
	return crash__hash_bytes(&what, sizeof what, 10).low;
}

/* An owner is usual that the node had before, or a new one that the data directory has: who that is differs
 * from one machine to the next. */
static uint64_t hash_owner(const struct crash__view *view, crash__node_id id)
{
	const struct crash__node *node = &view->fs->nodes[id],
				 *usual = node->base_path ? node : &view->fs->nodes[1];
	uint32_t owner[2];

	crash__view_owner(view, id, &owner[0], &owner[1]);
	if (owner[0] == usual->uid && owner[1] == usual->gid)
		return 0;
	return crash__hash_bytes(owner, sizeof owner, 11).low;
}

/* Of a time it counts which op set it: what it says may be another one in each recording. */
static uint64_t hash_time(const struct crash__view *view, const struct crash__change *change)
{
	uint64_t number;

	if (!change || (int64_t)change->until <= view->step)
		return 0;
	number = (uint64_t)(change - view->fs->changes);
	return crash__hash_bytes(&number, sizeof number, 12).low;
}

uint64_t crash__view_hash_attribute(const struct crash__view *view, uint32_t index)
{
	const struct crash__view_attribute *attribute = &view->attributes[index];

	switch (attribute->attribute) {
	case CRASH__OWNER:
		return hash_owner(view, attribute->node);
	case CRASH__TIME:
		return hash_time(view, newest(view, index));
	case CRASH__XATTR:
		return hash_xattr(newest(view, index), !view->fs->nodes[attribute->node].base_path);
	case CRASH__MODE: /* that is beside the others */
		break;
	}
	return 0;
}

uint64_t crash__view_first_others(struct crash__view *view, crash__node_id id)
{
	uint64_t owner = hash_owner(view, id);
	uint32_t index;

	if (crash__view_find_attribute(view, id, CRASH__OWNER, &index))
		view->attributes[index].hash = owner;
	return owner;
}
