/* SPDX-License-Identifier: MIT */
/*
 * view_new.h - making a view: the lists and the starting state that it is computed from.
 */
#ifndef CRASH_VIEW_NEW_H
#define CRASH_VIEW_NEW_H

#include "explore/states/tree_difference.h"

struct crash__view;

/** Makes a view that stands before the first step. */
int crash__view_new(const struct crash__atoms *atoms, enum crash__reference reference,
		    struct crash__view **view);

void crash__view_free(struct crash__view *view);

#endif
