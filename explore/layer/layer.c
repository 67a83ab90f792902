/* SPDX-License-Identifier: MIT */
/*
 * Method. Every node that the layer has is a real file or directory there, at one of its names or, when it
 * has none at the moment, in the store. Moving to another state first takes away the names that change, then
 * puts the new ones in place, and last sets contents, sizes and modes. A directory that moves takes what is
 * in it along, as it does in a file system.
 */
#include "explore/layer/layer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "explore/layer/layer_parts.h"
#include "explore/states/block_content.h"

/* ------------------------------------------------------------------ names */

/* Another name of a node; 0 if it has no other. */
static crash__slot_id other_name(const struct crash__layer *layer, crash__node_id id)
{
	for (crash__slot_id slot = 1; slot < layer->fs->slots_count; slot++)
		if (layer->slots[slot].child == id)
			return slot;
	return 0;
}

/* Takes a name away; what has no other goes to the store. */
static int detach(struct crash__layer *layer, crash__slot_id id)
{
	struct crash__layer_slot *slot = &layer->slots[id];
	crash__node_id child = slot->child;
	struct crash__layer_node *node = &layer->nodes[child];
	struct crash__location at;
	bool through = crash__layer_shows_through(layer, id);
	char kept[16];
	int error;

	if (!child)
		return 0;
	error = crash__layer_copy_up(layer, child);
	if (error < 0)
		return error;
	if (!crash__layer_locate_slot(layer, id, &at))
		return crash__fail(CRASH_ETRACE, "a name lies outside of the tree");
	/* the overlay shows its contents only where it was */
	if (layer->overlay && layer->fs->nodes[child].type == CRASH__NODE_DIRECTORY && !node->cut_off) {
		error = crash__layer_cut_off(layer, child, layer->fs->nodes[child].base_path, &at);
		if (error < 0)
			return error;
	}
	snprintf(kept, sizeof kept, "%u", child);
	slot->child = 0;
	node->names--;
	if (node->names) {
		if (unlinkat(at.root, at.path, 0) < 0)
			return crash__layer_fail("remove", &at);
		if (node->slot == id)
			node->slot = other_name(layer, child);
	} else {
		if (renameat(at.root, at.path, layer->store, kept) < 0)
			return crash__layer_fail("put away", &at);
		node->place = CRASH__IN_STORE;
		node->slot = 0;
	}
	return through ? crash__layer_whiteout(layer, id, &at, true) : 0;
}

/* Gives a node a name. */
static int attach(struct crash__layer *layer, crash__slot_id id, crash__node_id child)
{
	struct crash__layer_node *node = &layer->nodes[child];
	struct crash__location at, from;
	int error = crash__layer_copy_up(layer, layer->fs->slots[id].directory);

	if (error == 0 && !crash__layer_locate_slot(layer, id, &at))
		error = crash__fail(CRASH_ETRACE, "a name lies outside of the tree");
	if (error == 0)
		error = crash__layer_whiteout(layer, id, &at, false);
	if (error == 0)
		error = crash__layer_make_parents(layer, &at);
	if (error == 0)
		error = crash__layer_copy_up(layer, child);
	if (error < 0)
		return error;
	if (!crash__layer_locate_node(layer, child, &from))
		return crash__fail(CRASH_ETRACE, "a file lies outside of the tree");
	if (node->place == CRASH__IN_STORE ? renameat(from.root, from.path, at.root, at.path) < 0 :
					     linkat(from.root, from.path, at.root, at.path, 0) < 0)
		return crash__layer_fail("place", &at);
	node->place = CRASH__IN_TREE;
	node->names++;
	if (!node->slot)
		node->slot = id;
	layer->slots[id].child = child;
	return 0;
}

/* ------------------------------------------------------------------ contents */

static void close_node(struct crash__layer *layer)
{
	if (layer->opened)
		close(layer->fd);
	layer->opened = 0;
}

static int note_changed(struct crash__layer *layer, int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return crash__fail_errno("cannot look at a file of the state");
	if (layer->changed_count && layer->changed[layer->changed_count - 1] == status.st_ino)
		return 0;
	return CRASH__ADD(layer, changed, status.st_ino) ? 0 :
							   crash__fail(CRASH_ENOMEM, "no memory for a state");
}

