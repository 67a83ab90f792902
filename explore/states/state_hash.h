/* SPDX-License-Identifier: MIT */
/*
 * state_hash.h - the hash of a state, as a sum over the directory entries that can be reached.
 *
 * An entry's part of the sum changes when its slot, or what that holds, is touched, and when a directory
 * above it comes or goes. All that is below such a directory is looked at; where none does, only what the
 * difference has.
 */
#ifndef CRASH_STATE_HASH_H
#define CRASH_STATE_HASH_H

#include "explore/states/tree_difference.h"

struct crash__view;

/** The sum over the starting tree becomes the view's. */
void crash__state_hash_begin(struct crash__view *view);

/** The hash of the state that the difference leads to. */
struct crash__hash crash__state_hash_of_difference(struct crash__view *view);

/** Makes the slots of the state that the difference leads to those of the reference. */
void crash__state_hash_adopt(struct crash__view *view);

#endif
