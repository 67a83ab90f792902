/* SPDX-License-Identifier: MIT */
#include "witness/redo_names.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int crash__redo_names_begin(struct crash__redo_names *names, const struct crash__fs *fs,
			    const char *directory)
{
	names->fs = fs;
	names->child = calloc(fs->slots_count, sizeof *names->child);
	names->called = calloc(fs->nodes_count, sizeof *names->called);
	names->top = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!names->child || !names->called || names->top < 0)
		return -1;
	for (crash__slot_id slot = 1; slot < fs->slots_count; slot++)
		crash__redo_named(names, slot, fs->slots[slot].base_child);
	return 0;
}

/* Another name that a node has; 0: none. */
static crash__slot_id other_name(const struct crash__redo_names *names, crash__node_id node)
{
	for (crash__slot_id slot = 1; slot < names->fs->slots_count; slot++)
		if (names->child[slot] == node)
			return slot;
	return 0;
}

void crash__redo_named(struct crash__redo_names *names, crash__slot_id slot, crash__node_id node)
{
	crash__node_id before = names->child[slot];

	names->child[slot] = node;
	if (node)
		names->called[node] = slot;
	if (before && before != node && names->called[before] == slot)
		names->called[before] = other_name(names, before);
}

/* Puts a name in front of what is there, from the end of the path on. */
static char *put_before(const char *begin, char *at, const char *name)
{
	size_t length = strlen(name);

	if ((size_t)(at - begin) < length + 1)
		return at;
	if (*at)
		*--at = '/';
	at -= length;
	return memcpy(at, name, length);
}

void crash__redo_slot_path(const struct crash__redo_names *names, crash__slot_id slot, char path[PATH_MAX])
{
	const struct crash__fs *fs = names->fs;
	char *at = path + PATH_MAX - 1;

	*at = '\0';
	for (; slot; slot = names->called[fs->slots[slot].directory])
		at = put_before(path, at, fs->slots[slot].name);
	memmove(path, at, strlen(at) + 1);
}

bool crash__redo_path(const struct crash__redo_names *names, crash__node_id node, char path[PATH_MAX])
{
	if (node == 1)
		strcpy(path, ".");
	else if (names->called[node])
		crash__redo_slot_path(names, names->called[node], path);
	return node == 1 || names->called[node];
}

void crash__redo_names_end(struct crash__redo_names *names)
{
	if (names->top >= 0)
		close(names->top);
	free(names->child);
	free(names->called);
}
