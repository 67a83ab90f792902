/* SPDX-License-Identifier: MIT */
/*
 * block_content.h - what a block of a file shows in the state that is being looked at.
 */
#ifndef CRASH_BLOCK_CONTENT_H
#define CRASH_BLOCK_CONTENT_H

#include "explore/states/tree_difference.h"

struct crash__view;

struct crash__view_block;

/** The block's part of its node's sum, when the file has a size. Behind the end of the file there is none. */
struct crash__hash crash__block_content_hash(struct crash__view *view, const struct crash__view_block *block,
					     uint64_t size);

/**
 * Fills a block.
 * @param length how many bytes of it are inside the file
 * @return an error if what is there comes from a starting file that cannot be read
 */
int crash__view_content(struct crash__view *view, uint32_t block, unsigned char out[CRASH__BLOCK],
			size_t *length);

/** What a file shows at an offset where it grew and the data was lost: a pattern that a person recognises. */
unsigned char crash__lost_byte(enum crash__lost_data how, uint64_t offset);

#endif
