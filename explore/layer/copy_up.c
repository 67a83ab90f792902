/* SPDX-License-Identifier: MIT */
/*
 * Method. In an overlay a node of the starting tree is fetched when it is first needed, and a name of the
 * starting tree that is gone becomes a whiteout: a character device 0/0, which anybody may make. A directory
 * that the run made, or that has moved, is cut off from the starting tree: it has all its entries in the
 * layer, is marked as opaque, and has no whiteouts, which would be listed there as names of nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/rights.h"
#include "explore/layer/layer_parts.h"

int crash__layer_make_parents(struct crash__layer *layer, const struct crash__location *at)
{
	struct crash__location above = *at;
	struct stat status, base;
	int there;

	if (!layer->overlay || at->root != layer->tree)
		return 0;
	for (char *slash = strchr(above.path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (fstatat(above.root, above.path, &status, AT_SYMLINK_NOFOLLOW) < 0) {
			there = crash__base_stat(layer->fs->base, above.path, &base);
			if (there < 0)
				return there;
			if (!there)
				base = (struct stat){.st_mode = 0755};
			if (mkdirat(above.root, above.path, 0700) < 0)
				return crash__layer_fail("make", &above);
			fchmodat(above.root, above.path, base.st_mode & 07777, 0);
			if (geteuid() == 0)
				fchownat(above.root, above.path, base.st_uid, base.st_gid,
					 AT_SYMLINK_NOFOLLOW);
			if (there && (there = crash__layer_give_base(layer, above.path, &above)) < 0)
				return there;
		}
		*slash = '/';
	}
	return 0;
}

static int make_file(struct crash__layer *layer, const char *base_path, uint64_t bytes,
		     const struct crash__location *at)
{
	int fd = openat(at->root, at->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600),
	    error = 0;

	if (fd < 0)
		return crash__layer_fail("make", at);
	if (base_path)
		error = crash__base_copy(layer->fs->base, base_path, fd, 0, bytes);
	if (error == 0 && ftruncate(fd, (off_t)bytes) < 0)
		error = crash__layer_fail("size", at);
	close(fd);
	return error;
}

/* Makes something as it was before the run (if it has a path there) or as it was when it was made. */
static int make_thing(struct crash__layer *layer, enum crash__node_type type, const char *base_path,
		      uint64_t bytes, const char *text, uint32_t mode, uid_t uid, gid_t gid,
		      const struct crash__location *at)
{
	int error = 0;

	switch (type) {
	case CRASH__NODE_FILE:
		error = make_file(layer, base_path, bytes, at);
		break;
	case CRASH__NODE_DIRECTORY:
		error = mkdirat(at->root, at->path, 0700) < 0 && errno != EEXIST ?
				crash__layer_fail("make", at) :
				0;
		break;
	case CRASH__NODE_LINK:
		error = symlinkat(text ? text : "", at->root, at->path) < 0 ? crash__layer_fail("make", at) :
									      0;
		break;
	case CRASH__NODE_OTHER:
		/* a device cannot be made without rights; a FIFO stands for it */
		error = mknodat(at->root, at->path, S_IFIFO | 0600, 0) < 0 ? crash__layer_fail("make", at) :
									     0;
		break;
	}
	if (error == 0 && geteuid() == 0 && fchownat(at->root, at->path, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		error = crash__layer_fail("chown", at);
	if (error == 0 && base_path)
		error = crash__layer_give_base(layer, base_path, at);
	if (error == 0 && type != CRASH__NODE_LINK && fchmodat(at->root, at->path, mode & 07777, 0) < 0)
		error = crash__layer_fail("set the mode of", at);
	if (error == 0 && base_path)
		error = crash__layer_date_base(layer, base_path, at);
	return error;
}

/* Nothing of the layers below an opaque directory shows in it. */
static int make_opaque(const struct crash__location *at)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "/proc/self/fd/%d/%s", at->root, at->path) >= (int)sizeof path ||
	    setxattr(path, crash__is_trusted() ? "trusted.overlay.opaque" : "user.overlay.opaque", "y", 1,
		     0) < 0)
		return crash__layer_fail("cut off", at);
	return 0;
}

