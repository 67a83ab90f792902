/* SPDX-License-Identifier: MIT */
/*
 * Method. Every node that the layer has is a real file or directory there, at one of its names or, when it
 * has none at the moment, in the store. Moving to another state first takes away the names that change, then
 * puts the new ones in place, and last sets contents, sizes and modes. A directory that moves takes what is
 * in it along, as it does in a file system.
 *
 * In an overlay a node of the starting tree is fetched when it is first needed, and a name of the starting
 * tree that is gone becomes a whiteout: a character device 0/0, which anybody may make. A directory that the
 * run made, or that has moved, is cut off from the starting tree: it has all its entries in the layer, is
 * marked as opaque, and has no whiteouts, which would be listed there as names of nothing.
 *
 * A directory that its owner may not search or write to is closed last, the innermost first, and opened before
 * anything else: who is not root could not get at what is in it.
 */
#include "explore/layer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runner/error.h"

enum place {
	NOWHERE, /* not made yet */
	IN_BASE, /* shown by the overlay, not in the layer */
	IN_STORE,
	IN_TREE,
};

struct node {
	enum place place;
	uint32_t names;	     /* it has */
	crash__slot_id slot; /* one of them; directories have no other */
	bool unwritable;     /* its mode forbids us to open it */
	bool cut_off;	     /* a directory through which nothing of the starting tree shows */
	uint64_t limit;	     /* behind it nothing of the starting tree shows */
};

struct slot {
	crash__node_id child; /* as it is on disk */
	bool whiteout;
};

/* A directory whose mode keeps its owner out. */
struct closed {
	crash__node_id id;
	uint32_t mode;
	size_t depth;
};

struct crash__layer {
	const struct crash__fs *fs;
	bool overlay;
	int tree, store;
	struct node *nodes;
	struct slot *slots;
	CRASH__VECTOR(struct closed, closed); /* between moves: in the order in which they were closed */
};

/* Where something is: below the tree or below the store. */
struct location {
	int root;
	char path[PATH_MAX]; /* "" is the root itself */
};

static int fail(const char *what, const struct location *at)
{
	return crash__fail_errno("cannot %s %s", what, at->path);
}

/* ------------------------------------------------------------------ where things are */

static bool append(struct location *at, const char *name)
{
	size_t length = strlen(at->path);

	return snprintf(at->path + length, sizeof at->path - length, "%s%s", length ? "/" : "", name) <
	       (int)(sizeof at->path - length);
}

static bool locate_slot(const struct crash__layer *layer, crash__slot_id id, struct location *at);

static bool locate_node(const struct crash__layer *layer, crash__node_id id, struct location *at)
{
	const struct node *node = &layer->nodes[id];

	at->root = layer->tree;
	at->path[0] = '\0';
	if (id == 1)
		return true;
	if (node->place == IN_STORE) {
		at->root = layer->store;
		snprintf(at->path, sizeof at->path, "%u", id);
		return true;
	}
	return node->slot && locate_slot(layer, node->slot, at);
}

static bool locate_slot(const struct crash__layer *layer, crash__slot_id id, struct location *at)
{
	const struct crash__slot *slot = &layer->fs->slots[id];

	return locate_node(layer, slot->directory, at) && append(at, slot->name);
}

/* ------------------------------------------------------------------ making things */

/* ------------------------------------------------------------------ directories that keep us out */

static bool keeps_out(uint32_t mode)
{
	return (mode & S_IRWXU) != S_IRWXU;
}

/* Remembers what a directory's mode is going to be; it stays open until all the others are done. */
static int close_later(struct crash__layer *layer, crash__node_id id, uint32_t mode)
{
	struct closed *closed = NULL;

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
	*closed = (struct closed){.id = id, .mode = mode};
	return 0;
}

