/* SPDX-License-Identifier: MIT */
#include "explore/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <uthash.h>

#include "runner/error.h"

/* ------------------------------------------------------------------ indexes */

struct slot_key {
	crash__node_id directory;
	char name[]; /* not terminated: the length is the key's */
};

struct slot_entry {
	crash__slot_id slot;
	UT_hash_handle hh;
	struct slot_key key;
};

/* Which node a device and inode number stand for, in the run or in the base. */
struct identity {
	uint64_t key[2];
	crash__node_id node;
	uint64_t since; /* in the run: when that was seen */
	UT_hash_handle hh;
};

static crash__node_id identity_find(void *index, uint64_t device, uint64_t inode)
{
	struct identity *table = index, *found;
	uint64_t key[2] = {device, inode};

	HASH_FIND(hh, table, key, sizeof key, found);
	return found ? found->node : 0;
}

static bool identity_set(void **index, uint64_t device, uint64_t inode, crash__node_id node, uint64_t since)
{
	struct identity *table = *index, *found;
	uint64_t key[2] = {device, inode};

	if (inode == 0)
		return true;
	HASH_FIND(hh, table, key, sizeof key, found);
	if (!found) {
		found = calloc(1, sizeof *found);
		if (!found)
			return false;
		memcpy(found->key, key, sizeof key);
		HASH_ADD(hh, table, key, sizeof found->key, found);
		*index = table;
	}
	/* Its file may be gone while its op is on the way, and another one have the number already. */
	if (since < found->since)
		return true;
	found->node = node;
	found->since = since;
	return true;
}

/* The run shows which number a node has there, at a time of its sequence. */
static bool identify(struct crash__fs *fs, crash__node_id node, uint64_t device, uint64_t inode, uint64_t when)
{
	if (inode == 0)
		return true;
	fs->nodes[node].device = device;
	fs->nodes[node].inode = inode;
	return identity_set(&fs->identity_index, device, inode, node, when);
}

static void identity_clear(void **index)
{
	struct identity *table = *index, *entry, *next;

	HASH_ITER(hh, table, entry, next)
	{
		HASH_DEL(table, entry);
		free(entry);
	}
	*index = NULL;
}

/* ------------------------------------------------------------------ nodes and slots */

static crash__node_id new_node(struct crash__fs *fs, uint32_t mode)
{
	struct crash__node *node = CRASH__PUSH(fs, nodes);

	if (!node)
		return 0;
	memset(node, 0, sizeof *node);
	node->mode = node->mode_now = mode;
	node->type = S_ISREG(mode) ? CRASH__NODE_FILE :
		     S_ISDIR(mode) ? CRASH__NODE_DIRECTORY :
		     S_ISLNK(mode) ? CRASH__NODE_LINK :
				     CRASH__NODE_OTHER;
	return (crash__node_id)(fs->nodes_count - 1);
}

/* The node of something that was there before the run. */
static crash__node_id base_node(struct crash__fs *fs, const char *path)
{
	struct stat status;
	char text[PATH_MAX];
	crash__node_id id;
	struct crash__node *node;

	if (!crash__base_stat(fs->base, path, &status))
		return 0;
	id = identity_find(fs->base_index, status.st_dev, status.st_ino);
	if (id)
		return id; /* by another name */
	id = new_node(fs, status.st_mode);
	if (!id)
		return 0;
	node = &fs->nodes[id];
	node->uid = status.st_uid;
	node->gid = status.st_gid;
	node->links = node->base_links = (uint32_t)status.st_nlink;
	node->base_path = strdup(path);
	node->size = node->base_size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
	if (node->type == CRASH__NODE_LINK && crash__base_link(fs->base, path, text))
		node->text = strdup(text);
	identity_set(&fs->base_index, status.st_dev, status.st_ino, id, 0);
	return id;
}

/* What the base has at a name of a directory that comes from the base. */
static crash__node_id base_child(struct crash__fs *fs, crash__node_id directory, const char *name)
{
	const char *above = fs->nodes[directory].base_path;
	char path[PATH_MAX];

	if (!above ||
	    snprintf(path, sizeof path, "%s%s%s", above, *above ? "/" : "", name) >= (int)sizeof path)
		return 0;
	return base_node(fs, path);
}

