/* SPDX-License-Identifier: MIT */
/*
 * Method. Both files are read side by side, a block at a time, but for blocks that no op ever wrote to. Of
 * rows of 16 bytes those that differ are shown, with one around them, as hex digits:
 *
 *	{"differ": BYTES, "first": OFFSET, "last": OFFSET, "map": "..##--", "hunks": [{"at": OFFSET,
 *"complete": HEX, "state": HEX}], "cut": whether there is more than the hunks show, "unread": BYTES, "error":
 *TEXT}
 *
 * Of the map, each character is a part of the longer file: '.' is the same, '#' differs.
 */
#include "report/page/page.h"

#include <string.h>

#include "base/error.h"
#include "base/json_value.h"
#include "report/page/state_tree.h"

#define ROW 16u
#define ROWS (CRASH__BLOCK / ROW)
#define CELLS 64u
#define MOST_OF_FILE 4096u	/* bytes of each side that are shown */
#define MOST_READ (64ull << 20) /* and that are compared */

struct comparison {
	const struct crash__fs *fs;
	struct crash__file_side sides[2];
	uint64_t sizes[2], size;
	uint64_t differ, first, last, shown, unread;
	struct crash__page_budget *budget;
	unsigned char bytes[2][CRASH__BLOCK];
	size_t counts[2];
	bool rows[ROWS]; /* which differ */
	char map[CELLS + 1];
	bool cut;
	json_t *hunks;
};

static json_t *hex(const unsigned char *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * CRASH__BLOCK + 1];

	for (size_t i = 0; i < count; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return json_stringn(text, 2 * count);
}

/* The part of rows that a side has. */
static json_t *side_hex(const struct comparison *of, int side, size_t from, size_t to)
{
	size_t end = of->counts[side] < to ? of->counts[side] : to;

	return from < end ? hex(of->bytes[side] + from, end - from) : json_string("");
}

static void add_hunk(struct comparison *of, uint64_t index, size_t from, size_t to)
{
	size_t bytes = (to - from) * ROW, room = MOST_OF_FILE - (size_t)of->shown;

	if (of->budget->shown < room)
		room = (size_t)of->budget->shown / ROW * ROW;
	if (bytes > room) {
		of->cut = true;
		bytes = room;
	}
	if (!bytes)
		return;
	of->shown += bytes;
	of->budget->shown -= bytes;
	json_array_append_new(
		of->hunks, json_pack("{s:I, s:o, s:o}", "at", (json_int_t)(index * CRASH__BLOCK + from * ROW),
				     "complete", side_hex(of, 0, from * ROW, from * ROW + bytes), "state",
				     side_hex(of, 1, from * ROW, from * ROW + bytes)));
}

/* Rows that differ, with one before and behind; those that lie together are one. */
static void add_hunks(struct comparison *of, uint64_t index)
{
	size_t end = of->counts[0] > of->counts[1] ? of->counts[0] : of->counts[1];
	size_t rows = (end + ROW - 1) / ROW, from = SIZE_MAX, last = 0;

	for (size_t row = 0; row < rows; row++) {
		if (!of->rows[row])
			continue;
		if (from != SIZE_MAX && row > last + 3) {
			add_hunk(of, index, from, last + 2);
			from = SIZE_MAX;
		}
		if (from == SIZE_MAX)
			from = row ? row - 1 : 0;
		last = row;
	}
	if (from != SIZE_MAX)
		add_hunk(of, index, from, last + 2 < rows ? last + 2 : rows);
}

static void note_byte(struct comparison *of, uint64_t at)
{
	uint64_t cell = at / ((of->size + CELLS - 1) / CELLS);

	if (!of->differ++)
		of->first = at;
	of->last = at;
	of->map[cell < CELLS ? cell : CELLS - 1] = '#';
}

static void compare_block(struct comparison *of, uint64_t index)
{
	size_t end = of->counts[0] > of->counts[1] ? of->counts[0] : of->counts[1];
	uint64_t before = of->differ;

	if (of->counts[0] == of->counts[1] && memcmp(of->bytes[0], of->bytes[1], end) == 0)
		return;
	memset(of->rows, 0, sizeof of->rows);
	for (size_t i = 0; i < end; i++)
		if (i >= of->counts[0] || i >= of->counts[1] || of->bytes[0][i] != of->bytes[1][i]) {
			of->rows[i / ROW] = true;
			note_byte(of, index * CRASH__BLOCK + i);
		}
	if (of->differ > before)
		add_hunks(of, index);
}

static int read_sides(struct comparison *of, uint64_t index)
{
	int error = 0;

	for (int side = 0; side < 2 && error == 0; side++) {
		const struct crash__file_side *file = &of->sides[side];

		of->counts[side] = 0;
		if (file->node)
			error = crash__state_read(file->view, of->fs, file->node, index, of->bytes[side],
						  &of->counts[side]);
	}
	return error;
}

static int compare(struct comparison *of)
{
	uint64_t blocks = (of->size + CRASH__BLOCK - 1) / CRASH__BLOCK, read = 0;
	int error = 0;

	for (uint64_t index = 0; index < blocks && error == 0; index++) {
		if (of->sides[0].node == of->sides[1].node)
			index = crash__state_next_written(of->sides[0].view, of->sides[1].view,
							  of->sides[0].node, index);
		if (index >= blocks)
			break;
		if (read >= MOST_READ || read >= of->budget->read) {
			of->unread = of->size - index * CRASH__BLOCK;
			break;
		}
		error = read_sides(of, index);
		if (error == 0)
			compare_block(of, index);
		read += CRASH__BLOCK;
	}
	of->budget->read -= read < of->budget->read ? read : of->budget->read;
	return error;
}

json_t *crash__file_difference(const struct crash__fs *fs, const struct crash__file_side *complete,
			       const struct crash__file_side *state, struct crash__page_budget *budget)
{
	struct comparison of = {.fs = fs, .sides = {*complete, *state}, .budget = budget};
	int error;

	for (int side = 0; side < 2; side++)
		if (of.sides[side].node)
			of.sizes[side] = crash__view_size(of.sides[side].view, of.sides[side].node);
	of.size = of.sizes[0] > of.sizes[1] ? of.sizes[0] : of.sizes[1];
	memset(of.map, '.', CELLS);
	of.hunks = json_array();
	error = compare(&of);
	return json_pack("{s:I, s:I, s:I, s:s, s:o, s:b, s:I, s:o}", "differ", (json_int_t)of.differ, "first",
			 (json_int_t)of.first, "last", (json_int_t)of.last, "map", of.map, "hunks", of.hunks,
			 "cut", (int)of.cut, "unread", (json_int_t)of.unread, "error",
			 error < 0 ? crash__json_string(crash_error_detail()) : json_null());
}