static int set_closed_mode(const struct crash__layer *layer, const struct closed *closed, uint32_t mode)
{
	struct location at;

	if (layer->nodes[closed->id].place == NOWHERE || layer->nodes[closed->id].place == IN_BASE)
		return 0;
	if (!locate_node(layer, closed->id, &at) || fchmodat(at.root, at.path, mode, 0) < 0)
		return fail("set the mode of", &at);
	return 0;
}

static int innermost_first(const void *a, const void *b)
{
	const struct closed *x = a, *y = b;

	return (x->depth < y->depth) - (x->depth > y->depth);
}

static int close_directories(struct crash__layer *layer)
{
	struct location at;
	int error = 0;

	for (size_t i = 0; i < layer->closed_count; i++) {
		layer->closed[i].depth = 0;
		if (locate_node(layer, layer->closed[i].id, &at))
			for (const char *c = at.path; *c; c++)
				layer->closed[i].depth += *c == '/';
	}
	if (layer->closed_count)
		qsort(layer->closed, layer->closed_count, sizeof *layer->closed, innermost_first);
	for (size_t i = 0; i < layer->closed_count && error == 0; i++)
		error = set_closed_mode(layer, &layer->closed[i], layer->closed[i].mode);
	return error;
}

static int open_directories(struct crash__layer *layer)
{
	int error = 0;

	for (size_t i = layer->closed_count; i-- > 0 && error == 0;)
		error = set_closed_mode(layer, &layer->closed[i], layer->closed[i].mode | S_IRWXU);
	return error;
}

/* ------------------------------------------------------------------ making things */

/* Makes the directories of the starting tree above something, which an overlay's layer needs as well. */
static int make_parents(struct crash__layer *layer, const struct location *at)
{
	struct location above = *at;
	struct stat status, base;

	if (!layer->overlay || at->root != layer->tree)
		return 0;
	for (char *slash = strchr(above.path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (fstatat(above.root, above.path, &status, AT_SYMLINK_NOFOLLOW) < 0) {
			if (!crash__base_stat(layer->fs->base, above.path, &base))
				base = (struct stat){.st_mode = 0755};
			if (mkdirat(above.root, above.path, 0700) < 0)
				return fail("make", &above);
			fchmodat(above.root, above.path, base.st_mode & 07777, 0);
			if (geteuid() == 0)
				fchownat(above.root, above.path, base.st_uid, base.st_gid, AT_SYMLINK_NOFOLLOW);
		}
		*slash = '/';
	}
	return 0;
}

/* Copies a range of a file of the starting tree. */
static int copy_base(struct crash__layer *layer, const char *from, int to, uint64_t at, uint64_t end)
{
	static char buffer[1 << 16];

	while (at < end) {
		size_t want = end - at < sizeof buffer ? (size_t)(end - at) : sizeof buffer;
		long got = crash__base_read(layer->fs->base, from, buffer, want, at);

		if (got < 0)
			return crash__fail_errno("cannot read %s", from);
		if (got == 0)
			break;
		if (pwrite(to, buffer, (size_t)got, (off_t)at) != got)
			return crash__fail_errno("cannot copy %s", from);
		at += (uint64_t)got;
	}
	return 0;
}

static int make_file(struct crash__layer *layer, const char *base_path, uint64_t bytes, const struct location *at)
{
	int fd = openat(at->root, at->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), error = 0;

	if (fd < 0)
		return fail("make", at);
	if (base_path)
		error = copy_base(layer, base_path, fd, 0, bytes);
	if (error == 0 && ftruncate(fd, (off_t)bytes) < 0)
		error = fail("size", at);
	close(fd);
	return error;
}

/* Makes something as it was before the run (if it has a path there) or as it was when it was made. */
static int make_thing(struct crash__layer *layer, enum crash__node_type type, const char *base_path,
		      uint64_t bytes, const char *text, uint32_t mode, uid_t uid, gid_t gid,
		      const struct location *at)
{
	int error = 0;

	switch (type) {
	case CRASH__NODE_FILE:
		error = make_file(layer, base_path, bytes, at);
		break;
	case CRASH__NODE_DIRECTORY:
		error = mkdirat(at->root, at->path, 0700) < 0 && errno != EEXIST ? fail("make", at) : 0;
		break;
	case CRASH__NODE_LINK:
		error = symlinkat(text ? text : "", at->root, at->path) < 0 ? fail("make", at) : 0;
		break;
	case CRASH__NODE_OTHER:
		/* a device cannot be made without rights; a FIFO stands for it */
		error = mknodat(at->root, at->path, S_IFIFO | 0600, 0) < 0 ? fail("make", at) : 0;
		break;
	}
	if (error == 0 && geteuid() == 0 && fchownat(at->root, at->path, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		error = fail("chown", at);
	if (error == 0 && type != CRASH__NODE_LINK && fchmodat(at->root, at->path, mode & 07777, 0) < 0)
		error = fail("set the mode of", at);
	return error;
}

/* Nothing of the layers below an opaque directory shows in it. */
static int make_opaque(const struct location *at)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "/proc/self/fd/%d/%s", at->root, at->path) >= (int)sizeof path ||
	    setxattr(path, geteuid() ? "user.overlay.opaque" : "trusted.overlay.opaque", "y", 1, 0) < 0)
		return fail("cut off", at);
	return 0;
}