static int make_node(struct crash__layer *layer, crash__node_id id, const struct crash__location *at)
{
	const struct crash__node *node = &layer->fs->nodes[id];
	bool is_directory = node->type == CRASH__NODE_DIRECTORY;
	bool is_new = layer->overlay && is_directory && !node->base_path;
	int error = 0;

	layer->nodes[id].unwritable = !(node->mode & S_IWUSR);
	layer->nodes[id].cut_off = is_new;
	if (is_directory)
		error = crash__layer_close_later(layer, id, node->mode & 07777);
	if (error == 0)
		error = make_thing(layer, node->type, node->base_path, node->base_size, node->text,
				   is_directory ? node->mode | S_IRWXU : node->mode, node->uid, node->gid,
				   at);
	return error == 0 && is_new ? make_opaque(at) : error;
}

/* The other names that a file of the starting tree has: the overlay would show them as files of their own. */
static int link_names(struct crash__layer *layer, crash__node_id id, const struct crash__location *from)
{
	int error = 0;

	for (crash__slot_id slot = 1; slot < layer->fs->slots_count && error == 0; slot++) {
		struct crash__location at;

		if (layer->slots[slot].child != id || slot == layer->nodes[id].slot)
			continue;
		if (!crash__layer_locate_slot(layer, slot, &at))
			return crash__fail(CRASH_ETRACE, "a name lies outside of the tree");
		error = crash__layer_make_parents(layer, &at);
		if (error == 0)
			error = crash__layer_stir(layer, layer->fs->slots[slot].directory);
		if (error == 0 && linkat(from->root, from->path, at.root, at.path, 0) < 0)
			error = crash__layer_fail("link", &at);
	}
	return error;
}

int crash__layer_copy_up(struct crash__layer *layer, crash__node_id id)
{
	struct crash__layer_node *node = &layer->nodes[id];
	bool from_base = node->place == CRASH__IN_BASE;
	struct crash__location at;
	int error = 0;

	if (id == 1 || node->place == CRASH__IN_TREE || node->place == CRASH__IN_STORE)
		return 0;
	if (node->place == CRASH__NOWHERE)
		node->place = CRASH__IN_STORE;
	if (!crash__layer_locate_node(layer, id, &at))
		return crash__fail(CRASH_ETRACE, "a file lies outside of the tree");
	if (from_base) {
		error = crash__layer_make_parents(layer, &at);
		node->place = CRASH__IN_TREE;
	}
	if (error == 0 && from_base)
		error = crash__layer_stir(layer, layer->fs->slots[node->slot].directory);
	if (error == 0)
		error = make_node(layer, id, &at);
	if (error == 0 && from_base && node->names > 1)
		error = link_names(layer, id, &at);
	return error;
}

/* ------------------------------------------------------------------ what must not show through */

bool crash__layer_shows_through(const struct crash__layer *layer, crash__slot_id id)
{
	const struct crash__slot *slot = &layer->fs->slots[id];

	return layer->overlay && slot->base_child && !layer->nodes[slot->directory].cut_off;
}

int crash__layer_whiteout(struct crash__layer *layer, crash__slot_id id, const struct crash__location *at,
			  bool wanted)
{
	struct crash__layer_slot *slot = &layer->slots[id];
	int error;

	if (slot->whiteout == wanted)
		return 0;
	if (wanted) {
		error = crash__layer_make_parents(layer, at);
		if (error < 0)
			return error;
		if (mknodat(at->root, at->path, S_IFCHR, makedev(0, 0)) < 0)
			return crash__layer_fail("hide", at);
	} else if (unlinkat(at->root, at->path, 0) < 0) {
		return crash__layer_fail("show", at);
	}
	slot->whiteout = wanted;
	return 0;
}

static crash__slot_id known_slot(const struct crash__layer *layer, crash__node_id directory, const char *name)
{
	for (crash__slot_id id = 1; id < layer->fs->slots_count; id++)
		if (layer->fs->slots[id].directory == directory &&
		    strcmp(layer->fs->slots[id].name, name) == 0)
			return id;
	return 0;
}