crash__slot_id crash__fs_slot(struct crash__fs *fs, crash__node_id directory, const char *name,
			      size_t length)
{
	size_t key_size = sizeof(struct slot_key) + length;
	struct slot_entry *entry = calloc(1, sizeof *entry + length), *table = fs->slot_index, *found;
	struct crash__slot *slot;
	crash__slot_id id;

	if (!entry)
		return 0;
	entry->key.directory = directory;
	memcpy(entry->key.name, name, length);
	HASH_FIND(hh, table, &entry->key, key_size, found);
	if (found) {
		free(entry);
		return found->slot;
	}
	slot = CRASH__PUSH(fs, slots);
	if (!slot || !(slot->name = strndup(name, length))) {
		free(entry);
		return 0;
	}
	id = (crash__slot_id)(fs->slots_count - 1);
	slot->directory = directory;
	slot->base_child = slot->child = slot->gone = 0;
	entry->slot = id;
	HASH_ADD(hh, table, key, key_size, entry);
	fs->slot_index = table;
	/* looking at the base may make nodes, which may move them */
	crash__node_id child = base_child(fs, directory, fs->slots[id].name);
	fs->slots[id].base_child = fs->slots[id].child = child;
	return id;
}

/* The slot that an absolute path ends in; 0 if it is not below the data directory or leads nowhere. */
static crash__slot_id find_slot(struct crash__fs *fs, const char *path, bool *outside)
{
	size_t length = strlen(fs->root);
	crash__node_id directory = 1;
	crash__slot_id slot = 0;

	*outside = !path || strncmp(path, fs->root, length) != 0 ||
		   (path[length] && path[length] != '/' && length > 1);
	if (*outside)
		return 0;
	for (const char *at = path + length + strspn(path + length, "/"); *at;) {
		size_t part = strcspn(at, "/");

		if (slot)
			directory = fs->slots[slot].child;
		if (!directory || fs->nodes[directory].type != CRASH__NODE_DIRECTORY)
			return 0;
		slot = crash__fs_slot(fs, directory, at, part);
		if (!slot)
			return 0;
		at += part;
		at += strspn(at, "/");
	}
	return slot;
}

static crash__node_id find_node(struct crash__fs *fs, const char *path, bool *outside)
{
	crash__slot_id slot = find_slot(fs, path, outside);

	if (slot)
		return fs->slots[slot].child;
	return !*outside && strcmp(path, fs->root) == 0 ? 1 : 0;
}

/* ------------------------------------------------------------------ steps and effects */

struct replay {
	struct crash__fs *fs;
	const struct crash__event *event;
	size_t step; /* index of the step under construction, or SIZE_MAX */
	bool no_memory;
	bool keeps_set_id; /* what is written to stays set-user-ID */
	uint64_t acked;
};

static struct crash__step *the_step(struct replay *replay)
{
	struct crash__fs *fs = replay->fs;
	struct crash__step *step;

	if (replay->step != SIZE_MAX)
		return &fs->steps[replay->step];
	step = CRASH__PUSH(fs, steps);
	if (!step) {
		replay->no_memory = true;
		return NULL;
	}
	memset(step, 0, sizeof *step);
	step->event = replay->event;
	step->first_effect = (uint32_t)fs->effects_count;
	step->acked = replay->acked;
	replay->step = fs->steps_count - 1;
	return step;
}

static struct crash__effect *add_effect(struct replay *replay, enum crash__effect_kind kind)
{
	struct crash__step *step = the_step(replay);
	struct crash__effect *effect = step ? CRASH__PUSH(replay->fs, effects) : NULL;

	if (!effect) {
		replay->no_memory = true;
		return NULL;
	}
	memset(effect, 0, sizeof *effect);
	effect->kind = kind;
	step->effects++;
	return effect;
}