bool crash__layer_next_changed(struct crash__layer *layer, ino_t *inode)
{
	if (!layer->changed_count)
		return false;
	*inode = layer->changed[--layer->changed_count];
	return true;
}

/*
 * Opens a file, until another one is opened or the move ends. One that has no name and is nowhere yet goes to
 * the store: it may get a name later.
 */
static int open_node(struct crash__layer *layer, crash__node_id id)
{
	struct crash__location at;
	int error;

	if (layer->opened == id)
		return layer->fd;
	close_node(layer);
	error = crash__layer_copy_up(layer, id);
	if (error < 0)
		return error;
	if (!crash__layer_locate_node(layer, id, &at))
		return crash__fail(CRASH_ETRACE, "a file lies outside of the tree");
	if (layer->nodes[id].unwritable)
		fchmodat(at.root, at.path, 0600, 0);
	layer->fd = openat(at.root, at.path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (layer->fd < 0)
		return crash__layer_fail("open", &at);
	layer->opened = id;
	error = note_changed(layer, layer->fd);
	return error < 0 ? error : layer->fd;
}

static int move_blocks(struct crash__layer *layer, struct crash__view *view,
		       const struct crash__difference *difference)
{
	unsigned char bytes[CRASH__BLOCK];
	crash__node_id node;
	uint64_t index;
	int error = 0;

	for (size_t i = 0; i < difference->blocks_count && error == 0; i++) {
		size_t count;
		int fd;

		crash__view_block(view, difference->blocks[i], &node, &index);
		fd = open_node(layer, node);
		if (fd < 0)
			return fd;
		error = crash__view_content(view, difference->blocks[i], bytes, &count);
		if (error == 0 && count &&
		    pwrite(fd, bytes, count, (off_t)(index * CRASH__BLOCK)) != (ssize_t)count)
			error = crash__fail_errno("cannot write to a file of the state");
	}
	return error;
}

static int size_node(struct crash__layer *layer, const struct crash__view *view, crash__node_id id)
{
	off_t size = (off_t)crash__view_size(view, id);
	int fd = open_node(layer, id);
	struct stat status;

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0 || (status.st_size != size && ftruncate(fd, size) < 0))
		return crash__fail_errno("cannot size a file of the state");
	return 0;
}

/* Sets size and attributes, when the contents are there. */
static int finish_node(struct crash__layer *layer, const struct crash__view *view, crash__node_id id)
{
	enum crash__node_type type = layer->fs->nodes[id].type;
	uint32_t mode = crash__view_mode(view, id) & 07777;
	struct crash__location at;
	int error = type == CRASH__NODE_FILE ? size_node(layer, view, id) : crash__layer_copy_up(layer, id);

	if (error == 0 && !crash__layer_locate_node(layer, id, &at))
		error = crash__fail(CRASH_ETRACE, "a file lies outside of the tree");
	if (error == 0)
		error = crash__layer_give(layer, view, id, &at);
	if (error < 0 || type == CRASH__NODE_LINK)
		return error;
	if (type == CRASH__NODE_DIRECTORY && id != 1) {
		error = crash__layer_close_later(layer, id, mode);
		mode |= S_IRWXU;
	}
	if (error == 0 && id != 1 && fchmodat(at.root, at.path, mode, 0) < 0)
		error = crash__layer_fail("set the mode of", &at);
	layer->nodes[id].unwritable = !(mode & S_IWUSR);
	return error;
}

/*
 * Takes away what the file must not show any more, and brings back what it shows again of the starting tree.
 * Where the limit of that changes, everything behind it is made anew: the difference has all blocks from
 * there on.
 */
static int cut_node(struct crash__layer *layer, const struct crash__view *view, crash__node_id id)
{
	const struct crash__node *node = &layer->fs->nodes[id];
	uint64_t limit = crash__view_base_limit(view, id), size = crash__view_size(view, id), at = size, end;
	int fd, error = 0;
	struct stat status;

	if (node->type != CRASH__NODE_FILE)
		return 0;
	fd = open_node(layer, id);
	if (fd < 0)
		return fd;
	if (limit != layer->nodes[id].limit) {
		uint64_t least = limit < layer->nodes[id].limit ? limit : layer->nodes[id].limit;

		at = least < size ? least : size;
	}
	layer->nodes[id].limit = limit;
	if (fstat(fd, &status) < 0 || ((uint64_t)status.st_size > at && ftruncate(fd, (off_t)at) < 0))
		error = crash__fail_errno("cannot size a file of the state");
	else if ((uint64_t)status.st_size < at)
		at = (uint64_t)status.st_size;
	end = node->base_size < limit ? node->base_size : limit;
	end = end < size ? end : size;
	if (error == 0 && node->base_path && at < end)
		error = crash__base_copy(layer->fs->base, node->base_path, fd, at, end);
	return error;
}

