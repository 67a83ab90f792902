/* SPDX-License-Identifier: MIT */
/*
 * view_new.h - making a view: the lists and the starting state that it is computed from.
 */
#ifndef CRASH_VIEW_NEW_H
#define CRASH_VIEW_NEW_H

#include "explore/states/tree_difference.h"

struct crash__view;

/** Makes a view that stands before the first step. Lost data shows as it usually does. */
int crash__view_new(const struct crash__atoms *atoms, enum crash__reference reference,
		    struct crash__view **view);

/** The same, with one of the model's choices of what lost data shows as. */
int crash__view_new_choice(const struct crash__atoms *atoms, enum crash__reference reference,
			   unsigned int choice, struct crash__view **view);

/**
 * A view of everything that was done for who only asks what is in the tree: nothing is hashed. Nothing can be
 * flipped either.
 */
int crash__view_new_hashless(const struct crash__atoms *atoms, struct crash__view **view);

void crash__view_free(struct crash__view *view);

#endif