static void set_entry(struct replay *replay, crash__slot_id id, crash__node_id node)
{
	struct crash__fs *fs = replay->fs;
	struct crash__slot *slot = &fs->slots[id];
	struct crash__effect *effect = add_effect(replay, CRASH__EFFECT_ENTRY);

	if (!effect)
		return;
	effect->slot = id;
	effect->node = node;
	effect->old_node = slot->child;
	if (slot->child) {
		fs->nodes[slot->child].links--;
		if (!fs->nodes[slot->child].inode)
			slot->gone = slot->child;
	}
	if (node)
		fs->nodes[node].links++;
	slot->child = node;
}

static void set_size(struct replay *replay, crash__node_id id, uint64_t size)
{
	struct crash__node *node = &replay->fs->nodes[id];
	struct crash__effect *effect;

	if (size == node->size)
		return;
	effect = add_effect(replay, CRASH__EFFECT_SIZE);
	if (!effect)
		return;
	effect->node = id;
	effect->size = size;
	effect->old_size = node->size;
	node->size = size;
	node->touched = true;
}

static void set_range(struct replay *replay, enum crash__effect_kind kind, crash__node_id id,
		      uint64_t offset, uint64_t bytes)
{
	struct crash__effect *effect;

	if (bytes == 0)
		return;
	effect = add_effect(replay, kind);
	if (!effect)
		return;
	effect->node = id;
	effect->offset = offset;
	effect->bytes = bytes;
	effect->old_size = replay->fs->nodes[id].size;
	replay->fs->nodes[id].touched = true;
}

static void set_attributes(struct replay *replay, crash__node_id id, uint32_t mode, uint32_t uid, uint32_t gid)
{
	struct crash__effect *effect = add_effect(replay, CRASH__EFFECT_ATTRIBUTES);

	if (!effect)
		return;
	effect->node = id;
	effect->mode = mode;
	effect->uid = uid;
	effect->gid = gid;
	replay->fs->nodes[id].touched = true;
	replay->fs->nodes[id].mode_now = mode;
}

/* A change of what is in a program's file takes its set-ID bits away, unless by somebody with CAP_FSETID. */
static void drop_set_id(struct replay *replay, crash__node_id id)
{
	const struct crash__node *node = &replay->fs->nodes[id];
	uint32_t mode = node->mode_now & ~(uint32_t)S_ISUID;

	if (mode & S_IXGRP)
		mode &= ~(uint32_t)S_ISGID;
	if (!replay->keeps_set_id && S_ISREG(mode) && mode != node->mode_now)
		set_attributes(replay, id, mode, node->uid, node->gid);
}

static void unknown(struct replay *replay, const char *what)
{
	struct crash__fs *fs = replay->fs;

	if (fs->unknown++ == 0)
		snprintf(fs->unknown_detail, sizeof fs->unknown_detail, "%s %.200s",
			 crash__calls[replay->event->call].name, what ? what : "");
}

static void unsupported(struct replay *replay)
{
	if (replay->fs->unsupported++ == 0)
		snprintf(replay->fs->unsupported_detail, sizeof replay->fs->unsupported_detail, "%s",
			 crash__calls[replay->event->call].name);
}

/* ------------------------------------------------------------------ which file */

/* Whether a node can be the file: it is of the same type, and not known to be another one. */
static bool can_be(const struct crash__fs *fs, crash__node_id node, const struct crash__trace_file *file)
{
	const struct crash__node *there = &fs->nodes[node];

	return node && (there->mode & S_IFMT) == (file->mode & S_IFMT) &&
	       (!there->inode || (there->device == file->device && there->inode == file->inode));
}

/*
 * A file of the starting tree, by the name it had when the run first used its descriptor. It may have lost that
 * name since it was opened; the kernel then calls it "NAME (deleted)", and another may have the name by now.
 */
static crash__node_id node_of_name(struct crash__fs *fs, const struct crash__trace_file *file, bool *outside)
{
	static const char remark[] = " (deleted)";
	size_t length = file->path ? strlen(file->path) : 0;
	char path[PATH_MAX];
	crash__slot_id slot;
	crash__node_id node = find_node(fs, file->path, outside);

	if (*outside || can_be(fs, node, file))
		return node;
	if (length >= sizeof remark && strcmp(file->path + length - (sizeof remark - 1), remark) == 0)
		length -= sizeof remark - 1;
	snprintf(path, sizeof path, "%.*s", (int)length, file->path);
	slot = find_slot(fs, path, outside);
	return slot && can_be(fs, fs->slots[slot].gone, file) ? fs->slots[slot].gone : 0;
}

