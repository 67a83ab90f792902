/* SPDX-License-Identifier: MIT */
#include "explore/fs/nodes.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/hash_table.h"

uint32_t crash__fs_no_memory(struct crash__fs *fs)
{
	crash__failure_note(&fs->failure, crash__fail(CRASH_ENOMEM, "no memory for the model"));
	return 0;
}

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

/* False: there is no memory. */
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
		if (!CRASH__HASHED(found)) {
			free(found);
			return false;
		}
		*index = table;
	}
	/* Its file may be gone while its op is on the way, and another one have the number already. */
	if (since < found->since)
		return true;
	found->node = node;
	found->since = since;
	return true;
}

void crash__node_identify(struct crash__fs *fs, crash__node_id node, uint64_t device, uint64_t inode,
			  uint64_t when)
{
	assert(node && node < fs->nodes_count);
	if (inode == 0)
		return;
	fs->nodes[node].device = device;
	fs->nodes[node].inode = inode;
	if (!identity_set(&fs->identity_index, device, inode, node, when))
		crash__fs_no_memory(fs);
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
		return crash__fs_no_memory(fs);
	memset(node, 0, sizeof *node);
	node->mode = node->mode_now = mode;
	node->type = S_ISREG(mode) ? CRASH__NODE_FILE :
		     S_ISDIR(mode) ? CRASH__NODE_DIRECTORY :
		     S_ISLNK(mode) ? CRASH__NODE_LINK :
				     CRASH__NODE_OTHER;
	return (crash__node_id)(fs->nodes_count - 1);
}

/* What the node has of its own in the starting tree. */
static bool take_base(struct crash__fs *fs, crash__node_id id, const char *path, const struct stat *status)
{
	struct crash__node *node = &fs->nodes[id];
	char text[PATH_MAX];
	int error;

	node->uid = node->uid_now = status->st_uid;
	node->gid = node->gid_now = status->st_gid;
	node->links = node->base_links = (uint32_t)status->st_nlink;
	node->size = node->base_size = S_ISREG(status->st_mode) ? (uint64_t)status->st_size : 0;
	node->base_path = strdup(path);
	if (node->type == CRASH__NODE_LINK) {
		error = crash__base_link(fs->base, path, text);
		if (error < 0) {
			crash__failure_note(&fs->failure, error);
			return false;
		}
		node->text = strdup(text);
	}
	if (!node->base_path || (node->type == CRASH__NODE_LINK && !node->text) ||
	    !identity_set(&fs->base_index, status->st_dev, status->st_ino, id, 0)) {
		crash__fs_no_memory(fs);
		return false;
	}
	return true;
}

/* What we cannot look at, the run perhaps could. */
static void note_kept_out(struct crash__fs *fs, const char *path)
{
	if (fs->kept_out++ == 0)
		snprintf(fs->kept_out_detail, sizeof fs->kept_out_detail, "%.250s", path);
}

crash__node_id crash__node_of_base(struct crash__fs *fs, const char *path)
{
	struct stat status;
	crash__node_id id;
	int there = crash__base_stat(fs->base, path, &status);

	if (there < 0 && crash__base_keeps_out(fs->base, path))
		note_kept_out(fs, path);
	else if (there < 0)
		crash__failure_note(&fs->failure, there);
	if (there <= 0)
		return 0;
	id = identity_find(fs->base_index, status.st_dev, status.st_ino);
	if (id)
		return id; /* by another name */
	id = crash__node_new(fs, status.st_mode);
	return id && take_base(fs, id, path, &status) ? id : 0;
}

/* The path of a name in a directory of the starting tree; false: it is too long to be looked at. */
static bool base_path(struct crash__fs *fs, const char *above, const char *name, char out[PATH_MAX])
{
	if (snprintf(out, PATH_MAX, "%s%s%s", above, *above ? "/" : "", name) < PATH_MAX)
		return true;
	crash__failure_note(&fs->failure,
			    crash__fail(CRASH_EDIR, "%s/%s: this path is too long", above, name));
	return false;
}

/* What the base has at a name of a directory that comes from the base. */
static crash__node_id base_child(struct crash__fs *fs, crash__node_id directory, const char *name)
{
	const char *above = fs->nodes[directory].base_path;
	char path[PATH_MAX];

	return above && base_path(fs, above, name, path) ? crash__node_of_base(fs, path) : 0;
}

