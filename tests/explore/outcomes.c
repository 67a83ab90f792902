/* SPDX-License-Identifier: MIT */
#include "tests/explore/outcomes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/explore/made.h"
#include "tests/explore/trees.h"
#include "explore/states/block_content.h"

#define WORD 16

/* What a byte is, at the file's offset. */
static void word_of(const struct crash__model *model, int ops, unsigned char byte, uint64_t at,
		    char out[WORD])
{
	bool pattern = model->lost_data != CRASH__LOST_ZEROS;

	if (byte == MADE_OLD) {
		strcpy(out, "old");
		return;
	}
	for (int op = 0; op < ops; op++)
		if (byte == made_byte(op, at)) {
			snprintf(out, WORD, "w%dx", op);
			return;
		}
	strcpy(out, pattern && byte == crash__lost_byte((enum crash__lost_data)model->lost_data, at) ?
			    "junkx" :
		    byte == 0 ? "zerox" :
				"strange");
}

void outcomes_file(FILE *out, const struct crash__model *model, int ops, const unsigned char *bytes,
		   uint64_t size, uint32_t mode)
{
	uint64_t start = 0;

	if (!size)
		fputs("empty", out);
	while (start < size) {
		char first[WORD], next[WORD];
		uint64_t end = start + 1;

		word_of(model, ops, bytes[start], start, first);
		for (; end < size; end++) {
			word_of(model, ops, bytes[end], end, next);
			if (strcmp(first, next) != 0)
				break;
		}
		fprintf(out, "%s%s%d", start ? "+" : "", first, (int)(end - start));
		start = end;
	}
	if ((mode & 07777) != 0644)
		fprintf(out, "(%04o)", mode & 07777);
}

void outcomes_node(FILE *out, const struct crash__atoms *atoms, struct crash__view *view, crash__node_id id)
{
	const struct crash__node *node = &atoms->fs->nodes[id];
	uint64_t size = crash__view_size(view, id);
	unsigned char *bytes = calloc(1, size + CRASH__BLOCK);
	uint32_t block;

	ck_assert_ptr_nonnull(bytes);
	for (uint64_t index = 0; index * CRASH__BLOCK < size; index++) {
		uint64_t at = index * CRASH__BLOCK, found = 0;
		crash__node_id owner;
		size_t length;

		if (crash__view_find_block(view, id, index, &block))
			crash__view_block(view, block, &owner, &found);
		else
			found = index + 1;
		if (found == index)
			ck_assert_int_eq(crash__view_content(view, block, bytes + at, &length), 0);
		else if (node->base_path) /* no op ever wrote there */
			ck_assert_int_ge(crash__base_read(atoms->fs->base, node->base_path, bytes + at,
							  CRASH__BLOCK, (off_t)at),
					 0);
	}
	outcomes_file(out, atoms->model, (int)atoms->fs->trace->count, bytes, size,
		      crash__view_mode(view, id));
	free(bytes);
}