/* The node an op on a descriptor is about. */
static crash__node_id node_of_file(struct replay *replay, uint32_t number, bool *outside)
{
	struct crash__fs *fs = replay->fs;
	const struct crash__trace_file *file;
	crash__node_id node;

	*outside = false;
	if (number == 0 || number >= fs->trace->file_count)
		return 0;
	file = &fs->trace->files[number];
	node = identity_find(fs->identity_index, file->device, file->inode);
	if (node)
		return node;
	node = node_of_name(fs, file, outside);
	if (node)
		identify(fs, node, file->device, file->inode, replay->event->start);
	return node;
}

/* The node an op is about, by descriptor or by path. */
static crash__node_id node_of_event(struct replay *replay)
{
	struct crash__fs *fs = replay->fs;
	const struct crash__event *event = replay->event;
	bool outside = false;
	crash__node_id node;

	/* what names its file by a descriptor may have a path as well, which is only what it was called once */
	if (event->file || !event->path) {
		node = node_of_file(replay, event->file, &outside);
	} else {
		node = find_node(fs, event->path, &outside);
		if (!node && event->inode)
			node = identity_find(fs->identity_index, event->device, event->inode);
		if (node)
			identify(fs, node, event->device, event->inode, event->start);
	}
	if (node)
		return node;
	if (outside)
		fs->ignored++;
	else
		unknown(replay, crash__event_path(fs->trace, event));
	return 0;
}

static void note_made(struct replay *replay, crash__node_id node)
{
	const struct crash__event *event = replay->event;

	if (!identify(replay->fs, node, event->made_device, event->made_inode, event->end))
		replay->no_memory = true;
}

/* ------------------------------------------------------------------ the families */

static uint64_t bytes_inside(const struct crash__fs *fs, crash__node_id node, uint64_t offset, uint64_t bytes)
{
	uint64_t size = fs->nodes[node].size, left = size > offset ? size - offset : 0;

	return bytes < left ? bytes : left;
}

static void replay_write(struct replay *replay)
{
	const struct crash__event *event = replay->event;
	uint64_t bytes = event->data_bytes ? event->data_bytes : (uint64_t)event->result;
	crash__node_id node = node_of_event(replay);
	struct crash__step *step;

	if (!node)
		return;
	if (event->offset == UINT64_MAX || !event->data || bytes > INT64_MAX || event->offset > INT64_MAX - bytes) {
		if (bytes)
			unknown(replay, "without data, or where no file can have any");
		return;
	}
	/* a store is seen as whole pages, and never makes a file grow */
	if (event->kernel == CRASH__CALL_store)
		bytes = bytes_inside(replay->fs, node, event->offset, bytes);
	else if (bytes)
		drop_set_id(replay, node);
	set_range(replay, CRASH__EFFECT_DATA, node, event->offset, bytes);
	if (bytes && event->offset + bytes > replay->fs->nodes[node].size)
		set_size(replay, node, event->offset + bytes);
	step = the_step(replay);
	if (!step)
		return;
	step->node = node;
	if (event->flags & CRASH__OP_SYNC) {
		step->sync = CRASH__SYNC_DATA;
		step->sync_own = true;
	}
}

static uint64_t open_flags(const struct crash__event *event)
{
	const struct crash__where *where = &crash__calls[event->kernel].where;

	if (event->kernel == CRASH__CALL_creat)
		return O_CREAT | O_TRUNC;
	/* openat2 keeps them in memory; it is an op, so that it may create or truncate */
	return where->flags ? (uint64_t)crash__arg(event->args, where->flags) : O_CREAT;
}

/* Makes a node and gives it a name. */
static crash__node_id create(struct replay *replay, crash__slot_id slot, uint32_t mode)
{
	crash__node_id node = new_node(replay->fs, mode);

	if (!node) {
		replay->no_memory = true;
		return 0;
	}
	replay->fs->nodes[node].uid = replay->event->made_uid;
	replay->fs->nodes[node].gid = replay->event->made_gid;
	if (slot)
		set_entry(replay, slot, node);
	note_made(replay, node);
	if (the_step(replay))
		the_step(replay)->node = node;
	return node;
}

