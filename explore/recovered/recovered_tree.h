/* SPDX-License-Identifier: MIT */
/*
 * recovered_tree.h - the hash of a tree that recovery has left on a state.
 *
 * Method. What is hashed is how the tree differs from the starting tree: each name that is another file or
 * directory there, or is no more, adds its part to a sum. So two states that recovery has made equal have one
 * hash, whatever they were before, and none of it has to do with what neither the run nor recovery touched.
 * Names that may differ are those of the two layers above the starting tree: the state's, and that of
 * recovery. Contents of files of the state's layer are hashed once for as long as they stay.
 *
 * Two trees of one hash have the same names, types, modes, owners, extended attributes, contents, links and
 * hard links. Of the times of modification those are in it that somebody has set: not the starting tree's,
 * and not those of now. The order of names, holes and other times are not, as in the hash of a state.
 */
#ifndef CRASH_RECOVERED_TREE_H
#define CRASH_RECOVERED_TREE_H

#include <sys/types.h>
#include <time.h>

#include "explore/fs/base_tree.h"
#include "explore/states/tree_difference.h"

/** What is known of the contents of a file. */
struct crash__known_file;

struct crash__recovered_tree {
	const struct crash__base *base;
	struct timespec since;		    /* times from here on are those of now */
	struct crash__known_file *of_base;  /* by path */
	struct crash__known_file *of_layer; /* by inode number */
};

/** Where it is. Directories are open; without an overlay there are no layers, and the whole tree is looked
 * at. */
struct crash__recovered_places {
	int tree;	  /* as who checks it sees it */
	int upper, layer; /* what recovery has written, what the state differs in; or -1 */
};

/** Begins with nothing known. Release with crash__recovered_tree_clear(). */
void crash__recovered_tree_begin(struct crash__recovered_tree *tree, const struct crash__base *base);
void crash__recovered_tree_clear(struct crash__recovered_tree *tree);

/** A file of a state's layer has other contents than before. */
void crash__recovered_tree_forget(struct crash__recovered_tree *tree, ino_t inode);

/** False: it cannot be said, because something cannot be read. */
bool crash__recovered_tree_hash(struct crash__recovered_tree *tree,
				const struct crash__recovered_places *places, struct crash__hash *hash);

#endif
