/* SPDX-License-Identifier: MIT */
/*
 * nodes.h - how the model's nodes and slots are found and made: by path, by inode number, from the starting
 * tree.
 *
 * Method. The starting tree is not read as a whole. A name of it becomes a slot, and what it holds a node,
 * when the replay first asks for it. Two indexes keep a file with several names one node: one by the inode
 * numbers of the starting tree as it lies here, one by those that the run has shown, which are others if the
 * tree was copied.
 *
 * What goes wrong, for want of memory or because the starting tree cannot be read, is noted in the model
 * (fs->failure), and ends the replay: a 0 that comes back then means nothing.
 */
#ifndef CRASH_NODES_H
#define CRASH_NODES_H

#include "explore/fs/fs.h"

/** Notes that there was no memory. Returns 0. */
uint32_t crash__fs_no_memory(struct crash__fs *fs);

/** A node that nothing names yet; 0: there is no memory. */
crash__node_id crash__node_new(struct crash__fs *fs, uint32_t mode);

/** The node of something that was there before the run; 0: nothing was. */
crash__node_id crash__node_of_base(struct crash__fs *fs, const char *path);

/** The node that had a number in the run last; 0: none that is known. */
crash__node_id crash__node_of_inode(const struct crash__fs *fs, uint64_t device, uint64_t inode);

/** The slot of a name in a directory, made if there is none yet; 0: it failed. */
crash__slot_id crash__slot_of_name(struct crash__fs *fs, crash__node_id directory, const char *name,
				   size_t length);

/** The slot that an absolute path ends in; 0 if it is not below the data directory (`outside`) or leads
 * nowhere. */
crash__slot_id crash__slot_of_path(struct crash__fs *fs, const char *path, bool *outside);

/** The node that an absolute path leads to now; 0 as for the slot. */
crash__node_id crash__node_of_path(struct crash__fs *fs, const char *path, bool *outside);

/** The run shows which number a node has there, at a time of its sequence. */
void crash__node_identify(struct crash__fs *fs, crash__node_id node, uint64_t device, uint64_t inode,
			  uint64_t when);

/**
 * For the end of the replay. Of a file of the starting tree with several names the run may have used one:
 * what it did to the file shows under the others, too. They are not known until somebody looks for them,
 * which takes a walk over the whole tree.
 */
void crash__nodes_find_other_names(struct crash__fs *fs);

void crash__nodes_clear(struct crash__fs *fs);

#endif
