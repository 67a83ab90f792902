/* SPDX-License-Identifier: MIT */
#include "report/page/state_tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/directory.h"
#include "explore/states/block_content.h"
#include "explore/states/view_parts.h"

/* ------------------------------------------------------------------ names */

/* What is in a directory comes right behind it: a slash is less than any other byte. */
static unsigned int rank(unsigned char byte)
{
	return byte == '/' ? 1 : byte == '\0' ? 0 : byte + 1u;
}

int crash__tree_path_compare(const char *one, const char *other)
{
	while (*one && *one == *other) {
		one++;
		other++;
	}
	return (int)rank((unsigned char)*one) - (int)rank((unsigned char)*other);
}

static int compare_entries(const void *one, const void *other)
{
	return crash__tree_path_compare(((const struct crash__tree_entry *)one)->path,
					((const struct crash__tree_entry *)other)->path);
}

void crash__tree_listing_clear(struct crash__tree_listing *listing)
{
	while (listing->list_count)
		free(listing->list[--listing->list_count].path);
	free(listing->list);
	memset(listing, 0, sizeof *listing);
}

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for the tree of a state");
}

/* Takes a path of the form "DIRECTORY/NAME"; returns where it stands, or NULL. */
static const char *add_entry(struct crash__tree_listing *listing, const char *directory, const char *name,
			     crash__node_id node)
{
	struct crash__tree_entry *entry = CRASH__PUSH(listing, list);

	if (!entry)
		return NULL;
	entry->node = node;
	if (asprintf(&entry->path, "%s%s%s", directory, *directory ? "/" : "", name) < 0) {
		listing->list_count--;
		return NULL;
	}
	return entry->path;
}

static int sorted(struct crash__tree_listing *listing, int error)
{
	if (listing->list_count)
		qsort(listing->list, listing->list_count, sizeof *listing->list, compare_entries);
	return error;
}

/* ------------------------------------------------------------------ those of the run */

#define MOST_DEPTH 200

/* A directory is in one place only: every state is a tree. */
static int list_directory(const struct crash__view *view, const struct crash__fs *fs, size_t most,
			  struct crash__tree_listing *listing, crash__node_id directory, const char *path,
			  unsigned int depth)
{
	int error = 0;

	for (crash__slot_id slot = view->nodes[directory].first_slot; slot && error == 0;
	     slot = view->slots[slot].next) {
		crash__node_id child = crash__view_child_now(view, slot);
		const char *added;

		if (!child)
			continue;
		if (listing->list_count == most || depth == MOST_DEPTH) {
			listing->left_out++;
			continue;
		}
		added = add_entry(listing, path, fs->slots[slot].name, child);
		if (!added)
			return no_memory();
		if (fs->nodes[child].type == CRASH__NODE_DIRECTORY)
			error = list_directory(view, fs, most, listing, child, added, depth + 1);
	}
	return error;
}

int crash__state_tree_list(const struct crash__view *view, const struct crash__fs *fs, size_t most,
			   struct crash__tree_listing *listing)
{
	memset(listing, 0, sizeof *listing);
	return sorted(listing, list_directory(view, fs, most, listing, 1, "", 0));
}

/* ------------------------------------------------------------------ those of the starting tree */

/* Names that the run has asked for, with their directories, as it found them. */
static bool is_touched(const struct crash__tree_listing *touched, const char *path)
{
	struct crash__tree_entry wanted = {(char *)(uintptr_t)path, 0};

	return touched->list_count && bsearch(&wanted, touched->list, touched->list_count,
					      sizeof *touched->list, compare_entries) != NULL;
}

static int list_touched(const struct crash__fs *fs, struct crash__tree_listing *touched)
{
	for (crash__slot_id slot = 1; slot < fs->slots_count; slot++) {
		crash__node_id child = fs->slots[slot].base_child;

		if (child && fs->nodes[child].base_path &&
		    !add_entry(touched, "", fs->nodes[child].base_path, child))
			return no_memory();
	}
	return sorted(touched, 0);
}

