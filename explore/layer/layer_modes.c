/* SPDX-License-Identifier: MIT */
/*
 * Method. A directory that its owner may not search or write to is closed last, the innermost first, and
 * opened before anything else: who is not root could not get at what is in it.
 */
#include <sys/stat.h>

#include "base/error.h"
#include "explore/layer/layer_parts.h"

static bool keeps_out(uint32_t mode)
{
	return (mode & S_IRWXU) != S_IRWXU;
}

int crash__layer_close_later(struct crash__layer *layer, crash__node_id id, uint32_t mode)
{
	struct crash__layer_closed *closed = NULL;

	for (size_t i = 0; i < layer->closed_count; i++)
		if (layer->closed[i].id == id) {
			closed = &layer->closed[i];
			if (!keeps_out(mode))
				*closed = layer->closed[--layer->closed_count];
		}
	if (!keeps_out(mode))
		return 0;
	if (!closed && !(closed = CRASH__PUSH(layer, closed)))
		return crash__fail(CRASH_ENOMEM, "no memory for a state");
	*closed = (struct crash__layer_closed){.id = id, .mode = mode};
	return 0;
}

static int set_closed_mode(const struct crash__layer *layer, const struct crash__layer_closed *closed,
			   uint32_t mode)
{
	struct crash__location at;

	if (layer->nodes[closed->id].place == CRASH__NOWHERE ||
	    layer->nodes[closed->id].place == CRASH__IN_BASE)
		return 0;
	if (!crash__layer_locate_node(layer, closed->id, &at) ||
	    fchmodat(at.root, at.path[0] ? at.path : ".", mode, 0) < 0)
		return crash__layer_fail("set the mode of", &at);
	return 0;
}

static int innermost_first(const void *a, const void *b)
{
	const struct crash__layer_closed *x = a, *y = b;

	return (x->depth < y->depth) - (x->depth > y->depth);
}

int crash__layer_close(struct crash__layer *layer)
{
	struct crash__location at;
	int error = 0;

	for (size_t i = 0; i < layer->closed_count; i++) {
		layer->closed[i].depth = 0;
		if (crash__layer_locate_node(layer, layer->closed[i].id, &at))
			for (const char *c = at.path; *c; c++)
				layer->closed[i].depth += *c == '/';
	}
	if (layer->closed_count)
		qsort(layer->closed, layer->closed_count, sizeof *layer->closed, innermost_first);
	for (size_t i = 0; i < layer->closed_count && error == 0; i++)
		error = set_closed_mode(layer, &layer->closed[i], layer->closed[i].mode);
	return error;
}

int crash__layer_open(struct crash__layer *layer)
{
	int error = 0;

	for (size_t i = layer->closed_count; i-- > 0 && error == 0;)
		error = set_closed_mode(layer, &layer->closed[i], layer->closed[i].mode | S_IRWXU);
	return error;
}

int crash__layer_close_base(struct crash__layer *layer)
{
	int error = 0;

	for (crash__node_id id = 1; id < layer->fs->nodes_count && error == 0; id++)
		if (layer->fs->nodes[id].base_path && layer->fs->nodes[id].type == CRASH__NODE_DIRECTORY)
			error = crash__layer_close_later(layer, id, layer->fs->nodes[id].mode & 07777);
	return error < 0 ? error : crash__layer_close(layer);
}
