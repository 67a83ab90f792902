/* SPDX-License-Identifier: MIT */
/*
 * content.h - what a block of a file shows in the state that is being looked at.
 */
#ifndef CRASH_CONTENT_H
#define CRASH_CONTENT_H

#include "explore/states/view.h"

struct crash__view_block;

/** The block's part of its node's sum, when the file has a size. Behind the end of the file there is none. */
struct crash__hash crash__content_hash(struct crash__view *view, const struct crash__view_block *block, uint64_t size);

#endif