static int make_node(struct crash__layer *layer, crash__node_id id, const struct location *at)
{
	const struct crash__node *node = &layer->fs->nodes[id];
	bool is_directory = node->type == CRASH__NODE_DIRECTORY;
	bool is_new = layer->overlay && is_directory && !node->base_path;
	int error = 0;

	layer->nodes[id].unwritable = !(node->mode & S_IWUSR);
	layer->nodes[id].cut_off = is_new;
	if (is_directory)
		error = close_later(layer, id, node->mode & 07777);
	if (error == 0)
		error = make_thing(layer, node->type, node->base_path, node->base_size, node->text,
				   is_directory ? node->mode | S_IRWXU : node->mode, node->uid, node->gid, at);
	return error == 0 && is_new ? make_opaque(at) : error;
}

/* The other names that a file of the starting tree has: the overlay would show them as files of their own. */
static int link_names(struct crash__layer *layer, crash__node_id id, const struct location *from)
{
	int error = 0;

	for (crash__slot_id slot = 1; slot < layer->fs->slots_count && error == 0; slot++) {
		struct location at;

		if (layer->slots[slot].child != id || slot == layer->nodes[id].slot)
			continue;
		if (!locate_slot(layer, slot, &at))
			return crash__fail(CRASH_ETRACE, "a name lies outside of the tree");
		error = make_parents(layer, &at);
		if (error == 0 && linkat(from->root, from->path, at.root, at.path, 0) < 0)
			error = fail("link", &at);
	}
	return error;
}

/* Puts a node that is not in the layer yet there: where it stands, or in the store. */
static int fetch(struct crash__layer *layer, crash__node_id id)
{
	struct node *node = &layer->nodes[id];
	bool from_base = node->place == IN_BASE;
	struct location at;
	int error = 0;

	if (id == 1 || node->place == IN_TREE || node->place == IN_STORE)
		return 0;
	if (node->place == NOWHERE)
		node->place = IN_STORE;
	if (!locate_node(layer, id, &at))
		return crash__fail(CRASH_ETRACE, "a file lies outside of the tree");
	if (from_base) {
		error = make_parents(layer, &at);
		node->place = IN_TREE;
	}
	if (error == 0)
		error = make_node(layer, id, &at);
	if (error == 0 && from_base && node->names > 1)
		error = link_names(layer, id, &at);
	return error;
}

/* ------------------------------------------------------------------ names */

