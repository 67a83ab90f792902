/* SPDX-License-Identifier: MIT */
/*
 * Method. The bytes of a block come from layers, the newest first: writes that were kept, truncations that
 * were, behind which there are zeros, and at the bottom the starting tree. Laid over each other they cut the
 * block into pieces, each with one source. The pieces are the key to the hash of the bytes, so that bytes are
 * fetched and hashed once for each combination that ever occurs. A block that is cut too small for such a
 * list is put together byte by byte, and hashed each time.
 */
#include "explore/states/block_content.h"

#include <assert.h>
#include <string.h>

#include "explore/states/view_parts.h"

#define MOST_PIECES 512 /* of one block: each is at least a byte, and blocks are rarely cut that small */

/* ------------------------------------------------------------------ what a block consists of */

enum source { FROM_EFFECT, FROM_ZERO, FROM_BASE, FROM_LOST };

/* A part of a block and where its bytes come from. */
struct piece {
	uint32_t start, end; /* in the block */
	uint32_t source;
	uint32_t effect; /* FROM_EFFECT; FROM_LOST: enum crash__lost_data */
};

struct range {
	uint32_t start, end;
};

struct pieces {
	/* what the list is of: together they are the key to a content */
	uint64_t node, index;
	struct piece list[MOST_PIECES];
	unsigned int count;
	struct range open[MOST_PIECES]; /* what no newer layer covers yet, in order */
	unsigned int open_count;
	bool overflow; /* cut too small to be listed */
};

/* Units of one write that lie together are one piece. */
static void add_piece(struct pieces *pieces, struct piece piece)
{
	struct piece *last = pieces->count ? &pieces->list[pieces->count - 1] : NULL;

	if (last && last->source == piece.source && last->effect == piece.effect &&
	    (last->start == piece.end || last->end == piece.start)) {
		last->start = last->start < piece.start ? last->start : piece.start;
		last->end = last->end > piece.end ? last->end : piece.end;
	} else if (pieces->count < MOST_PIECES) {
		pieces->list[pieces->count++] = piece;
	} else {
		pieces->overflow = true;
	}
}

static void leave_open(struct pieces *pieces, unsigned int *count, uint32_t start, uint32_t end)
{
	if (start >= end)
		return;
	if (*count == MOST_PIECES)
		pieces->overflow = true;
	else
		pieces->open[(*count)++] = (struct range){start, end};
}

/* A layer below all that were there: it shows where nothing covers it. */
static void add_layer(struct pieces *pieces, uint32_t start, uint32_t end, enum source source,
		      uint32_t effect)
{
	struct range old[MOST_PIECES];
	unsigned int count = pieces->open_count, kept = 0;

	if (count == 1 && pieces->open[0].start >= start && pieces->open[0].end <= end) {
		/* nearly always: the newest layer covers all that is left */
		add_piece(pieces, (struct piece){pieces->open[0].start, pieces->open[0].end, source, effect});
		pieces->open_count = 0;
		return;
	}
	memcpy(old, pieces->open, count * sizeof *old);
	for (unsigned int i = 0; i < count; i++) {
		uint32_t left = old[i].start > start ? old[i].start : start;
		uint32_t right = old[i].end < end ? old[i].end : end;

		if (left >= right) {
			leave_open(pieces, &kept, old[i].start, old[i].end);
			continue;
		}
		add_piece(pieces, (struct piece){left, right, source, effect});
		leave_open(pieces, &kept, old[i].start, left);
		leave_open(pieces, &kept, right, old[i].end);
	}
	pieces->open_count = kept;
}

/* The part of a range that is in the block. */
static bool clip(const struct crash__view_block *block, uint64_t offset, uint64_t end, uint32_t *from,
		 uint32_t *to)
{
	uint64_t start = block->index * CRASH__BLOCK;

	if (end <= start || offset >= start + CRASH__BLOCK)
		return false;
	*from = offset > start ? (uint32_t)(offset - start) : 0;
	*to = end < start + CRASH__BLOCK ? (uint32_t)(end - start) : CRASH__BLOCK;
	return true;
}

static bool is_zeros(const struct crash__view *view, const struct crash__atom *atom)
{
	return view->fs->effects[atom->effect].kind != CRASH__EFFECT_DATA;
}

/* What was written behind the end of the file, and lost, shows as the model says. */
static void add_lost_layers(const struct crash__view *view, const struct crash__view_block *block,
			    struct pieces *pieces, crash__atom_id since, uint64_t behind, uint64_t end)
{
	crash__atom_id id;
	uint32_t from, to;

