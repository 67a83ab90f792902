/* SPDX-License-Identifier: MIT */
#include "explore/states/view_attributes.h"

#include <string.h>

#include "explore/states/view_parts.h"

/* ------------------------------------------------------------------ changes */

/* The change of an attribute that an atom is; NULL: it is none of this. */
static const struct crash__change *change_in(const struct crash__view *view, crash__atom_id id,
					     enum crash__attribute attribute, const char *name)
{
	const struct crash__atom *atom = &view->atoms->list[id];

	for (uint32_t i = 0; i < atom->effects && atom->class != CRASH__CLASS_BIRTH; i++) {
		const struct crash__change *change =
			crash__fs_change(view->fs, &view->fs->effects[atom->effect + i]);

		if (change->attribute == attribute && (!name || strcmp(change->name, name) == 0))
			return change;
	}
	return NULL;
}

/* The newest that is in the state; NULL: there is none. */
static const struct crash__change *newest(const struct crash__view *view, crash__node_id node,
					  enum crash__attribute attribute, const char *name)
{
	const struct crash__change *change;
	crash__atom_id atom;

	CRASH__EACH_LINK(view, view->nodes[node].attributes, atom) {
		change = crash__view_shows(view, atom) ? change_in(view, atom, attribute, name) : NULL;
		if (change)
			return change;
	}
	return NULL;
}

/* ------------------------------------------------------------------ modes */

/* Whether a node is there without the mode that it was made with. */
static bool is_half_made(const struct crash__view *view, crash__node_id id)
{
	crash__atom_id atom;

	CRASH__EACH_LINK(view, view->nodes[id].attributes, atom)
		if (view->atoms->list[atom].class == CRASH__CLASS_BIRTH && !crash__view_shows(view, atom))
			return true;
	return false;
}

uint32_t crash__view_mode_of(const struct crash__view *view, crash__node_id id)
{
	const struct crash__change *change = newest(view, id, CRASH__MODE, NULL);
	const struct crash__node *node = &view->fs->nodes[id];

	if (change)
		return change->mode;
	return is_half_made(view, id) ? node->mode & ~07777u : node->mode;
}

/* ------------------------------------------------------------------ the others */

void crash__view_owner(const struct crash__view *view, crash__node_id node, uint32_t *uid, uint32_t *gid)
{
	const struct crash__change *change = newest(view, node, CRASH__OWNER, NULL);

	*uid = change ? change->uid : view->fs->nodes[node].uid;
	*gid = change ? change->gid : view->fs->nodes[node].gid;
}

bool crash__view_time(const struct crash__view *view, crash__node_id node, struct timespec *time)
{
	const struct crash__change *change = newest(view, node, CRASH__TIME, NULL);

	if (!change || (int64_t)change->until <= view->step)
		return false;
	*time = change->time;
	return true;
}

bool crash__view_xattr(const struct crash__view *view, crash__node_id node, size_t n, const char **name,
		       const struct crash__change **change)
{
	const struct crash__change *found;
	crash__atom_id atom;

	CRASH__EACH_LINK(view, view->nodes[node].attributes, atom) {
		found = change_in(view, atom, CRASH__XATTR, NULL);
		if (!found || n--)
			continue;
		*name = found->name;
		*change = newest(view, node, CRASH__XATTR, found->name);
		return true;
	}
	return false;
}

/* ------------------------------------------------------------------ hashes */

static uint64_t hash_xattr(const struct crash__change *change)
{
	struct {
		struct crash__hash name, value;
	} what = {crash__hash_bytes(change->name, strlen(change->name), 7),
		  crash__hash_bytes(change->value, change->bytes, change->removed ? 8 : 9)};

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
static uint64_t hash_time(const struct crash__view *view, crash__node_id id)
{
	const struct crash__change *change = newest(view, id, CRASH__TIME, NULL);
	uint64_t number;

	if (!change || (int64_t)change->until <= view->step)
		return 0;
	number = (uint64_t)(change - view->fs->changes);
	return crash__hash_bytes(&number, sizeof number, 12).low;
}

uint64_t crash__view_others_of(const struct crash__view *view, crash__node_id id)
{
	bool is_new = !view->fs->nodes[id].base_path;
	uint64_t sum = hash_owner(view, id);
	crash__atom_id atom;

	if (!view->nodes[id].attributes)
		return sum;
	sum += hash_time(view, id);
	CRASH__EACH_LINK(view, view->nodes[id].attributes, atom) {
		const struct crash__change *change = change_in(view, atom, CRASH__XATTR, NULL);

		/* of each name the newest, and not that something new does not have it */
		if (change && newest(view, id, CRASH__XATTR, change->name) == change &&
		    !(change->removed && is_new))
			sum += hash_xattr(change);
	}
	return sum;
}