/* A new slot, with its entry in the index; 0: there is no memory, and the entry is still the caller's. */
static crash__slot_id add_slot(struct crash__fs *fs, struct slot_entry *entry, const char *name,
			       size_t length)
{
	struct slot_entry *table = fs->slot_index;
	char *copy = strndup(name, length);

	if (copy &&
	    CRASH__ADD(fs, slots, (struct crash__slot){.directory = entry->key.directory, .name = copy})) {
		entry->slot = (crash__slot_id)(fs->slots_count - 1);
		HASH_ADD(hh, table, key, sizeof entry->key + length, entry);
		if (CRASH__HASHED(entry)) {
			fs->slot_index = table;
			return entry->slot;
		}
		fs->slots_count--;
	}
	free(copy);
	return crash__fs_no_memory(fs);
}

crash__slot_id crash__slot_of_name(struct crash__fs *fs, crash__node_id directory, const char *name,
				   size_t length)
{
	struct slot_entry *entry = calloc(1, sizeof *entry + length), *table = fs->slot_index, *found;
	crash__node_id child;
	crash__slot_id id;

	assert(directory && directory < fs->nodes_count && length);
	if (!entry)
		return crash__fs_no_memory(fs);
	entry->key.directory = directory;
	memcpy(entry->key.name, name, length);
	HASH_FIND(hh, table, &entry->key, sizeof entry->key + length, found);
	id = found ? found->slot : add_slot(fs, entry, name, length);
	if (found || !id) {
		free(entry);
		return id;
	}
	/* looking at the base may make nodes, but no slots */
	child = base_child(fs, directory, fs->slots[id].name);
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

static int find_names_below(struct crash__fs *fs, const char *directory);

/* A directory that we cannot look into. If it is somebody else's, as lost+found is, then nobody in the run,
 * and no checker, sees what is in it. */
static void note_closed_directory(struct crash__fs *fs, const char *path)
{
	struct stat status;

	if (crash__base_stat(fs->base, path, &status) <= 0 || status.st_uid == geteuid())
		note_kept_out(fs, path);
}

/* One name of the starting tree: perhaps of a file that is known by another one. */
static int look_at_name(struct crash__fs *fs, const char *directory, const char *name)
{
	char path[PATH_MAX];
	struct stat status;
	int there;

	if (!base_path(fs, directory, name, path))
		return fs->failure.code;
	there = crash__base_stat(fs->base, path, &status);
	if (there < 0 && crash__base_keeps_out(fs->base, path)) {
		note_closed_directory(fs, directory);
		return 0;
	}
	if (there <= 0)
		return there;
	if (S_ISDIR(status.st_mode))
		return find_names_below(fs, path);
	if (status.st_nlink > 1 && identity_find(fs->base_index, status.st_dev, status.st_ino))
		base_slot(fs, path);
	return fs->failure.code;
}

/* Looks below a directory of the starting tree for names of files that are known by another one. */
static int find_names_below(struct crash__fs *fs, const char *directory)
{
	DIR *stream = crash__base_open_directory(fs->base, directory);
	int error = 0, got = 0;
	const char *name;

	if (!stream && errno == EACCES) {
		note_closed_directory(fs, directory);
		return 0;
	}
	if (!stream)
		return crash__fail_errno("cannot read the directory %s of the starting tree", directory);
	while (error == 0 && (got = crash__directory_next(stream, &name)) > 0)
		error = look_at_name(fs, directory, name);
	if (error == 0 && got < 0)
		error = crash__fail_errno("cannot read the directory %s of the starting tree", directory);
	closedir(stream);
	return error;
}

void crash__nodes_find_other_names(struct crash__fs *fs)
{
	uint32_t *known = calloc(fs->nodes_count, sizeof *known);
	bool missing = false;
	int error;

	if (!known) {
		crash__fs_no_memory(fs);
		return;
	}
	for (crash__slot_id slot = 1; slot < fs->slots_count; slot++)
		known[fs->slots[slot].base_child]++;
	for (size_t i = 0; i < fs->effects_count; i++) {
		crash__node_id node = fs->effects[i].kind == CRASH__EFFECT_ENTRY ? fs->effects[i].old_node :
										   fs->effects[i].node;

		missing |= node && fs->nodes[node].base_path &&
			   fs->nodes[node].type != CRASH__NODE_DIRECTORY &&
			   fs->nodes[node].base_links > known[node];
	}
	free(known);
	error = missing ? find_names_below(fs, "") : 0;
	if (error < 0)
		crash__failure_note(&fs->failure, error);
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