	CRASH__EACH_LINK(view, block->behind_end, id) {
		const struct crash__atom *atom = &view->atoms->list[id];
		uint64_t last = atom->offset + atom->bytes;

		if (id < since || !pieces->open_count)
			return;
		crash__effort++;
		if (!crash__view_shows(view, id) && clip(block, atom->offset > behind ? atom->offset : behind,
							 last < end ? last : end, &from, &to))
			add_layer(pieces, from, to, FROM_LOST, view->lost_data);
	}
}

static uint64_t block_end(uint64_t at)
{
	return (at + CRASH__FS_BLOCK - 1) / CRASH__FS_BLOCK * CRASH__FS_BLOCK;
}

/* Whether the rest of a truncation's block is zeroed by a write of its own, which may come later. */
static bool has_late_tail(const struct crash__view *view, const struct crash__atom *cut)
{
	return view->atoms->model->truncate_tail == CRASH__TAIL_LATE &&
	       cut->size == view->fs->effects[cut->effect].size;
}

static bool is_tail(const struct crash__view *view, crash__atom_id id)
{
	const struct crash__atom *atom = &view->atoms->list[id];

	return view->fs->effects[atom->effect].kind == CRASH__EFFECT_TAIL &&
	       crash__atom_in(atom, CRASH__DATA);
}

/* Whether no newer layer covers some of a range. */
static bool is_open(const struct pieces *pieces, uint32_t from, uint32_t to)
{
	for (unsigned int i = 0; i < pieces->open_count; i++)
		if (pieces->open[i].start < to && pieces->open[i].end > from)
			return true;
	return false;
}

/* A truncation hides what was there before, from one place to another; what was written there since, and was
 * lost, shows instead. */
static void hide(const struct crash__view *view, const struct crash__view_block *block, struct pieces *pieces,
		 crash__atom_id cut, uint64_t offset, uint64_t end)
{
	uint32_t from, to;

	if (!clip(block, offset, end, &from, &to) || !is_open(pieces, from, to))
		return;
	add_lost_layers(view, block, pieces, cut, offset, end);
	add_layer(pieces, from, to, FROM_ZERO, 0);
}

static void add_cut(const struct crash__view *view, const struct crash__view_block *block,
		    struct pieces *pieces, crash__atom_id id)
{
	const struct crash__atom *list = view->atoms->list, *cut = &list[id];
	uint64_t end = block_end(cut->size);

	if (!has_late_tail(view, cut)) {
		hide(view, block, pieces, id, cut->size, UINT64_MAX);
		return;
	}
	hide(view, block, pieces, id, end, UINT64_MAX);
	for (crash__atom_id at = view->atoms->first[cut->step]; at < id; at++)
		if (is_tail(view, at) && crash__view_shows(view, at))
			hide(view, block, pieces, id, list[at].offset,
			     is_tail(view, at + 1) ? list[at].offset + list[at].bytes : end);
}

/* Whether anything is open that is behind a place in the file; the block begins at `start`. */
static bool has_open_from(const struct pieces *pieces, uint64_t start, uint64_t place)
{
	return pieces->open_count && start + pieces->open[pieces->open_count - 1].end > place;
}

/* A page that has another block shows there what has been written anew, and else what the block had. */
static void add_moved(const struct crash__view *view, const struct crash__view_block *block,
		      struct pieces *pieces, crash__atom_id page)
{
	const struct crash__atom *list = view->atoms->list;
	uint32_t from, to;

	for (crash__atom_id id = page + 1;
	     id < view->atoms->list_count && list[id].class == CRASH__CLASS_CARRY &&
	     list[id].effect == list[page].effect;
	     id++)
		if (!crash__view_shows(view, id) &&
		    clip(block, list[id].offset, list[id].offset + list[id].bytes, &from, &to))
			add_layer(pieces, from, to, FROM_LOST, view->lost_data);
}

static void add_data(const struct crash__view *view, const struct crash__view_block *block,
		     struct pieces *pieces, crash__atom_id id)
{
	const struct crash__atom *atom = &view->atoms->list[id];
	uint32_t from, to;

	if (atom->class == CRASH__CLASS_REPOINT)
		add_moved(view, block, pieces, id);
	else if (atom->class != CRASH__CLASS_CARRY &&
		 clip(block, atom->offset, atom->offset + atom->bytes, &from, &to))
		add_layer(pieces, from, to, is_zeros(view, atom) ? FROM_ZERO : FROM_EFFECT,
			  is_zeros(view, atom) ? 0 : atom->effect);
}

