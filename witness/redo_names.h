/* SPDX-License-Identifier: MIT */
/*
 * redo_names.h - what the model's nodes are called on the real file system at the moment.
 */
#ifndef CRASH_REDO_NAMES_H
#define CRASH_REDO_NAMES_H

#include "explore/fs/fs.h"

struct crash__redo_names {
	const struct crash__fs *fs;
	int top;		/* the directory */
	crash__node_id *child;	/* by slot: what it holds; 0: nothing */
	crash__slot_id *called; /* by node: one of its names; 0: none */
};

/** At first they are called what they were before the run. -1: no memory, or no directory. */
int crash__redo_names_begin(struct crash__redo_names *names, const struct crash__fs *fs,
			    const char *directory);

/** A slot holds another node from now on; 0: none. */
void crash__redo_named(struct crash__redo_names *names, crash__slot_id slot, crash__node_id node);

/** The path of a slot below the directory. */
void crash__redo_slot_path(const struct crash__redo_names *names, crash__slot_id slot, char path[PATH_MAX]);

/** The path of a node; false: it has no name. */
bool crash__redo_path(const struct crash__redo_names *names, crash__node_id node, char path[PATH_MAX]);

void crash__redo_names_end(struct crash__redo_names *names);

#endif
