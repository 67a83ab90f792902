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

/* ------------------------------------------------------------------ the attributes that ops change */

/** Lists them; false: there is no memory. */
bool crash__view_find_attributes(struct crash__view *view);

/** The one of a node that is not an extended one; false: no op changes it. */
bool crash__view_find_attribute(const struct crash__view *view, crash__node_id node,
				enum crash__attribute attribute, uint32_t *index);

/** Its part of a hash of what is not what is usual; 0: it is that. */
uint64_t crash__view_hash_attribute(const struct crash__view *view, uint32_t index);

/** The sum of these before the first step, with what no op changes. */
uint64_t crash__view_first_others(struct crash__view *view, crash__node_id node);

/* ------------------------------------------------------------------ looking into a state */

void crash__view_owner(const struct crash__view *view, crash__node_id node, uint32_t *uid, uint32_t *gid);

/** The time of modification that an op set; false: it has that of the starting tree, or of now. */
bool crash__view_time(const struct crash__view *view, crash__node_id node, struct timespec *time);

/**
 * The next extended attribute that has been changed so far, and which change is in the state; NULL: none is.
 * @param at where it is looked for; 0 is the beginning
 * @return false: there are no more
 */
bool crash__view_xattr(const struct crash__view *view, crash__node_id node, uint32_t *at, const char **name,
		       const struct crash__change **change);

#endif
