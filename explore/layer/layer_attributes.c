/* SPDX-License-Identifier: MIT */
/*
 * Method. Owner and extended attributes of a node are set with its mode. Its time comes last of all: whatever
 * is done to a file or in a directory gives it the time of now. That is what a node has in a state which an
 * op has changed, unless an op set another; what nobody has changed has that of the starting tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/attributes.h"
#include "base/error.h"
#include "explore/layer/layer_parts.h"
#include "explore/states/view_attributes.h"

/* ------------------------------------------------------------------ owners, extended attributes */

int crash__layer_give_base(struct crash__layer *layer, const char *base_path,
			   const struct crash__location *at)
{
	struct crash__xattrs xattrs;
	int error = crash__base_xattrs(layer->fs->base, base_path, &xattrs);

	if (error < 0)
		return error;
	crash__xattrs_give(at->root, at->path, &xattrs);
	crash__xattrs_clear(&xattrs);
	return 0;
}

/* One attribute as the view has it; NULL: as the starting tree. */
static void give_xattr(const struct crash__location *at, const char *name, const struct crash__change *change,
		       const struct crash__xattrs *base)
{
	const unsigned char *value = change && !change->removed ? change->value : NULL;
	size_t bytes = change ? change->bytes : 0;

	if (!change)
		value = crash__xattrs_find(base, name, &bytes);
	crash__xattr_give(at->root, at->path, name, value, bytes);
}

static int give_xattrs(struct crash__layer *layer, const struct crash__view *view, crash__node_id id,
		       const struct crash__location *at)
{
	const char *base_path = layer->fs->nodes[id].base_path, *name;
	const struct crash__change *change;
	struct crash__xattrs base = {0};
	uint32_t next = 0;
	int error = 0;

	if (!crash__view_xattr(view, id, &next, &name, &change))
		return 0;
	if (base_path)
		error = crash__base_xattrs(layer->fs->base, base_path, &base);
	next = 0;
	while (error == 0 && crash__view_xattr(view, id, &next, &name, &change))
		give_xattr(at, name, change, &base);
	crash__xattrs_clear(&base);
	return error;
}

int crash__layer_give(struct crash__layer *layer, const struct crash__view *view, crash__node_id id,
		      const struct crash__location *at)
{
	struct crash__layer_node *node = &layer->nodes[id];
	uint32_t uid, gid;

	crash__view_owner(view, id, &uid, &gid);
	if (id != 1 && (uid != node->uid || gid != node->gid)) {
		crash__owner_give(at->root, at->path, uid, gid);
		node->uid = uid;
		node->gid = gid;
	}
	return give_xattrs(layer, view, id, at);
}

/* ------------------------------------------------------------------ times */

static int set_time(const struct crash__location *at, struct timespec time)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, time};

	if (utimensat(at->root, at->path, times, AT_SYMLINK_NOFOLLOW | (*at->path ? 0 : AT_EMPTY_PATH)) < 0)
		return crash__layer_fail("set the time of", at);
	return 0;
}

int crash__layer_date_base(struct crash__layer *layer, const char *base_path,
			   const struct crash__location *at)
{
	struct stat status;
	int there = crash__base_stat(layer->fs->base, base_path, &status);

	return there <= 0 ? there : set_time(at, status.st_mtim);
}

static bool is_in_layer(const struct crash__layer *layer, crash__node_id id, struct crash__location *at)
{
	struct stat status;

	if (layer->nodes[id].place == CRASH__NOWHERE || !crash__layer_locate_node(layer, id, at))
		return false;
	/* a directory above something may be there without anybody having asked for it */
	return layer->nodes[id].place != CRASH__IN_BASE ||
	       fstatat(at->root, at->path, &status, AT_SYMLINK_NOFOLLOW | (*at->path ? 0 : AT_EMPTY_PATH)) ==
		       0;
}

static int date(struct crash__layer *layer, const struct crash__view *view, crash__node_id id)
{
	const char *base_path = layer->fs->nodes[id].base_path;
	struct crash__layer_node *node = &layer->nodes[id];
	bool was_dated = node->dated, as_before = base_path && !crash__view_is_written(view, id);
	struct crash__location at;
	struct timespec time;

	node->dated = crash__view_time(view, id, &time);
	if ((!node->dated && !as_before && !was_dated) || !is_in_layer(layer, id, &at))
		return 0;
	if (node->dated)
		return set_time(&at, time);
	if (as_before)
		return crash__layer_date_base(layer, base_path, &at);
	return set_time(&at, (struct timespec){.tv_nsec = UTIME_NOW});
}

int crash__layer_stir(struct crash__layer *layer, crash__node_id directory)
{
	while (directory) {
		if (!CRASH__ADD(layer, stirred, directory))
			return crash__fail(CRASH_ENOMEM, "no memory for a state");
		if (directory == 1)
			return 0;
		directory = layer->nodes[directory].slot ?
				    layer->fs->slots[layer->nodes[directory].slot].directory :
				    0;
	}
	return 0;
}

int crash__layer_date(struct crash__layer *layer, const struct crash__view *view,
		      const struct crash__difference *difference)
{
	int error = 0;

	for (size_t i = 0; i < difference->nodes_count && error == 0; i++)
		error = date(layer, view, difference->nodes[i]);
	for (size_t i = 0; i < difference->slots_count && error == 0; i++)
		error = date(layer, view, layer->fs->slots[difference->slots[i]].directory);
	for (size_t i = 0; i < layer->stirred_count && error == 0; i++)
		error = date(layer, view, layer->stirred[i]);
	layer->stirred_count = 0;
	return error;
}
