/* SPDX-License-Identifier: MIT */
#include "explore/fs/nodes.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <uthash.h>

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

bool crash__node_identify(struct crash__fs *fs, crash__node_id node, uint64_t device, uint64_t inode,
			  uint64_t when)
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

	HASH_ITER(hh, table, entry, next) {
		HASH_DEL(table, entry);
		free(entry);
	}
	*index = NULL;
}

crash__node_id crash__node_of_inode(const struct crash__fs *fs, uint64_t device, uint64_t inode)
{
	return identity_find(fs->identity_index, device, inode);
}

/* ------------------------------------------------------------------ nodes and slots */

crash__node_id crash__node_new(struct crash__fs *fs, uint32_t mode)
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

crash__node_id crash__node_of_base(struct crash__fs *fs, const char *path)
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
	id = crash__node_new(fs, status.st_mode);
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
	return crash__node_of_base(fs, path);
}

crash__slot_id crash__slot_of_name(struct crash__fs *fs, crash__node_id directory, const char *name,
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

/* Recordings have no such names; who made one up must not lead a replay out of its directory. */
static bool is_dots(const char *name, size_t length)
{
	return (length == 1 || length == 2) && strspn(name, ".") >= length;
}

crash__slot_id crash__slot_of_path(struct crash__fs *fs, const char *path, bool *outside)
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
		if (!directory || fs->nodes[directory].type != CRASH__NODE_DIRECTORY || is_dots(at, part))
			return 0;
		slot = crash__slot_of_name(fs, directory, at, part);
		if (!slot)
			return 0;
		at += part;
		at += strspn(at, "/");
	}
	return slot;
}

crash__node_id crash__node_of_path(struct crash__fs *fs, const char *path, bool *outside)
{
	crash__slot_id slot = crash__slot_of_path(fs, path, outside);

	if (slot)
		return fs->slots[slot].child;
	return !*outside && strcmp(path, fs->root) == 0 ? 1 : 0;
}

/* ------------------------------------------------------------------ other names */

/* The slot of a path in the starting tree, which has that name there. */
static crash__slot_id base_slot(struct crash__fs *fs, const char *path)
{
	crash__node_id directory = 1;
	crash__slot_id slot = 0;

	for (const char *at = path; *at && directory; at += strspn(at, "/")) {
		size_t part = strcspn(at, "/");

		slot = crash__slot_of_name(fs, directory, at, part);
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

void crash__nodes_find_other_names(struct crash__fs *fs)
{
	uint32_t *known = calloc(fs->nodes_count, sizeof *known);
	bool missing = false;

	for (crash__slot_id slot = 1; known && slot < fs->slots_count; slot++)
		known[fs->slots[slot].base_child]++;
	for (size_t i = 0; known && i < fs->effects_count; i++) {
		crash__node_id node = fs->effects[i].kind == CRASH__EFFECT_ENTRY ? fs->effects[i].old_node :
										   fs->effects[i].node;

		missing |= node && fs->nodes[node].base_path &&
			   fs->nodes[node].type != CRASH__NODE_DIRECTORY &&
			   fs->nodes[node].base_links > known[node];
	}
	free(known);
	if (missing)
		find_names_below(fs, "");
}

/* ------------------------------------------------------------------ the end */

void crash__nodes_clear(struct crash__fs *fs)
{
	struct slot_entry *table = fs->slot_index, *entry, *next;

	HASH_ITER(hh, table, entry, next) {
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
}
