/* SPDX-License-Identifier: MIT */
/*
 * worker_trees.h - a worker's trees on disk: they are made, moved from state to state, and shown to a
 * checker.
 */
#ifndef CRASH_WORKER_TREES_H
#define CRASH_WORKER_TREES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/kept_copy.h"
#include "explore/check/worker_config.h"
#include "explore/layer/layer.h"
#include "explore/recording/sandbox.h"
#include "explore/recovered/recovered_tree.h"
#include "explore/states/view_new.h"

/** A tree on disk that stands at a step. */
struct crash__instance {
	struct crash__view *view;
	struct crash__layer *layer, *shown; /* the other is for checkers, where it is a copy that is kept */
	struct crash__kept_copy *copy;	    /* of that */
	bool noted, damaged;		    /* during a check; and it could not be made what it was */
};

struct crash__worker_trees {
	const struct crash__worker_config *config;
	struct crash__sandbox sandbox; /* with namespaces */
	char place[PATH_MAX];	       /* without them, and for other files: a directory of ours */
	char cwds[2][PATH_MAX];	       /* where the program runs as the checker, by enum crash__reference */
	const struct crash__atoms *atoms; /* of the model that the trees are of */
	struct crash__instance instances[2];
	struct crash__recovered_tree *recovered; /* knows their files */
	char base[PATH_MAX];			 /* for copies: the starting tree */
	bool keeps;				 /* copies for checkers are not made anew for each */
	bool rests;				 /* a copy is at its place only while it is checked */
	struct crash__change_clock clock;	 /* for that */
	/* where copies are kept: what the trees were as the starting tree, and those for checkers */
	struct crash__kept_copy *begun[2], *shown_begun[2];
};

/** Whether the worker is to live in a mount namespace. */
bool crash__worker_has_mounts(const struct crash__worker_config *config);

/** Whether a worker has a pid namespace: all that it starts ends with it. */
bool crash__worker_is_alone(const struct crash__worker_config *config);

/** Makes `place`. `config` and `recovered` are set, all else is 0. */
int crash__worker_trees_begin(struct crash__worker_trees *trees, unsigned int number);

/** Enters the namespaces, if there are any, and makes what trees are put into. */
int crash__worker_trees_enter(struct crash__worker_trees *trees);

/** From now on the trees are of another model's atoms. */
void crash__worker_trees_take(struct crash__worker_trees *trees, const struct crash__atoms *atoms);

/** Moves a tree to a step; where it is beyond that, it is begun anew. */
int crash__worker_trees_advance(struct crash__worker_trees *trees, enum crash__reference reference,
				int64_t step);

/** Moves a tree by a difference. */
int crash__instance_move(struct crash__instance *instance, const struct crash__difference *difference);

/** It stands nowhere. */
void crash__instance_clear(struct crash__instance *instance);

/**
 * What has its name in a sandbox, or in our place.
 * @param out gets the path; empty: it would be too long
 */
void crash__worker_trees_path(const struct crash__worker_trees *trees, const char *name, char out[PATH_MAX]);

/** The name of a tree, for crash__worker_trees_path(). */
const char *crash__worker_tree(enum crash__reference reference);

/** Shows a tree to a checker, which may change what it sees. @param where gets the place */
int crash__worker_trees_show(struct crash__worker_trees *trees, enum crash__reference reference,
			     char where[PATH_MAX]);

/** After the checker: a server that still has something of the overlay is ended. */
void crash__worker_trees_let_go(struct crash__worker_trees *trees);

/** Takes it away again, and undoes what was changed. A server that has something of a copy is ended. */
int crash__worker_trees_hide(struct crash__worker_trees *trees, enum crash__reference reference,
			     const char *where);

#endif