/* Whether the overlay would show something of the starting tree at this name. */
static bool shows_through(const struct crash__layer *layer, crash__slot_id id)
{
	const struct crash__slot *slot = &layer->fs->slots[id];

	return layer->overlay && slot->base_child && !layer->nodes[slot->directory].cut_off;
}

static int set_whiteout(struct crash__layer *layer, crash__slot_id id, const struct location *at, bool wanted)
{
	struct slot *slot = &layer->slots[id];
	int error;

	if (slot->whiteout == wanted)
		return 0;
	if (wanted) {
		error = make_parents(layer, at);
		if (error < 0)
			return error;
		if (mknodat(at->root, at->path, S_IFCHR, makedev(0, 0)) < 0)
			return fail("hide", at);
	} else if (unlinkat(at->root, at->path, 0) < 0) {
		return fail("show", at);
	}
	slot->whiteout = wanted;
	return 0;
}

/* Another name of a node; 0 if it has no other. */
static crash__slot_id other_name(const struct crash__layer *layer, crash__node_id id)
{
	for (crash__slot_id slot = 1; slot < layer->fs->slots_count; slot++)
		if (layer->slots[slot].child == id)
			return slot;
	return 0;
}

static crash__slot_id known_slot(const struct crash__layer *layer, crash__node_id directory, const char *name)
{
	for (crash__slot_id id = 1; id < layer->fs->slots_count; id++)
		if (layer->fs->slots[id].directory == directory && strcmp(layer->fs->slots[id].name, name) == 0)
			return id;
	return 0;
}

static int copy_rest(struct crash__layer *layer, crash__node_id directory, const char *base_path,
		     const struct location *at);

/* A directory of the starting tree gets all that it shows into the layer, with what is below it. */
static int cut_off(struct crash__layer *layer, crash__node_id id, const char *base_path, const struct location *at)
{
	int error = fetch(layer, id);

	if (error == 0)
		error = copy_rest(layer, id, base_path, at);
	for (crash__slot_id slot = 1; slot < layer->fs->slots_count && error == 0; slot++) {
		struct location hidden = *at;

		if (layer->fs->slots[slot].directory == id && append(&hidden, layer->fs->slots[slot].name))
			error = set_whiteout(layer, slot, &hidden, false);
	}
	layer->nodes[id].cut_off = true;
	return error < 0 ? error : make_opaque(at);
}

/* One entry of a directory of the starting tree that has to be in the layer itself. */
static int copy_entry(struct crash__layer *layer, crash__node_id directory, const char *base_path,
		      const struct location *above, const char *name)
{
	crash__slot_id id = directory ? known_slot(layer, directory, name) : 0;
	char path[PATH_MAX], text[PATH_MAX] = "";
	struct location at = *above;
	enum crash__node_type type;
	struct stat status;
	int error;

	if (snprintf(path, sizeof path, "%s/%s", base_path, name) >= (int)sizeof path || !append(&at, name))
		return 0;
	if (id) {
		/* what the model knows is in the layer already, unless it still is what it was */
		crash__node_id child = layer->slots[id].child;

		if (!child || child != layer->fs->slots[id].base_child)
			return 0;
		if (layer->fs->nodes[child].type == CRASH__NODE_DIRECTORY)
			return layer->nodes[child].cut_off ? 0 : cut_off(layer, child, path, &at);
		return fetch(layer, child);
	}
	if (!crash__base_stat(layer->fs->base, path, &status))
		return 0;
	type = S_ISREG(status.st_mode) ? CRASH__NODE_FILE :
	       S_ISDIR(status.st_mode) ? CRASH__NODE_DIRECTORY :
	       S_ISLNK(status.st_mode) ? CRASH__NODE_LINK :
					 CRASH__NODE_OTHER;
	if (type == CRASH__NODE_LINK)
		crash__base_link(layer->fs->base, path, text);
	error = make_thing(layer, type, path, (uint64_t)status.st_size, text, status.st_mode, status.st_uid,
			   status.st_gid, &at);
	if (error == 0 && type == CRASH__NODE_DIRECTORY)
		error = copy_rest(layer, 0, path, &at);
	return error;
}

