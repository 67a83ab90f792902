/* SPDX-License-Identifier: MIT */
/*
 * layer.h - a state on disk.
 *
 * A layer is a directory that is moved from one state to another by what differs between them. It is either
 * the upper part of an overlay over the starting tree, with everything that the run ever touched in it and
 * whiteouts for what is gone, or a whole copy of the tree.
 */
#ifndef CRASH_LAYER_H
#define CRASH_LAYER_H

#include <sys/types.h>

#include "explore/states/view.h"

struct crash__layer;

/**
 * Starts with the tree before the run.
 * @param directory an empty directory (overlay), or a copy of the starting tree (whole)
 * @param store     an empty directory beside it, on the same file system, for what has no name at the moment
 */
int crash__layer_new(const struct crash__fs *fs, const char *directory, const char *store, bool overlay,
		     struct crash__layer **layer);

void crash__layer_free(struct crash__layer *layer);

/**
 * Makes the nodes, blocks and slots of a difference what the view has now. The layer must have been at the
 * state that the difference starts from.
 */
int crash__layer_move(struct crash__layer *layer, struct crash__view *view,
		      const struct crash__difference *difference);

/** One of the files in the directory that have got other contents since it was asked for; false: there are no
 * more. It may be said more than once. */
bool crash__layer_next_changed(struct crash__layer *layer, ino_t *inode);

#endif
