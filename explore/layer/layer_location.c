/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "explore/layer/layer_parts.h"

int crash__layer_fail(const char *what, const struct crash__location *at)
{
	return crash__fail_errno("cannot %s %s", what, at->path);
}

bool crash__location_append(struct crash__location *at, const char *name)
{
	size_t length = strlen(at->path);

	return snprintf(at->path + length, sizeof at->path - length, "%s%s", length ? "/" : "", name) <
	       (int)(sizeof at->path - length);
}

bool crash__layer_locate_node(const struct crash__layer *layer, crash__node_id id, struct crash__location *at)
{
	const struct crash__layer_node *node = &layer->nodes[id];

	at->root = layer->tree;
	at->path[0] = '\0';
	if (id == 1)
		return true;
	if (node->place == CRASH__IN_STORE) {
		at->root = layer->store;
		snprintf(at->path, sizeof at->path, "%u", id);
		return true;
	}
	return node->slot && crash__layer_locate_slot(layer, node->slot, at);
}

bool crash__layer_locate_slot(const struct crash__layer *layer, crash__slot_id id, struct crash__location *at)
{
	const struct crash__slot *slot = &layer->fs->slots[id];

	return crash__layer_locate_node(layer, slot->directory, at) && crash__location_append(at, slot->name);
}
