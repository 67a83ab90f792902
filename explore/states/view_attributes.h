/* SPDX-License-Identifier: MIT */
/*
 * view_attributes.h - what a set of atoms makes of mode, owner, time and extended attributes.
 *
 * Of each of these the newest change counts that is in the state. A time that an op set is that until the
 * node is changed again, whether or not the state has lost that change: what comes then is the time of now,
 * and is in no state.
 */
#ifndef CRASH_VIEW_ATTRIBUTES_H
#define CRASH_VIEW_ATTRIBUTES_H

#include "explore/states/tree_difference.h"

struct crash__view;

uint32_t crash__view_mode_of(const struct crash__view *view, crash__node_id node);

/** A hash of the others, as far as they are not what is usual; 0: they are. */
uint64_t crash__view_others_of(const struct crash__view *view, crash__node_id node);

/* ------------------------------------------------------------------ looking into a state */

void crash__view_owner(const struct crash__view *view, crash__node_id node, uint32_t *uid, uint32_t *gid);

/** The time of modification that an op set; false: it has that of the starting tree, or of now. */
bool crash__view_time(const struct crash__view *view, crash__node_id node, struct timespec *time);

/**
 * The name of the n-th change of an extended attribute so far, and which of those with this name is in the
 * state; NULL: none is. Names may come again. False: there are no more.
 */
bool crash__view_xattr(const struct crash__view *view, crash__node_id node, size_t n, const char **name,
		       const struct crash__change **change);

#endif