static void replay_open(struct replay *replay)
{
	struct crash__fs *fs = replay->fs;
	const struct crash__event *event = replay->event;
	uint64_t flags = open_flags(event);
	bool temporary = (flags & O_TMPFILE) == O_TMPFILE, outside, makes_node;
	crash__slot_id slot = find_slot(fs, event->path, &outside);
	crash__node_id node = slot ? fs->slots[slot].child : 0;

	makes_node = event->kernel == CRASH__CALL_mknod || event->kernel == CRASH__CALL_mknodat;
	if (outside) {
		fs->ignored++;
	} else if (temporary) {
		create(replay, 0, event->made_mode ? event->made_mode : S_IFREG | 0600);
	} else if (!slot) {
		if (strcmp(event->path, fs->root) != 0)
			unknown(replay, event->path);
	} else if (node && !makes_node) {
		note_made(replay, node);
		if (flags & O_TRUNC)
			drop_set_id(replay, node);
		if ((flags & O_TRUNC) && fs->nodes[node].type == CRASH__NODE_FILE && fs->nodes[node].size) {
			set_size(replay, node, 0);
			the_step(replay)->node = node;
			the_step(replay)->replaces = true;
		}
	} else if (event->made_inode) {
		create(replay, slot, event->made_mode);
	}
}

static void replay_mkdir(struct replay *replay)
{
	bool outside;
	crash__slot_id slot = find_slot(replay->fs, replay->event->path, &outside);

	if (outside)
		replay->fs->ignored++;
	else if (!slot)
		unknown(replay, replay->event->path);
	else
		create(replay, slot, replay->event->made_mode ? replay->event->made_mode : S_IFDIR | 0755);
}

static void replay_symlink(struct replay *replay)
{
	bool outside;
	crash__slot_id slot = find_slot(replay->fs, replay->event->path, &outside);
	crash__node_id node;

	if (outside) {
		replay->fs->ignored++;
		return;
	}
	node = slot ? create(replay, slot, S_IFLNK | 0777) : 0;
	if (!node)
		unknown(replay, replay->event->path);
	else
		replay->fs->nodes[node].text = strdup(replay->event->text ? replay->event->text : "");
}

static void replay_link(struct replay *replay)
{
	struct crash__fs *fs = replay->fs;
	const struct crash__event *event = replay->event;
	bool outside, from_outside;
	crash__slot_id slot;
	crash__node_id node;

	if (crash__calls[event->kernel].where.text) {
		replay_symlink(replay);
		return;
	}
	slot = find_slot(fs, event->to, &outside);
	if (outside) {
		fs->ignored++;
		return;
	}
	node = event->file ? node_of_file(replay, event->file, &from_outside) :
			     find_node(fs, event->path, &from_outside);
	/* a file without a name, opened with O_TMPFILE, is known by its number */
	if (!node)
		node = identity_find(fs->identity_index, event->made_device, event->made_inode);
	if (!slot || !node) {
		unknown(replay, event->path);
	} else {
		if (!event->file)
			identify(fs, node, event->device, event->inode, event->start);
		set_entry(replay, slot, node);
	}
}

static void replay_rename(struct replay *replay)
{
	struct crash__fs *fs = replay->fs;
	const struct crash__event *event = replay->event;
	uint8_t position = crash__calls[event->kernel].where.flags;
	long flags = crash__arg(event->args, position);
	bool from_outside, to_outside;
	crash__slot_id from = find_slot(fs, event->path, &from_outside);
	crash__slot_id to = find_slot(fs, event->to, &to_outside);
	crash__node_id moved = from ? fs->slots[from].child : 0, there = to ? fs->slots[to].child : 0;

	if (from_outside && to_outside) {
		fs->ignored++;
		return;
	}
	if (from_outside || to_outside || !from || !to || !moved) {
		unknown(replay, event->path); /* across the border of the data directory */
		return;
	}
	if (from == to || moved == there)
		return; /* two names of one file: nothing happens */
	identify(fs, moved, event->device, event->inode, event->start);
	if (flags & RENAME_EXCHANGE) {
		set_entry(replay, from, there);
		set_entry(replay, to, moved);
	} else {
		set_entry(replay, to, moved);
		set_entry(replay, from, 0);
	}
	if (the_step(replay)) {
		the_step(replay)->node = moved;
		the_step(replay)->replaces = there != 0;
	}
	if (flags & RENAME_WHITEOUT)
		unsupported(replay);
}