static int copy_rest(struct crash__layer *layer, crash__node_id directory, const char *base_path,
		     const struct location *at)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *stream;
	int error = 0;

	snprintf(path, sizeof path, "%s/%s", crash__base_directory(layer->fs->base), base_path);
	stream = opendir(path);
	while (stream && error == 0 && (entry = readdir(stream)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			error = copy_entry(layer, directory, base_path, at, entry->d_name);
	if (stream)
		closedir(stream);
	return error;
}

/* Takes a name away; what has no other goes to the store. */
static int detach(struct crash__layer *layer, crash__slot_id id)
{
	struct slot *slot = &layer->slots[id];
	crash__node_id child = slot->child;
	struct node *node = &layer->nodes[child];
	struct location at;
	bool through = shows_through(layer, id);
	char kept[16];
	int error;

	if (!child)
		return 0;
	error = fetch(layer, child);
	if (error < 0)
		return error;
	if (!locate_slot(layer, id, &at))
		return crash__fail(CRASH_ETRACE, "a name lies outside of the tree");
	/* the overlay shows its contents only where it was */
	if (layer->overlay && layer->fs->nodes[child].type == CRASH__NODE_DIRECTORY && !node->cut_off) {
		error = cut_off(layer, child, layer->fs->nodes[child].base_path, &at);
		if (error < 0)
			return error;
	}
	snprintf(kept, sizeof kept, "%u", child);
	slot->child = 0;
	node->names--;
	if (node->names) {
		if (unlinkat(at.root, at.path, 0) < 0)
			return fail("remove", &at);
		if (node->slot == id)
			node->slot = other_name(layer, child);
	} else {
		if (renameat(at.root, at.path, layer->store, kept) < 0)
			return fail("put away", &at);
		node->place = IN_STORE;
		node->slot = 0;
	}
	return through ? set_whiteout(layer, id, &at, true) : 0;
}

/* Gives a node a name. */
static int attach(struct crash__layer *layer, crash__slot_id id, crash__node_id child)
{
	struct node *node = &layer->nodes[child];
	struct location at, from;
	int error = fetch(layer, layer->fs->slots[id].directory);

	if (error == 0 && !locate_slot(layer, id, &at))
		error = crash__fail(CRASH_ETRACE, "a name lies outside of the tree");
	if (error == 0)
		error = set_whiteout(layer, id, &at, false);
	if (error == 0)
		error = make_parents(layer, &at);
	if (error == 0)
		error = fetch(layer, child);
	if (error < 0)
		return error;
	if (!locate_node(layer, child, &from))
		return crash__fail(CRASH_ETRACE, "a file lies outside of the tree");
	if (node->place == IN_STORE ? renameat(from.root, from.path, at.root, at.path) < 0 :
				      linkat(from.root, from.path, at.root, at.path, 0) < 0)
		return fail("place", &at);
	node->place = IN_TREE;
	node->names++;
	if (!node->slot)
		node->slot = id;
	layer->slots[id].child = child;
	return 0;
}

/* ------------------------------------------------------------------ contents */

/* Opens a file. One that has no name and is nowhere yet goes to the store: it may get a name later. */
static int open_node(struct crash__layer *layer, crash__node_id id)
{
	struct location at;
	int error = fetch(layer, id), fd;

	if (error < 0)
		return error;
	if (!locate_node(layer, id, &at))
		return crash__fail(CRASH_ETRACE, "a file lies outside of the tree");
	if (layer->nodes[id].unwritable)
		fchmodat(at.root, at.path, 0600, 0);
	fd = openat(at.root, at.path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? fail("open", &at) : fd;
}

static int move_blocks(struct crash__layer *layer, struct crash__view *view,
		       const struct crash__difference *difference)
{
	unsigned char bytes[CRASH__BLOCK];
	crash__node_id node, opened = 0;
	uint64_t index;
	int fd = -1, error = 0;

	for (size_t i = 0; i < difference->blocks_count && error == 0; i++) {
		size_t count;

		crash__view_block(view, difference->blocks[i], &node, &index);
		if (node != opened) {
			if (fd >= 0)
				close(fd);
			fd = open_node(layer, node);
			opened = node;
			if (fd < 0)
				return fd;
		}
		count = crash__view_content(view, difference->blocks[i], bytes);
		if (count && pwrite(fd, bytes, count, (off_t)(index * CRASH__BLOCK)) != (ssize_t)count)
			error = crash__fail_errno("cannot write to a file of the state");
	}
	if (fd >= 0)
		close(fd);
	return error;
}

/* Sets size and mode, when the contents are there. */
static int finish_node(struct crash__layer *layer, const struct crash__view *view, crash__node_id id)
{
	enum crash__node_type type = layer->fs->nodes[id].type;
	uint32_t mode = crash__view_mode(view, id) & 07777;
	struct location at;
	int fd, error = 0;

	if (type == CRASH__NODE_LINK)
		return 0;
	if (type == CRASH__NODE_FILE) {
		fd = open_node(layer, id);
		if (fd < 0)
			return fd;
		if (ftruncate(fd, (off_t)crash__view_size(view, id)) < 0)
			error = crash__fail_errno("cannot size a file of the state");
		close(fd);
	} else {
		error = fetch(layer, id);
	}
	if (error < 0)
		return error;
	if (type == CRASH__NODE_DIRECTORY && id != 1) {
		error = close_later(layer, id, mode);
		mode |= S_IRWXU;
	}
	if (error == 0 && (!locate_node(layer, id, &at) || (id != 1 && fchmodat(at.root, at.path, mode, 0) < 0)))
		error = fail("set the mode of", &at);
	layer->nodes[id].unwritable = !(mode & S_IWUSR);
	return error;
}

/*
 * Takes away what the file must not show any more, and brings back what it shows again of the starting tree. Where
 * the limit of that changes, everything behind it is made anew: the difference has all blocks from there on.
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
	if (error == 0 && node->base_path)
		error = copy_base(layer, node->base_path, fd, at, end < size ? end : size);
	close(fd);
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
	int error = open_directories(layer);

	if (error == 0)
		error = move_names(layer, view, difference);
	for (size_t i = 0; i < difference->nodes_count && error == 0; i++)
		error = cut_node(layer, view, difference->nodes[i]);
	if (error == 0)
		error = move_blocks(layer, view, difference);
	for (size_t i = 0; i < difference->nodes_count && error == 0; i++)
		error = finish_node(layer, view, difference->nodes[i]);
	return error < 0 ? error : close_directories(layer);
}

/* ------------------------------------------------------------------ making one */

/* The directories of the starting tree that are closed. */
static int close_base(struct crash__layer *layer)
{
	int error = 0;

	for (crash__node_id id = 2; id < layer->fs->nodes_count && error == 0; id++)
		if (layer->fs->nodes[id].base_path && layer->fs->nodes[id].type == CRASH__NODE_DIRECTORY)
			error = close_later(layer, id, layer->fs->nodes[id].mode & 07777);
	return error < 0 ? error : close_directories(layer);
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
			layer->nodes[id].place = overlay ? IN_BASE : IN_TREE;
		layer->nodes[id].unwritable = !(fs->nodes[id].mode & S_IWUSR);
		layer->nodes[id].limit = UINT64_MAX;
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
	return close_base(layer);
}

void crash__layer_free(struct crash__layer *layer)
{
	if (!layer)
		return;
	if (layer->tree >= 0)
		close(layer->tree);
	if (layer->store >= 0)
		close(layer->store);
	free(layer->nodes);
	free(layer->slots);
	free(layer->closed);
	free(layer);
}