static int too_long(const struct crash__location *at)
{
	return crash__fail(CRASH_EDIR, "%s: this path is too long", at->path);
}

static int copy_rest(struct crash__layer *layer, crash__node_id directory, const char *base_path,
		     const struct crash__location *at);

int crash__layer_cut_off(struct crash__layer *layer, crash__node_id id, const char *base_path,
			 const struct crash__location *at)
{
	int error = crash__layer_copy_up(layer, id);

	if (error == 0)
		error = crash__layer_stir(layer, id);
	if (error == 0)
		error = copy_rest(layer, id, base_path, at);
	for (crash__slot_id slot = 1; slot < layer->fs->slots_count && error == 0; slot++) {
		struct crash__location hidden = *at;

		if (layer->fs->slots[slot].directory != id)
			continue;
		error = crash__location_append(&hidden, layer->fs->slots[slot].name) ?
				crash__layer_whiteout(layer, slot, &hidden, false) :
				too_long(&hidden);
	}
	layer->nodes[id].cut_off = true;
	return error < 0 ? error : make_opaque(at);
}

/* What the model knows is in the layer already, unless it still is what it was. */
static int copy_known(struct crash__layer *layer, crash__slot_id id, const char *base_path,
		      const struct crash__location *at)
{
	crash__node_id child = layer->slots[id].child;

	if (!child || child != layer->fs->slots[id].base_child)
		return 0;
	if (layer->fs->nodes[child].type == CRASH__NODE_DIRECTORY)
		return layer->nodes[child].cut_off ? 0 : crash__layer_cut_off(layer, child, base_path, at);
	return crash__layer_copy_up(layer, child);
}

/* Something that the model does not know. */
static int copy_unknown(struct crash__layer *layer, const char *base_path, const struct crash__location *at)
{
	char text[PATH_MAX] = "";
	enum crash__node_type type;
	struct stat status;
	int error, there = crash__base_stat(layer->fs->base, base_path, &status);

	if (there <= 0)
		return there;
	type = S_ISREG(status.st_mode) ? CRASH__NODE_FILE :
	       S_ISDIR(status.st_mode) ? CRASH__NODE_DIRECTORY :
	       S_ISLNK(status.st_mode) ? CRASH__NODE_LINK :
					 CRASH__NODE_OTHER;
	error = type == CRASH__NODE_LINK ? crash__base_link(layer->fs->base, base_path, text) : 0;
	if (error == 0)
		error = make_thing(layer, type, base_path, (uint64_t)status.st_size, text, status.st_mode,
				   status.st_uid, status.st_gid, at);
	if (error == 0 && type == CRASH__NODE_DIRECTORY)
		error = copy_rest(layer, 0, base_path, at);
	if (error == 0 && type == CRASH__NODE_DIRECTORY)
		error = crash__layer_date_base(layer, base_path, at);
	return error;
}

/* One entry of a directory of the starting tree that has to be in the layer itself. */
static int copy_entry(struct crash__layer *layer, crash__node_id directory, const char *base_path,
		      const struct crash__location *above, const char *name)
{
	crash__slot_id id = directory ? known_slot(layer, directory, name) : 0;
	struct crash__location at = *above;
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%s", base_path, name) >= (int)sizeof path ||
	    !crash__location_append(&at, name))
		return too_long(&at);
	return id ? copy_known(layer, id, path, &at) : copy_unknown(layer, path, &at);
}

static int copy_rest(struct crash__layer *layer, crash__node_id directory, const char *base_path,
		     const struct crash__location *at)
{
	DIR *stream = crash__base_open_directory(layer->fs->base, base_path);
	int error = 0, got = 0;
	const char *name;

	if (!stream)
		return crash__fail_errno("cannot read the directory %s of the starting tree", base_path);
	while (error == 0 && (got = crash__directory_next(stream, &name)) > 0)
		error = copy_entry(layer, directory, base_path, at, name);
	if (error == 0 && got < 0)
		error = crash__fail_errno("cannot read the directory %s of the starting tree", base_path);
	closedir(stream);
	return error;
}