static void replay_unlink(struct replay *replay)
{
	struct crash__fs *fs = replay->fs;
	const struct crash__event *event = replay->event;
	bool outside;
	crash__slot_id slot = find_slot(fs, event->path, &outside);

	if (outside) {
		fs->ignored++;
	} else if (!slot || !fs->slots[slot].child) {
		unknown(replay, event->path);
	} else {
		/* it may be open, and written to later */
		identify(fs, fs->slots[slot].child, event->device, event->inode, event->start);
		set_entry(replay, slot, 0);
	}
}

static void replay_fallocate(struct replay *replay, crash__node_id node)
{
	const long *args = replay->event->args;
	uint64_t offset = (uint64_t)args[2], bytes = (uint64_t)args[3], size = replay->fs->nodes[node].size;
	uint64_t end = offset + bytes;

	if (args[1] & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) {
		unsupported(replay);
		return;
	}
	if ((args[1] & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) && offset < size)
		set_range(replay, CRASH__EFFECT_ZERO, node, offset, (end < size ? end : size) - offset);
	if (!(args[1] & FALLOC_FL_KEEP_SIZE) && end > size)
		set_size(replay, node, end);
}

static void replay_truncate(struct replay *replay)
{
	const struct crash__event *event = replay->event;
	const struct crash__where *where = &crash__calls[event->kernel].where;
	crash__node_id node = node_of_event(replay);
	uint64_t size = (uint64_t)crash__arg(event->args, where->size);

	if (!node)
		return;
	drop_set_id(replay, node);
	if (event->kernel == CRASH__CALL_fallocate)
		replay_fallocate(replay, node);
	else
		set_size(replay, node, size);
	if (replay->step == SIZE_MAX)
		return;
	the_step(replay)->node = node;
	the_step(replay)->replaces = event->kernel != CRASH__CALL_fallocate && size == 0;
}

static void replay_attr(struct replay *replay)
{
	const struct crash__event *event = replay->event;
	const struct crash__where *where = &crash__calls[event->kernel].where;
	crash__node_id node;
	uint32_t mode;

	/* owners, times and extended attributes are not modelled: no checker reads them */
	if (!where->mode)
		return;
	node = node_of_event(replay);
	if (!node)
		return;
	mode = (uint32_t)crash__arg(event->args, where->mode) & 07777;
	set_attributes(replay, node, (replay->fs->nodes[node].mode & S_IFMT) | mode,
		       replay->fs->nodes[node].uid, replay->fs->nodes[node].gid);
}

static void replay_sync(struct replay *replay)
{
	const struct crash__event *event = replay->event;
	struct crash__step *step;
	enum crash__sync_kind kind = CRASH__SYNC_FILE;
	crash__node_id node = 0;

	switch (event->kernel) {
	case CRASH__CALL_sync:
	case CRASH__CALL_syncfs:
		kind = CRASH__SYNC_ALL;
		break;
	case CRASH__CALL_sync_file_range: /* starts writeback, and makes nothing durable */
		return;
	case CRASH__CALL_msync:
		if (!(event->args[2] & 4)) /* MS_SYNC */
			return;
		kind = CRASH__SYNC_DATA;
		break;
	case CRASH__CALL_fdatasync:
		kind = CRASH__SYNC_DATA;
		break;
	}
	if (kind != CRASH__SYNC_ALL && !(node = node_of_event(replay)))
		return;
	step = the_step(replay);
	if (!step)
		return;
	step->sync = kind;
	step->sync_failed = event->result < 0;
	step->node = node;
}