/* Layers from the newest to the oldest: data that was kept, and truncations that were. */
static void add_kept_layers(const struct crash__view *view, const struct crash__view_block *block,
			    struct pieces *pieces)
{
	struct crash__shown cuts = crash__shown_begin(view, &view->nodes[block->node].cuts);
	uint64_t start = block->index * CRASH__BLOCK, limit = crash__view_limit_now(view, block->node);
	crash__atom_id data, cut;

	CRASH__EACH_SHOWN(view, &block->shown, data)
	{
		/* of a log that is cut to its first page again and again, that page is always there */
		for (; has_open_from(pieces, start, limit) && crash__shown_peek(view, &cuts, &cut) &&
		       cut > data;
		     crash__shown_pass(view, &cuts, cut))
			add_cut(view, block, pieces, cut);
		if (!pieces->open_count)
			return;
		add_data(view, block, pieces, data);
	}
	for (; has_open_from(pieces, start, limit) && crash__shown_peek(view, &cuts, &cut);
	     crash__shown_pass(view, &cuts, cut))
		add_cut(view, block, pieces, cut);
}

/* Finds where the bytes of the open ranges come from. */
static void split_open(const struct crash__view *view, const struct crash__view_block *block,
		       struct pieces *pieces)
{
	uint32_t from, to;

	add_kept_layers(view, block, pieces);
	if (pieces->open_count && clip(block, 0, view->fs->nodes[block->node].base_size, &from, &to))
		add_layer(pieces, from, to, FROM_BASE, 0);
	if (pieces->open_count)
		add_lost_layers(view, block, pieces, 0, 0, UINT64_MAX);
	add_layer(pieces, 0, CRASH__BLOCK, FROM_ZERO, 0);
}

static void split_block(const struct crash__view *view, const struct crash__view_block *block, uint64_t size,
			struct pieces *pieces)
{
	uint64_t start = block->index * CRASH__BLOCK;

	pieces->node = block->node;
	pieces->index = block->index;
	pieces->count = pieces->open_count = 0;
	pieces->overflow = false;
	if (size <= start)
		return;
	pieces->open[0].start = 0;
	pieces->open[0].end = size - start < CRASH__BLOCK ? (uint32_t)(size - start) : CRASH__BLOCK;
	pieces->open_count = 1;
	split_open(view, block, pieces);
}

/* ------------------------------------------------------------------ its bytes */

unsigned char crash__lost_byte(enum crash__lost_data how, uint64_t offset)
{
	static const char stale[] = "[stale data of an old file] ";

	switch (how) {
	case CRASH__LOST_STALE:
		return (unsigned char)stale[offset % (sizeof stale - 1)];
	case CRASH__LOST_GARBAGE:
		return (unsigned char)(0xa5 ^ (offset * 131 >> 3));
	default:
		return 0;
	}
}

static void fill_lost(enum crash__lost_data how, unsigned char *to, size_t count, uint64_t offset)
{
	for (size_t i = 0; i < count; i++)
		to[i] = crash__lost_byte(how, offset + i);
}

/* What the starting tree had and cannot be read is an error: zeros would be a state that no crash leaves. */
static int fill_piece(const struct crash__view *view, const struct crash__view_block *block,
		      const struct piece *piece, unsigned char *to)
{
	uint64_t at = block->index * CRASH__BLOCK + piece->start;
	size_t count = piece->end - piece->start;
	const struct crash__effect *effect = &view->fs->effects[piece->effect];

	memset(to, 0, count);
	if (piece->source == FROM_EFFECT)
		crash__event_copy(view->fs->steps[view->step_of_effect[piece->effect]].event,
				  at - effect->offset, to, count);
	else if (piece->source == FROM_BASE)
		return crash__base_read_all(view->fs->base, view->fs->nodes[block->node].base_path, to, count,
					    at);
	else if (piece->source == FROM_LOST)
		fill_lost((enum crash__lost_data)piece->effect, to, count, at);
	return 0;
}

/* Fills a part of the block, and halves it as long as it is cut into more pieces than can be listed. */
static int paint(const struct crash__view *view, const struct crash__view_block *block, uint32_t from,
		 uint32_t to, unsigned char *out)
{
	struct pieces pieces;
	int error = 0;

	pieces.count = 0;
	pieces.overflow = false;
	pieces.open[0] = (struct range){from, to};
	pieces.open_count = 1;
	split_open(view, block, &pieces);
	if (pieces.overflow) {
		error = paint(view, block, from, from + (to - from) / 2, out);
		return error < 0 ? error : paint(view, block, from + (to - from) / 2, to, out);
	}
	for (unsigned int i = 0; i < pieces.count && error == 0; i++)
		error = fill_piece(view, block, &pieces.list[i], out + pieces.list[i].start);
	return error;
}

