/* SPDX-License-Identifier: MIT */
/*
 * view.h - what a set of atoms makes of the tree, and its hash, without touching a disk.
 *
 * Method. A view stands at a step and has a reference state there: everything that was done, or only what is
 * durable. For the reference it knows the value of each slot, the size and attributes of each node, and a
 * hash of each block of each file that any op ever wrote to. Another state at the same step is the reference
 * with a few atoms flipped: in it, or not in it. Only what those atoms touch is computed anew, so a state
 * costs its difference from the reference.
 *
 * The hash of a state is a sum over its directory entries; of each, a hash of its directory, its name and
 * what it holds. What a file holds is its type, mode and size and a sum over its blocks. Sums can be changed
 * in one place without looking at the others. The hash of a block's content is computed once for each
 * combination of pieces that it ever consists of, and remembered.
 *
 * What neither the run nor a crash can have changed is not in the sum at all: it is the same in every state.
 */
#ifndef CRASH_VIEW_H
#define CRASH_VIEW_H

#include "explore/states/tree_difference.h"

struct crash__view;

/** Goes to a later step. -1 is before the first. */
int crash__view_advance(struct crash__view *view, int64_t step);

int64_t crash__view_step(const struct crash__view *view);

/** Whether an atom is in the reference state. */
bool crash__view_has(const struct crash__view *view, crash__atom_id atom);

/** The hash of the reference state. */
struct crash__hash crash__view_hash(const struct crash__view *view);

/**
 * The hash of the reference state with some atoms flipped. Atoms of later steps must not be among them.
 */
int crash__view_hash_flipped(struct crash__view *view, const crash__atom_id *flipped, size_t count,
			     struct crash__hash *hash);

/**
 * What data that is lost by flipping atoms shows as from now on: one of the model's choices. Lost data of the
 * reference itself stays what it is.
 */
void crash__view_choose(struct crash__view *view, unsigned int choice);

/* ------------------------------------------------------------------ looking into a state */

/**
 * Flips atoms until crash__view_unflip(): the questions below are about that state then. `difference` is the
 * view's own.
 */
int crash__view_flip(struct crash__view *view, const crash__atom_id *flipped, size_t count,
		     const struct crash__difference **difference);
void crash__view_unflip(struct crash__view *view);

/** Goes to a later step, and says what that changes. */
int crash__view_advance_difference(struct crash__view *view, int64_t step,
				   const struct crash__difference **difference);

crash__node_id crash__view_child(const struct crash__view *view, crash__slot_id slot);
uint64_t crash__view_size(const struct crash__view *view, crash__node_id node);
uint32_t crash__view_mode(const struct crash__view *view, crash__node_id node);

/** Whether any op so far has changed what is in the node, kept or lost. */
bool crash__view_is_written(const struct crash__view *view, crash__node_id node);

/** How many blocks there are, of all files that are ever written to. */
uint32_t crash__view_blocks(const struct crash__view *view);

/** Which node and which block of it a block's number means. */
void crash__view_block(const struct crash__view *view, uint32_t block, crash__node_id *node, uint64_t *index);

/** The number of the first block of a node, at or behind an index, that any op writes to; false: there is
 * none. */
bool crash__view_find_block(const struct crash__view *view, crash__node_id node, uint64_t index,
			    uint32_t *block);

/** From where on a file that was there before the run shows its old bytes no more. */
uint64_t crash__view_base_limit(const struct crash__view *view, crash__node_id node);

#endif