static void replay_op(struct replay *replay)
{
	static void (*const by_family[CRASH__FAMILIES])(struct replay *) = {
		[CRASH__FAMILY_WRITE] = replay_write,	  [CRASH__FAMILY_FSYNC] = replay_sync,
		[CRASH__FAMILY_OPEN] = replay_open,	  [CRASH__FAMILY_RENAME] = replay_rename,
		[CRASH__FAMILY_UNLINK] = replay_unlink,	  [CRASH__FAMILY_LINK] = replay_link,
		[CRASH__FAMILY_MKDIR] = replay_mkdir,	  [CRASH__FAMILY_TRUNCATE] = replay_truncate,
		[CRASH__FAMILY_ATTR] = replay_attr,
	};
	const struct crash__event *event = replay->event;

	if (event->end == UINT64_MAX) {
		replay->fs->unfinished++;
		return;
	}
	/* what failed changed nothing, but a sync that failed says something */
	if (event->result < 0 && event->family != CRASH__FAMILY_FSYNC)
		return;
	by_family[event->family](replay);
}

static void replay_event(struct replay *replay)
{
	const struct crash__event *event = replay->event;

	replay->step = SIZE_MAX;
	if (event->kind == CRASH__EVENT_OP) {
		replay_op(replay);
		return;
	}
	if (event->kind == CRASH__EVENT_ACK)
		replay->acked += event->data_bytes;
	the_step(replay);
}

/* ------------------------------------------------------------------ other names */

/* The slot of a path in the starting tree, which has that name there. */
static crash__slot_id base_slot(struct crash__fs *fs, const char *path)
{
	crash__node_id directory = 1;
	crash__slot_id slot = 0;

	for (const char *at = path; *at && directory; at += strspn(at, "/")) {
		size_t part = strcspn(at, "/");

		slot = crash__fs_slot(fs, directory, at, part);
		directory = slot ? fs->slots[slot].base_child : 0;
		at += part;
	}
	return directory ? slot : 0;
}

/* Looks below a directory of the starting tree for names of files that are known by another one. */
static void find_names_below(struct crash__fs *fs, const char *directory)
{
	char path[PATH_MAX];
	struct dirent *entry;
	struct stat status;
	DIR *stream;

	snprintf(path, sizeof path, "%s/%s", crash__base_directory(fs->base), directory);
	stream = opendir(path);
	while (stream && (entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    snprintf(path, sizeof path, "%s%s%s", directory, *directory ? "/" : "", entry->d_name) >=
			    (int)sizeof path ||
		    !crash__base_stat(fs->base, path, &status))
			continue;
		if (S_ISDIR(status.st_mode))
			find_names_below(fs, path);
		else if (status.st_nlink > 1 && identity_find(fs->base_index, status.st_dev, status.st_ino))
			base_slot(fs, path);
	}
	if (stream)
		closedir(stream);
}

/*
 * A file of the starting tree with several names, of which the run used one: what it did to the file shows under
 * the others, too. They are not known until somebody looks for them, which takes a walk over the whole tree.
 */
static void find_other_names(struct crash__fs *fs)
{
	uint32_t *known = calloc(fs->nodes_count, sizeof *known);
	bool missing = false;

	for (crash__slot_id slot = 1; known && slot < fs->slots_count; slot++)
		known[fs->slots[slot].base_child]++;
	for (size_t i = 0; known && i < fs->effects_count; i++) {
		crash__node_id node = fs->effects[i].kind == CRASH__EFFECT_ENTRY ? fs->effects[i].old_node :
										   fs->effects[i].node;

		missing |= node && fs->nodes[node].base_path && fs->nodes[node].type != CRASH__NODE_DIRECTORY &&
			   fs->nodes[node].base_links > known[node];
	}
	free(known);
	if (missing)
		find_names_below(fs, "");
}

/* ------------------------------------------------------------------ order */

