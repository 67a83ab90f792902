/* SPDX-License-Identifier: MIT */
#include "explore/fs/fs.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void crash__event_copy(const struct crash__event *event, uint64_t from, void *to, size_t count)
{
	const struct crash__piece *piece = event->data;

	memset(to, 0, count);
	/* pieces are in order: most reads start in the first or go on where the last one ended */
	for (; piece && count; piece = piece->next) {
		uint64_t skip, have;

		if (piece->at + piece->count <= from)
			continue;
		if (piece->at >= from + count)
			break;
		skip = piece->at > from ? piece->at - from : 0;
		from += skip;
		to = (char *)to + skip;
		count -= skip;
		have = piece->at + piece->count - from;
		if (have > count)
			have = count;
		memcpy(to, piece->bytes + (from - piece->at), have);
		from += have;
		to = (char *)to + have;
		count -= have;
	}
}

char *crash__fs_slot_path(const struct crash__fs *fs, crash__slot_id id)
{
	char path[PATH_MAX] = "", longer[PATH_MAX];

	assert(id < fs->slots_count);
	for (int depth = 0; id && depth < 64; depth++) {
		const struct crash__slot *slot = &fs->slots[id];
		crash__slot_id above = 0;

		snprintf(longer, sizeof longer, "%s%s%.3000s", slot->name, *path ? "/" : "", path);
		strcpy(path, longer);
		if (slot->directory == 1)
			break;
		for (crash__slot_id i = 1; i < fs->slots_count && !above; i++)
			if (fs->slots[i].child == slot->directory ||
			    fs->slots[i].base_child == slot->directory)
				above = i;
		id = above;
	}
	return strdup(path);
}

/* The name that a node has when a step begins, or had last; 0: it never had one. */
static crash__slot_id name_at(const struct crash__fs *fs, crash__node_id node, uint32_t step)
{
	for (size_t i = fs->steps[step].first_effect; i-- > 0;)
		if (fs->effects[i].kind == CRASH__EFFECT_ENTRY && fs->effects[i].node == node)
			return fs->effects[i].slot;
	for (crash__slot_id slot = (crash__slot_id)fs->slots_count; slot-- > 1;)
		if (fs->slots[slot].base_child == node)
			return slot;
	return 0;
}

char *crash__fs_node_path(const struct crash__fs *fs, crash__node_id node, uint32_t step)
{
	char path[PATH_MAX] = "", longer[PATH_MAX];
	crash__slot_id slot;

	assert(node < fs->nodes_count && step < fs->steps_count);
	if (node == 1)
		return strdup("data directory");
	for (int depth = 0; node != 1 && depth < 64; depth++) {
		slot = name_at(fs, node, step);
		if (!slot)
			break;
		snprintf(longer, sizeof longer, "%s%s%.3000s", fs->slots[slot].name, *path ? "/" : "", path);
		strcpy(path, longer);
		node = fs->slots[slot].directory;
	}
	return strdup(*path ? path : "the file");
}