/* How many bytes of a block are inside the file. */
static size_t inside(const struct crash__view_block *block, uint64_t size)
{
	uint64_t start = block->index * CRASH__BLOCK;

	return size <= start ? 0 : size - start < CRASH__BLOCK ? (size_t)(size - start) : CRASH__BLOCK;
}

static int fill(const struct crash__view *view, const struct crash__view_block *block, uint64_t size,
		const struct pieces *pieces, unsigned char *out)
{
	int error = 0;

	if (pieces->overflow)
		return paint(view, block, 0, (uint32_t)inside(block, size), out);
	for (unsigned int i = 0; i < pieces->count && error == 0; i++)
		error = fill_piece(view, block, &pieces->list[i], out + pieces->list[i].start);
	return error;
}

int crash__view_content(struct crash__view *view, uint32_t index, unsigned char out[CRASH__BLOCK],
			size_t *length)
{
	const struct crash__view_block *block = &view->blocks[index];
	uint64_t size = crash__view_size_now(view, block->node);
	struct pieces pieces;
	int error;

	assert(index < view->blocks_count);
	split_block(view, block, size, &pieces);
	error = fill(view, block, size, &pieces, out);
	if (error == 0)
		*length = inside(block, size);
	return error;
}

/* ------------------------------------------------------------------ its hash */

/* Where a key's number stands in the index, or is to be put. */
static uint32_t *known_place(const struct crash__view *view, struct crash__hash key)
{
	size_t at = key.low & (view->known_places - 1);

	while (view->known_index[at]) {
		const struct crash__known_content *known = &view->known[view->known_index[at] - 1];

		if (known->key.low == key.low && known->key.high == key.high)
			break;
		at = (at + 1) & (view->known_places - 1);
	}
	return &view->known_index[at];
}

static bool grow_known(struct crash__view *view)
{
	size_t places = view->known_places ? view->known_places * 2 : 1024;
	uint32_t *index = calloc(places, sizeof *index);

	if (!index)
		return false;
	free(view->known_index);
	view->known_index = index;
	view->known_places = places;
	for (size_t i = 0; i < view->known_count; i++)
		*known_place(view, view->known[i].key) = (uint32_t)i + 1;
	return true;
}

static void remember(struct crash__view *view, struct crash__hash key, struct crash__hash content)
{
	if ((view->known_count + 1) * 2 > view->known_places && !grow_known(view)) {
		view->no_memory = true;
		return;
	}
	if (CRASH__ADD(view, known, (struct crash__known_content){key, content}))
		*known_place(view, key) = (uint32_t)view->known_count;
	else
		view->no_memory = true;
}

/* Zeros are the same whether somebody wrote them or nobody did. */
static struct crash__hash hash_block(const unsigned char *bytes, size_t length, uint64_t index)
{
	struct {
		struct crash__hash bytes;
		uint64_t index;
	} what = {.index = index};

	if (length == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0))
		return (struct crash__hash){0, 0};
	what.bytes = crash__hash_bytes(bytes, length, 3);
	return crash__hash_bytes(&what, sizeof what, 4);
}

/* The hash of the block's bytes; computed once for each combination of pieces. */
static struct crash__hash known_hash(struct crash__view *view, const struct crash__view_block *block,
				     uint64_t size, const struct pieces *pieces)
{
	struct crash__hash key = crash__hash_bytes(
		pieces, offsetof(struct pieces, list) + pieces->count * sizeof *pieces->list, 0);
	struct crash__hash content;
	unsigned char bytes[CRASH__BLOCK];
	uint32_t known = pieces->overflow || !view->known_places ? 0 : *known_place(view, key);
	int error;

	if (known)
		return view->known[known - 1].content;
	error = fill(view, block, size, pieces, bytes);
	if (error < 0) {
		crash__failure_note(&view->failure, error);
		return (struct crash__hash){0, 0};
	}
	content = hash_block(bytes, inside(block, size), block->index);
	if (!pieces->overflow)
		remember(view, key, content);
	return content;
}

struct crash__hash crash__block_content_hash(struct crash__view *view, const struct crash__view_block *block,
					     uint64_t size)
{
	struct pieces pieces;

	split_block(view, block, size, &pieces);
	if (pieces.count == 0)
		return (struct crash__hash){0, 0};
	return known_hash(view, block, size, &pieces);
}
