/* SPDX-License-Identifier: MIT */
/*
 * state_tree.h - what a state has, for who looks at it without putting it on a disk: names, sizes, bytes.
 *
 * It is the state that the view stands at: its reference, or what a flip has made of it.
 */
#ifndef CRASH_STATE_TREE_H
#define CRASH_STATE_TREE_H

#include "explore/states/view.h"

/** A name below the data directory that the run has looked at or changed. */
struct crash__tree_entry {
	char *path;
	crash__node_id node;
};

struct crash__tree_listing {
	CRASH__VECTOR(struct crash__tree_entry, list); /* by path: what is in a directory follows it */
	uint64_t left_out;			       /* there were more than were wanted */
};

/** Lists the names that the state has, at most `most`. Call crash__tree_listing_clear() also when it fails.
 */
int crash__state_tree_list(const struct crash__view *view, const struct crash__fs *fs, size_t most,
			   struct crash__tree_listing *listing);
void crash__tree_listing_clear(struct crash__tree_listing *listing);

/** The same for names of the starting tree of which the run has touched none; their nodes are 0. */
int crash__untouched_list(const struct crash__fs *fs, size_t most, struct crash__tree_listing *listing);

/** The order of listings. */
int crash__tree_path_compare(const char *one, const char *other);

/** Whether one file has the same bytes in two views of the same atoms. */
bool crash__state_same_content(const struct crash__view *one, const struct crash__view *other,
			       crash__node_id node);

/** Reads a block of a file of the state; `*count` becomes how many bytes of it the file has. */
int crash__state_read(struct crash__view *view, const struct crash__fs *fs, crash__node_id node,
		      uint64_t index, unsigned char out[CRASH__BLOCK], size_t *count);

/**
 * The next block, at or behind an index, in which a file of two views can differ; UINT64_MAX: there is none.
 * Elsewhere both show the starting tree, or zeros.
 */
uint64_t crash__state_next_written(const struct crash__view *one, const struct crash__view *other,
				   crash__node_id node, uint64_t index);

#endif