static int by_end(const void *a, const void *b)
{
	const struct crash__event *x = *(const struct crash__event *const *)a;
	const struct crash__event *y = *(const struct crash__event *const *)b;

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

/* What the trace says of the program's rights; one that says nothing was root's. */
static bool keeps_set_id(const struct crash__trace *trace)
{
	json_t *start = trace->start_text ? json_loadb(trace->start_text, trace->start_length, 0, NULL) : NULL;
	bool keeps = !json_is_false(json_object_get(start, "keeps_set_id"));

	json_decref(start);
	return keeps;
}

int crash__fs_replay(struct crash__fs *fs, const struct crash__trace *trace, const char *root,
		     struct crash__base *base)
{
	const struct crash__event **order = calloc(trace->count + 1, sizeof *order);
	struct replay replay = {.fs = fs, .keeps_set_id = keeps_set_id(trace)};
	size_t length = strlen(root);

	memset(fs, 0, sizeof *fs);
	fs->trace = trace;
	fs->base = base;
	while (length > 1 && root[length - 1] == '/')
		length--;
	fs->root = strndup(root, length);
	/* number 0 means none, in both tables */
	fs->nodes = calloc(16, sizeof *fs->nodes);
	fs->slots = calloc(16, sizeof *fs->slots);
	fs->nodes_count = fs->slots_count = 1;
	fs->nodes_size = fs->slots_size = 16;
	if (!order || !fs->root || !fs->nodes || !fs->slots) {
		free(order);
		fs->nodes_count = fs->slots_count = 0;
		crash__fs_clear(fs);
		return crash__fail(CRASH_ENOMEM, "no memory for the model");
	}
	if (base_node(fs, "") != 1) {
		free(order);
		crash__fs_clear(fs);
		return crash__fail(CRASH_EDIR, "%s cannot be read", root);
	}
	for (size_t i = 0; i < trace->count; i++)
		order[i] = &trace->events[i];
	qsort(order, trace->count, sizeof *order, by_end);
	for (size_t i = 0; i < trace->count && !replay.no_memory; i++) {
		replay.event = order[i];
		replay_event(&replay);
	}
	free(order);
	find_other_names(fs);
	if (replay.no_memory) {
		crash__fs_clear(fs);
		return crash__fail(CRASH_ENOMEM, "no memory for the model");
	}
	return 0;
}

void crash__fs_clear(struct crash__fs *fs)
{
	struct slot_entry *table = fs->slot_index, *entry, *next;

	HASH_ITER(hh, table, entry, next)
	{
		HASH_DEL(table, entry);
		free(entry);
	}
	identity_clear(&fs->identity_index);
	identity_clear(&fs->base_index);
	for (size_t i = 1; i < fs->nodes_count; i++) {
		free(fs->nodes[i].base_path);
		free(fs->nodes[i].text);
	}
	for (size_t i = 1; i < fs->slots_count; i++)
		free(fs->slots[i].name);
	free(fs->nodes);
	free(fs->slots);
	free(fs->effects);
	free(fs->steps);
	free(fs->root);
	memset(fs, 0, sizeof *fs);
}

/* ------------------------------------------------------------------ questions */

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

	for (int depth = 0; id && depth < 64; depth++) {
		const struct crash__slot *slot = &fs->slots[id];
		crash__slot_id above = 0;

		snprintf(longer, sizeof longer, "%s%s%.3000s", slot->name, *path ? "/" : "", path);
		strcpy(path, longer);
		if (slot->directory == 1)
			break;
		for (crash__slot_id i = 1; i < fs->slots_count && !above; i++)
			if (fs->slots[i].child == slot->directory || fs->slots[i].base_child == slot->directory)
				above = i;
		id = above;
	}
	return strdup(path);
}

char *crash__fs_node_path(const struct crash__fs *fs, crash__node_id node, uint32_t step)
{
	if (node == 1)
		return strdup("data directory");
	for (size_t i = fs->steps[step].first_effect; i-- > 0;)
		if (fs->effects[i].kind == CRASH__EFFECT_ENTRY && fs->effects[i].node == node)
			return crash__fs_slot_path(fs, fs->effects[i].slot);
	for (crash__slot_id slot = (crash__slot_id)fs->slots_count; slot-- > 1;)
		if (fs->slots[slot].base_child == node)
			return crash__fs_slot_path(fs, slot);
	return strdup("the file");
}