static int list_base(const struct crash__fs *fs, const struct crash__tree_listing *touched, size_t most,
		     struct crash__tree_listing *listing, const char *path, unsigned int depth)
{
	DIR *stream = crash__base_open_directory(fs->base, path);
	const char *name, *added;
	struct stat status;
	int error = 0;

	/* what cannot be read is left out, and said to be */
	listing->left_out += !stream || depth == MOST_DEPTH;
	while (stream && depth < MOST_DEPTH && error == 0 && crash__directory_next(stream, &name) == 1) {
		if (listing->list_count >= most) {
			listing->left_out++;
			break;
		}
		added = add_entry(listing, path, name, 0);
		if (!added)
			error = no_memory();
		else if (crash__base_stat(fs->base, added, &status) == 1 && S_ISDIR(status.st_mode))
			error = list_base(fs, touched, most, listing, added, depth + 1);
	}
	if (stream)
		closedir(stream);
	return error;
}

int crash__untouched_list(const struct crash__fs *fs, size_t most, struct crash__tree_listing *listing)
{
	struct crash__tree_listing touched = {0};
	size_t kept = 0;
	int error = list_touched(fs, &touched);

	memset(listing, 0, sizeof *listing);
	if (error == 0)
		error = list_base(fs, &touched, most, listing, "", 0);
	for (size_t i = 0; i < listing->list_count; i++) {
		if (is_touched(&touched, listing->list[i].path))
			free(listing->list[i].path);
		else
			listing->list[kept++] = listing->list[i];
	}
	listing->list_count = kept;
	crash__tree_listing_clear(&touched);
	return sorted(listing, error);
}

/* ------------------------------------------------------------------ bytes */

static struct crash__hash sum_now(const struct crash__view *view, crash__node_id id)
{
	const struct crash__view_node *node = &view->nodes[id];

	return node->stamp == view->stamp ? node->new_sum : node->sum;
}

bool crash__state_same_content(const struct crash__view *one, const struct crash__view *other,
			       crash__node_id node)
{
	struct crash__hash sum = sum_now(one, node), with = sum_now(other, node);

	return crash__view_size_now(one, node) == crash__view_size_now(other, node) &&
	       crash__view_limit_now(one, node) == crash__view_limit_now(other, node) &&
	       sum.low == with.low && sum.high == with.high;
}

static int read_base(const struct crash__view *view, const struct crash__fs *fs, crash__node_id id,
		     uint64_t at, unsigned char *out, size_t count)
{
	const struct crash__node *node = &fs->nodes[id];
	uint64_t end = node->base_size, limit = crash__view_limit_now(view, id);

	end = end < limit ? end : limit;
	if (!node->base_path || at >= end)
		return 0;
	return crash__base_read_all(fs->base, node->base_path, out,
				    end - at < count ? (size_t)(end - at) : count, at);
}

int crash__state_read(struct crash__view *view, const struct crash__fs *fs, crash__node_id node,
		      uint64_t index, unsigned char out[CRASH__BLOCK], size_t *count)
{
	uint64_t size = crash__view_size_now(view, node), at = index * CRASH__BLOCK;
	uint32_t block;

	memset(out, 0, CRASH__BLOCK);
	*count = 0;
	if (at >= size)
		return 0;
	*count = size - at < CRASH__BLOCK ? (size_t)(size - at) : CRASH__BLOCK;
	if (crash__view_find_block(view, node, index, &block) && view->blocks[block].index == index)
		return crash__view_content(view, block, out, count);
	return read_base(view, fs, node, at, out, *count);
}

static uint64_t next_block(const struct crash__view *view, crash__node_id node, uint64_t index)
{
	uint32_t block;

	return crash__view_find_block(view, node, index, &block) ? view->blocks[block].index : UINT64_MAX;
}

uint64_t crash__state_next_written(const struct crash__view *one, const struct crash__view *other,
				   crash__node_id node, uint64_t index)
{
	/* where one shows less of the starting tree than the other, they can differ anywhere */
	if (crash__view_limit_now(one, node) != crash__view_limit_now(other, node) ||
	    crash__view_size_now(one, node) != crash__view_size_now(other, node))
		return index;
	return next_block(one, node, index);
}
