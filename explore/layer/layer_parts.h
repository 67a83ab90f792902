/* SPDX-License-Identifier: MIT */
/*
 * layer_parts.h - what a layer consists of, for the files that make it up: layer.c, layer_location.c,
 * layer_modes.c, copy_up.c.
 */
#ifndef CRASH_LAYER_PARTS_H
#define CRASH_LAYER_PARTS_H

#include <limits.h>

#include "explore/states/view.h"

enum crash__layer_place {
	CRASH__NOWHERE, /* not made yet */
	CRASH__IN_BASE, /* shown by the overlay, not in the layer */
	CRASH__IN_STORE,
	CRASH__IN_TREE,
};

struct crash__layer_node {
	enum crash__layer_place place;
	uint32_t names;	     /* it has */
	crash__slot_id slot; /* one of them; directories have no other */
	bool unwritable;     /* its mode forbids us to open it */
	bool cut_off;	     /* a directory through which nothing of the starting tree shows */
	bool dated;	     /* it has a time that an op set */
	uint32_t uid, gid;   /* as far as it is in the layer */
	uint64_t limit;	     /* behind it nothing of the starting tree shows */
};

struct crash__layer_slot {
	crash__node_id child; /* as it is on disk */
	bool whiteout;
};

/* A directory whose mode keeps its owner out. */
struct crash__layer_closed {
	crash__node_id id;
	uint32_t mode;
	size_t depth;
};

struct crash__layer {
	CRASH__VECTOR(ino_t, changed); /* files with other contents; nobody has asked for them yet */
	const struct crash__fs *fs;
	bool overlay;
	int tree, store;
	crash__node_id opened; /* the file that a move works at; 0: none */
	int fd;		       /* of it */
	struct crash__layer_node *nodes;
	struct crash__layer_slot *slots;
	CRASH__VECTOR(struct crash__layer_closed,
		      closed);			/* between moves: in the order in which they were closed */
	CRASH__VECTOR(crash__node_id, stirred); /* directories into which this move has put something */
};

/* Where something is: below the tree or below the store. */
struct crash__location {
	int root;
	char path[PATH_MAX]; /* "" is the root itself */
};

/* ------------------------------------------------------------------ layer_location.c: where things are */

bool crash__location_append(struct crash__location *at, const char *name);

/** False: it is nowhere in the tree, or the path is too long. */
bool crash__layer_locate_node(const struct crash__layer *layer, crash__node_id id,
			      struct crash__location *at);
bool crash__layer_locate_slot(const struct crash__layer *layer, crash__slot_id id,
			      struct crash__location *at);

/** An error, from errno: it was not possible to do `what` there. */
int crash__layer_fail(const char *what, const struct crash__location *at);

/* ------------------------------------------------------------------ layer_modes.c: directories whose mode
 * keeps us out */

/** Remembers what a directory's mode is going to be; it stays open until all the others are done. */
int crash__layer_close_later(struct crash__layer *layer, crash__node_id id, uint32_t mode);

/** Remembers the directories of the starting tree that are closed, which they are. */
int crash__layer_close_base(struct crash__layer *layer);

/** Gives the directories their modes, the innermost first. */
int crash__layer_close(struct crash__layer *layer);

/** Opens them, to get at what is in them. */
int crash__layer_open(struct crash__layer *layer);

/* ------------------------------------------------------------------ layer_attributes.c: owners, times,
 * extended attributes */

/** What a path of the starting tree has, given to what stands for it. Its mode is given after that. */
int crash__layer_give_base(struct crash__layer *layer, const char *base_path,
			   const struct crash__location *at);

/** The time that it has there. */
int crash__layer_date_base(struct crash__layer *layer, const char *base_path,
			   const struct crash__location *at);

/** Gives a node the owner and the extended attributes that the view has; its mode comes after that. */
int crash__layer_give(struct crash__layer *layer, const struct crash__view *view, crash__node_id id,
		      const struct crash__location *at);

/** A directory of the starting tree, and those above it, have got something that changes nothing in them. */
int crash__layer_stir(struct crash__layer *layer, crash__node_id directory);

/** Gives their times to all that the move has touched, when nothing else is to be done to it. */
int crash__layer_date(struct crash__layer *layer, const struct crash__view *view,
		      const struct crash__difference *difference);

/* ------------------------------------------------------------------ copy_up.c: what comes from the
 * starting tree */

/** Puts a node that is not in the layer yet there: where it stands, or in the store. */
int crash__layer_copy_up(struct crash__layer *layer, crash__node_id id);

/** Makes the directories of the starting tree above something, which an overlay's layer needs as well. */
int crash__layer_make_parents(struct crash__layer *layer, const struct crash__location *at);

/** Whether the overlay would show something of the starting tree at this name. */
bool crash__layer_shows_through(const struct crash__layer *layer, crash__slot_id id);

/** Hides what is shown at a name, or no longer. */
int crash__layer_whiteout(struct crash__layer *layer, crash__slot_id id, const struct crash__location *at,
			  bool wanted);

/** A directory of the starting tree gets all that it shows into the layer, with what is below it. */
int crash__layer_cut_off(struct crash__layer *layer, crash__node_id id, const char *base_path,
			 const struct crash__location *at);

#endif