/* ------------------------------------------------------------------ moving */

static int move_names(struct crash__layer *layer, const struct crash__view *view,
		      const struct crash__difference *difference)
{
	int error = 0;

	for (size_t i = 0; i < difference->slots_count && error == 0; i++)
		if (layer->slots[difference->slots[i]].child != crash__view_child(view, difference->slots[i]))
			error = detach(layer, difference->slots[i]);
	for (size_t i = 0; i < difference->slots_count && error == 0; i++) {
		crash__node_id child = crash__view_child(view, difference->slots[i]);

		if (child && layer->slots[difference->slots[i]].child != child)
			error = attach(layer, difference->slots[i], child);
	}
	return error;
}

int crash__layer_move(struct crash__layer *layer, struct crash__view *view,
		      const struct crash__difference *difference)
{
	int error = crash__layer_open(layer);

	if (error == 0)
		error = move_names(layer, view, difference);
	for (size_t i = 0; i < difference->nodes_count && error == 0; i++)
		error = cut_node(layer, view, difference->nodes[i]);
	if (error == 0)
		error = move_blocks(layer, view, difference);
	for (size_t i = 0; i < difference->nodes_count && error == 0; i++)
		error = finish_node(layer, view, difference->nodes[i]);
	close_node(layer);
	if (error == 0)
		error = crash__layer_date(layer, view, difference);
	return error < 0 ? error : crash__layer_close(layer);
}

/* ------------------------------------------------------------------ making one */

/* The top looks like that of the starting tree, and so do the directories that are closed. */
static int begin(struct crash__layer *layer)
{
	struct crash__location top = {.root = layer->tree};
	int error = layer->overlay ? crash__layer_give_base(layer, "", &top) : 0;

	if (error == 0 && layer->overlay)
		error = crash__layer_date_base(layer, "", &top);
	return error < 0 ? error : crash__layer_close_base(layer);
}

int crash__layer_new(const struct crash__fs *fs, const char *directory, const char *store, bool overlay,
		     struct crash__layer **out)
{
	struct crash__layer *layer = calloc(1, sizeof *layer);

	if (!layer)
		return crash__fail(CRASH_ENOMEM, "no memory for a state");
	layer->fs = fs;
	layer->overlay = overlay;
	layer->tree = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	layer->store = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	layer->nodes = calloc(fs->nodes_count, sizeof *layer->nodes);
	layer->slots = calloc(fs->slots_count, sizeof *layer->slots);
	if (layer->tree < 0 || layer->store < 0 || !layer->nodes || !layer->slots) {
		int error = crash__fail_errno("cannot use %s", directory);

		crash__layer_free(layer);
		return error;
	}
	for (crash__node_id id = 1; id < fs->nodes_count; id++) {
		if (fs->nodes[id].base_path)
			layer->nodes[id].place = overlay ? CRASH__IN_BASE : CRASH__IN_TREE;
		layer->nodes[id].unwritable = !(fs->nodes[id].mode & S_IWUSR);
		layer->nodes[id].limit = UINT64_MAX;
		layer->nodes[id].uid = fs->nodes[id].uid;
		layer->nodes[id].gid = fs->nodes[id].gid;
	}
	for (crash__slot_id id = 1; id < fs->slots_count; id++) {
		crash__node_id child = fs->slots[id].base_child;

		layer->slots[id].child = child;
		if (child) {
			layer->nodes[child].names++;
			if (!layer->nodes[child].slot)
				layer->nodes[child].slot = id;
		}
	}
	*out = layer;
	return begin(layer);
}

void crash__layer_free(struct crash__layer *layer)
{
	if (!layer)
		return;
	if (layer->tree >= 0)
		close(layer->tree);
	if (layer->store >= 0)
		close(layer->store);
	free(layer->changed);
	free(layer->nodes);
	free(layer->slots);
	free(layer->closed);
	free(layer->stirred);
	free(layer);
}
