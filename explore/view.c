/* SPDX-License-Identifier: MIT */
#include "explore/view.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "runner/error.h"

#define NO_LIMIT UINT64_MAX
#define MOST_PIECES 512 /* of one block: each is at least a byte, and blocks are rarely cut that small */

struct block {
	crash__node_id node;
	uint32_t atoms; /* list of DATA atoms, newest first */
	uint64_t index; /* in the file */
	struct crash__hash hash; /* its part of the node's sum, in the reference */
	uint32_t stamp;
};

struct node {
	uint32_t sizes;	     /* list of SIZE atoms, newest first */
	uint32_t cuts;	     /* those of them that are no appends */
	uint32_t attributes; /* list of ATTRIBUTES atoms, newest first */
	uint32_t slots;	     /* list of slots that ever hold it */
	uint32_t first_block, blocks;
	/* in the reference */
	uint64_t size, base_limit;
	uint32_t mode;
	struct crash__hash sum; /* of its blocks */
	bool reachable;		/* directories */
	crash__slot_id first_slot; /* directories: of those in it; they go on in struct slot */
	uint32_t stamp;
	/* in the flipped state, while it is computed */
	uint64_t new_size, new_limit;
	uint32_t new_mode;
	struct crash__hash new_sum;
	bool new_reachable;
	uint32_t reach_stamp, seen_stamp; /* new_reachable is known; it was looked at with what is in it */
};

struct slot {
	uint32_t entries; /* list of ENTRY atoms, newest first */
	crash__node_id child;
	struct crash__hash name;
	struct crash__hash hash; /* its part of the sum */
	crash__slot_id next;	 /* in the same directory */
	uint32_t stamp, rehash_stamp;
	crash__node_id new_child;
};

/* A place in a list of atoms or slots. */
struct link {
	uint32_t value, next;
};

/* What a block consists of, and the hash of its bytes. */
struct known_content {
	struct crash__hash key, content;
};

struct crash__view {
	const struct crash__atoms *atoms;
	const struct crash__fs *fs;
	enum crash__reference reference;
	int64_t step;
	struct node *nodes;
	struct slot *slots;
	CRASH__VECTOR(struct block, blocks);
	CRASH__VECTOR(struct link, links);
	CRASH__VECTOR(crash__atom_id, waiting); /* by step of durability: see advance_durable() */
	uint32_t *wait_first;
	bool *in;	     /* by atom: in the reference */
	uint32_t *flip_stamp; /* by atom */
	uint32_t *step_of_effect;
	uint32_t flipping;   /* the stamp that means "flipped" now; 0: none are */
	uint32_t stamp;
	struct crash__hash hash;
	struct crash__difference difference;
	CRASH__VECTOR(crash__slot_id, rehashed); /* slots whose part of the sum changes */
	CRASH__VECTOR(crash__node_id, turned);	 /* directories that can be reached now and could not, or the reverse */
	bool moving; /* directories come or go in this difference */
	CRASH__VECTOR(struct known_content, known);
	uint32_t *known_index; /* by key: 1 + number of the content; a power of two of them, at most half full */
	size_t known_places;
	bool no_memory;
};

/* ------------------------------------------------------------------ hashes */

/*
 * `seed` is a constant that tells apart what is hashed. Numbers of nodes and the like are no seeds: for short inputs
 * seed and input cancel out in XXH3, and the effect 52 on node 4 has the hash of the effect 54 on node 6.
 */
static struct crash__hash hash_bytes(const void *bytes, size_t count, uint64_t seed)
{
	XXH128_hash_t hash = XXH3_128bits_withSeed(bytes, count, seed);

	return (struct crash__hash){hash.low64, hash.high64};
}

static void add(struct crash__hash *sum, struct crash__hash hash)
{
	sum->low += hash.low;
	sum->high += hash.high;
}

static void subtract(struct crash__hash *sum, struct crash__hash hash)
{
	sum->low -= hash.low;
	sum->high -= hash.high;
}

/* ------------------------------------------------------------------ membership */

bool crash__view_has(const struct crash__view *view, crash__atom_id atom)
{
	return view->in[atom];
}

/* In the state that is being looked at. */
static bool has(const struct crash__view *view, crash__atom_id atom)
{
	return view->in[atom] != (view->flipping && view->flip_stamp[atom] == view->flipping);
}

static void push_link(struct crash__view *view, uint32_t *head, uint32_t value)
{
	struct link *link = CRASH__PUSH(view, links);

	if (!link) {
		view->no_memory = true;
		return;
	}
	*link = (struct link){value, *head};
	*head = (uint32_t)view->links_count;
}

#define EACH_LINK(view, head, value_)                                                              \
	for (uint32_t value_##_at = (head);                                                        \
	     value_##_at && ((value_) = (view)->links[value_##_at - 1].value, true);               \
	     value_##_at = (view)->links[value_##_at - 1].next)

/* ------------------------------------------------------------------ nodes */

static uint64_t size_of(const struct crash__view *view, crash__node_id id)
{
	crash__atom_id atom;

	EACH_LINK(view, view->nodes[id].sizes, atom)
		if (has(view, atom))
			return view->atoms->list[atom].size;
	return view->fs->nodes[id].base_size;
}

/* Truncations hide what was behind them before, whatever is written there later. */
static uint64_t limit_of(const struct crash__view *view, crash__node_id id)
{
	uint64_t limit = NO_LIMIT;
	crash__atom_id atom;

	EACH_LINK(view, view->nodes[id].cuts, atom)
		if (view->atoms->list[atom].size < limit && has(view, atom))
			limit = view->atoms->list[atom].size;
	return limit;
}

static uint32_t mode_of(const struct crash__view *view, crash__node_id id)
{
	const struct crash__node *node = &view->fs->nodes[id];
	bool half_made = false;
	crash__atom_id atom;

	EACH_LINK(view, view->nodes[id].attributes, atom) {
		const struct crash__atom *change = &view->atoms->list[atom];

		if (change->created && !has(view, atom))
			half_made = true;
		else if (!change->created && has(view, atom))
			return view->fs->effects[change->effect].mode;
	}
	return half_made ? node->mode & ~07777u : node->mode;
}

/* ------------------------------------------------------------------ blocks */

enum source { FROM_EFFECT, FROM_ZERO, FROM_BASE, FROM_LOST };

/* A part of a block and where its bytes come from. */
struct piece {
	uint32_t start, end; /* in the block */
	uint32_t source;
	uint32_t effect; /* FROM_EFFECT */
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
static void add_layer(struct pieces *pieces, uint32_t start, uint32_t end, enum source source, uint32_t effect)
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
static bool clip(const struct block *block, uint64_t offset, uint64_t end, uint32_t *from, uint32_t *to)
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
	return view->fs->effects[atom->effect].kind == CRASH__EFFECT_ZERO;
}

/* What was written behind the end of the file, and lost, shows as the model says. */
static void add_lost_layers(const struct crash__view *view, const struct block *block, struct pieces *pieces,
			    crash__atom_id since, uint64_t behind)
{
	crash__atom_id id;
	uint32_t from, to;

	EACH_LINK(view, block->atoms, id) {
		const struct crash__atom *atom = &view->atoms->list[id];

		if (id < since)
			return;
		if (!has(view, id) && atom->appends &&
		    clip(block, atom->offset > behind ? atom->offset : behind, atom->offset + atom->bytes, &from, &to))
			add_layer(pieces, from, to, FROM_LOST, 0);
	}
}

/* Layers from the newest to the oldest: data that was kept, and truncations that were. */
static void add_kept_layers(const struct crash__view *view, const struct block *block, struct pieces *pieces)
{
	uint32_t data = block->atoms, cuts = view->nodes[block->node].cuts, from, to;

	while ((data || cuts) && pieces->open_count) {
		crash__atom_id newest_data = data ? view->links[data - 1].value : 0;
		crash__atom_id newest_cut = cuts ? view->links[cuts - 1].value : 0;

		if (data && (!cuts || newest_data > newest_cut)) {
			const struct crash__atom *atom = &view->atoms->list[newest_data];

			data = view->links[data - 1].next;
			if (has(view, newest_data) &&
			    clip(block, atom->offset, atom->offset + atom->bytes, &from, &to))
				add_layer(pieces, from, to, is_zeros(view, atom) ? FROM_ZERO : FROM_EFFECT,
					  is_zeros(view, atom) ? 0 : atom->effect);
		} else {
			const struct crash__atom *atom = &view->atoms->list[newest_cut];

			cuts = view->links[cuts - 1].next;
			if (!has(view, newest_cut) || !clip(block, atom->size, UINT64_MAX, &from, &to))
				continue;
			add_lost_layers(view, block, pieces, newest_cut, atom->size);
			add_layer(pieces, from, to, FROM_ZERO, 0);
		}
	}
}

/* Finds where the bytes of the open ranges come from. */
static void split_open(const struct crash__view *view, const struct block *block, struct pieces *pieces)
{
	uint32_t from, to;

	add_kept_layers(view, block, pieces);
	if (pieces->open_count && clip(block, 0, view->fs->nodes[block->node].base_size, &from, &to))
		add_layer(pieces, from, to, FROM_BASE, 0);
	if (pieces->open_count)
		add_lost_layers(view, block, pieces, 0, 0);
	add_layer(pieces, 0, CRASH__BLOCK, FROM_ZERO, 0);
}

static void split_block(const struct crash__view *view, const struct block *block, uint64_t size,
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

static void fill_piece(const struct crash__view *view, const struct block *block, const struct piece *piece,
		       unsigned char *to)
{
	uint64_t at = block->index * CRASH__BLOCK + piece->start;
	size_t count = piece->end - piece->start;
	const struct crash__effect *effect = &view->fs->effects[piece->effect];

	memset(to, 0, count);
	if (piece->source == FROM_EFFECT)
		crash__event_copy(view->fs->steps[view->step_of_effect[piece->effect]].event, at - effect->offset,
				  to, count);
	else if (piece->source == FROM_BASE)
		crash__base_read(view->fs->base, view->fs->nodes[block->node].base_path, to, count, at);
	else if (piece->source == FROM_LOST)
		fill_lost((enum crash__lost_data)view->atoms->model->lost_data, to, count, at);
}

/* The same as splitting and filling, byte by byte: for blocks that are cut too small to be listed. */
static size_t paint(const struct crash__view *view, const struct block *block, uint64_t size,
		    unsigned char *out)
{
	uint64_t start = block->index * CRASH__BLOCK;
	size_t length = size <= start ? 0 : size - start < CRASH__BLOCK ? (size_t)(size - start) : CRASH__BLOCK;

	for (uint32_t at = 0; at < length; at++) {
		struct pieces pieces;

		pieces.count = 0;
		pieces.overflow = false;
		pieces.open[0] = (struct range){at, at + 1};
		pieces.open_count = 1;
		split_open(view, block, &pieces);
		fill_piece(view, block, &pieces.list[0], out + at);
	}
	return length;
}

static size_t fill(const struct crash__view *view, const struct block *block, uint64_t size,
		   const struct pieces *pieces, unsigned char *out)
{
	size_t length = 0;

	if (pieces->overflow)
		return paint(view, block, size, out);
	for (unsigned int i = 0; i < pieces->count; i++) {
		fill_piece(view, block, &pieces->list[i], out + pieces->list[i].start);
		if (pieces->list[i].end > length)
			length = pieces->list[i].end;
	}
	return length;
}

/* Where a key's number stands in the index, or is to be put. */
static uint32_t *known_place(const struct crash__view *view, struct crash__hash key)
{
	size_t at = key.low & (view->known_places - 1);

	while (view->known_index[at]) {
		const struct known_content *known = &view->known[view->known_index[at] - 1];

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
	struct known_content *known;

	if ((view->known_count + 1) * 2 > view->known_places && !grow_known(view)) {
		view->no_memory = true;
		return;
	}
	known = CRASH__PUSH(view, known);
	if (!known) {
		view->no_memory = true;
		return;
	}
	*known = (struct known_content){key, content};
	*known_place(view, key) = (uint32_t)view->known_count;
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
	what.bytes = hash_bytes(bytes, length, 3);
	return hash_bytes(&what, sizeof what, 4);
}

/* The hash of the block's bytes; computed once for each combination of pieces. */
static struct crash__hash content_hash(struct crash__view *view, const struct block *block, uint64_t size,
				       const struct pieces *pieces)
{
	struct crash__hash key = hash_bytes(pieces, offsetof(struct pieces, list) + pieces->count * sizeof *pieces->list, 0);
	struct crash__hash content;
	unsigned char bytes[CRASH__BLOCK];
	uint32_t known = pieces->overflow || !view->known_places ? 0 : *known_place(view, key);

	if (known)
		return view->known[known - 1].content;
	content = hash_block(bytes, fill(view, block, size, pieces, bytes), block->index);
	if (!pieces->overflow)
		remember(view, key, content);
	return content;
}

/* The block's part of its node's sum. Behind the end of the file there is none. */
static struct crash__hash block_hash(struct crash__view *view, const struct block *block, uint64_t size)
{
	struct pieces pieces;

	split_block(view, block, size, &pieces);
	if (pieces.count == 0)
		return (struct crash__hash){0, 0};
	return content_hash(view, block, size, &pieces);
}

/* ------------------------------------------------------------------ slots */

static crash__node_id child_of(const struct crash__view *view, crash__slot_id id)
{
	crash__atom_id atom;

	EACH_LINK(view, view->slots[id].entries, atom) {
		const struct crash__atom *change = &view->atoms->list[atom];

		if (!has(view, atom))
			continue;
		for (uint32_t i = 0; i < change->effects; i++)
			if (view->fs->effects[change->effect + i].slot == id)
				return view->fs->effects[change->effect + i].node;
	}
	return view->fs->slots[id].base_child;
}

/* What a node is, as far as it can differ between states. */
static struct crash__hash node_hash(const struct crash__view *view, crash__node_id id, uint64_t size,
				    uint64_t limit, uint32_t mode, struct crash__hash sum)
{
	const struct crash__node *node = &view->fs->nodes[id];
	struct {
		uint64_t size, limit, low, high, identity, mode;
	} what = {size, 0, sum.low, sum.high, 0, mode};

	/* directories differ by what is in them, which their slots say */
	if (node->type == CRASH__NODE_DIRECTORY || node->base_path)
		what.identity = id;
	if (node->base_path && limit < node->base_size)
		what.limit = limit + 1;
	if (node->text)
		what.identity = XXH3_64bits(node->text, strlen(node->text));
	return hash_bytes(&what, sizeof what, 1);
}

static crash__node_id current_child(const struct crash__view *view, crash__slot_id id)
{
	const struct slot *slot = &view->slots[id];

	return slot->stamp == view->stamp ? slot->new_child : slot->child;
}

/* Whether a directory can be reached from the top in the state that is being looked at. */
static bool is_reachable(struct crash__view *view, crash__node_id id)
{
	struct node *node = &view->nodes[id];
	crash__slot_id slot;

	if (!view->moving || id == 1)
		return node->reachable;
	if (node->reach_stamp == view->stamp)
		return node->new_reachable;
	node->reach_stamp = view->stamp;
	node->new_reachable = false;
	EACH_LINK(view, node->slots, slot)
		if (current_child(view, slot) == id && is_reachable(view, view->fs->slots[slot].directory)) {
			node->new_reachable = true;
			break;
		}
	return node->new_reachable;
}

/* The slot's part of the sum, in the state that is being looked at. */
static struct crash__hash slot_hash(struct crash__view *view, crash__slot_id id)
{
	crash__node_id child = current_child(view, id);
	const struct node *node = &view->nodes[child];
	struct crash__hash parts[2] = {view->slots[id].name, {0, 0}};

	if (!child || !is_reachable(view, view->fs->slots[id].directory))
		return (struct crash__hash){0, 0};
	parts[1] = node->stamp == view->stamp ?
			   node_hash(view, child, node->new_size, node->new_limit, node->new_mode, node->new_sum) :
			   node_hash(view, child, node->size, node->base_limit, node->mode, node->sum);
	return hash_bytes(parts, sizeof parts, 2);
}

/* ------------------------------------------------------------------ differences */

#define PUSH_TO(view, vector, value)                                                               \
	do {                                                                                       \
		__typeof__((view)->difference.vector) pushed = CRASH__PUSH(&(view)->difference, vector); \
		if (pushed)                                                                        \
			*pushed = (value);                                                         \
		else                                                                               \
			(view)->no_memory = true;                                                  \
	} while (0)

static void touch_node(struct crash__view *view, crash__node_id id)
{
	struct node *node = &view->nodes[id];

	if (node->stamp == view->stamp)
		return;
	node->stamp = view->stamp;
	node->new_size = node->size;
	node->new_limit = node->base_limit;
	node->new_mode = node->mode;
	node->new_sum = node->sum;
	PUSH_TO(view, nodes, id);
}

static void touch_block(struct crash__view *view, uint32_t index)
{
	if (view->blocks[index].stamp == view->stamp)
		return;
	view->blocks[index].stamp = view->stamp;
	touch_node(view, view->blocks[index].node);
	PUSH_TO(view, blocks, index);
}

static void touch_slot(struct crash__view *view, crash__slot_id id)
{
	if (view->slots[id].stamp == view->stamp)
		return;
	view->slots[id].stamp = view->stamp;
	view->slots[id].new_child = view->slots[id].child;
	PUSH_TO(view, slots, id);
}

/* The first of the node's blocks at or behind an index; the number behind its last if there is none. */
static uint32_t lower_block(const struct crash__view *view, const struct node *node, uint64_t index)
{
	uint32_t low = node->first_block, high = node->first_block + node->blocks;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (view->blocks[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Iterates over the blocks of a node that a range of the file touches. */
#define EACH_BLOCK(view, node, offset, end_, number)                                               \
	for (uint32_t number = lower_block(view, node, (offset) / CRASH__BLOCK);                   \
	     number < (node)->first_block + (node)->blocks &&                                      \
	     (view)->blocks[number].index * CRASH__BLOCK < (end_);                                 \
	     number++)

static void touch_blocks(struct crash__view *view, crash__node_id id, uint64_t offset, uint64_t end)
{
	EACH_BLOCK(view, &view->nodes[id], offset, end, number)
		touch_block(view, number);
}

static void touch_atom(struct crash__view *view, crash__atom_id id)
{
	const struct crash__atom *atom = &view->atoms->list[id];

	switch (atom->kind) {
	case CRASH__ATOM_DATA:
		touch_blocks(view, atom->node, atom->offset, atom->offset + atom->bytes);
		break;
	case CRASH__ATOM_SIZE:
		touch_node(view, atom->node);
		/* a truncation hides, or no longer hides, whatever was written there before */
		if (!atom->appends)
			touch_blocks(view, atom->node, atom->size, NO_LIMIT);
		break;
	case CRASH__ATOM_ATTRIBUTES:
		touch_node(view, atom->node);
		break;
	case CRASH__ATOM_ENTRY:
		for (uint32_t i = 0; i < atom->effects; i++)
			touch_slot(view, view->fs->effects[atom->effect + i].slot);
		break;
	}
}

static void begin_difference(struct crash__view *view)
{
	view->stamp++;
	view->difference.nodes_count = view->difference.blocks_count = view->difference.slots_count = 0;
}

/* A change of size shows or hides the blocks in between. */
static void resize(struct crash__view *view, crash__node_id id)
{
	struct node *node = &view->nodes[id];

	node->new_size = size_of(view, id);
	node->new_limit = limit_of(view, id);
	node->new_mode = mode_of(view, id);
	if (node->new_size < node->size)
		touch_blocks(view, id, node->new_size, node->size);
	else if (node->new_size > node->size)
		touch_blocks(view, id, node->size, node->new_size);
}

/* Computes the touched nodes anew. */
static void settle_nodes(struct crash__view *view)
{
	for (size_t i = 0; i < view->difference.nodes_count; i++)
		resize(view, view->difference.nodes[i]);
	for (size_t i = 0; i < view->difference.blocks_count; i++) {
		struct block *block = &view->blocks[view->difference.blocks[i]];
		struct node *node = &view->nodes[block->node];

		subtract(&node->new_sum, block->hash);
		add(&node->new_sum, block_hash(view, block, node->new_size));
	}
}

/* Slots that hold a touched node change, too. */
static void settle_slots(struct crash__view *view)
{
	size_t own = view->difference.slots_count;
	crash__slot_id slot;

	for (size_t i = 0; i < own; i++)
		view->slots[view->difference.slots[i]].new_child = child_of(view, view->difference.slots[i]);
	for (size_t i = 0; i < view->difference.nodes_count; i++)
		EACH_LINK(view, view->nodes[view->difference.nodes[i]].slots, slot)
			if (view->slots[slot].child == view->difference.nodes[i])
				touch_slot(view, slot);
}

/* Whether a directory appears or disappears: then what is below it does as well. */
static bool moves_directories(const struct crash__view *view)
{
	for (size_t i = 0; i < view->difference.slots_count; i++) {
		const struct slot *slot = &view->slots[view->difference.slots[i]];

		if (slot->child == slot->new_child)
			continue;
		if ((slot->child && view->fs->nodes[slot->child].type == CRASH__NODE_DIRECTORY) ||
		    (slot->new_child && view->fs->nodes[slot->new_child].type == CRASH__NODE_DIRECTORY))
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------ what is in the sum */

static void rehash(struct crash__view *view, crash__slot_id id)
{
	crash__slot_id *at;

	if (view->slots[id].rehash_stamp == view->stamp)
		return;
	view->slots[id].rehash_stamp = view->stamp;
	at = CRASH__PUSH(view, rehashed);
	if (at)
		*at = id;
	else
		view->no_memory = true;
}

static void turn(struct crash__view *view, crash__node_id id);

/* A directory that holds, or held, a slot that changes: does it come or go, with what is in it? */
static void look_at(struct crash__view *view, crash__node_id id)
{
	struct node *node = &view->nodes[id];

	if (!id || view->fs->nodes[id].type != CRASH__NODE_DIRECTORY || node->seen_stamp == view->stamp)
		return;
	node->seen_stamp = view->stamp;
	if (is_reachable(view, id) != node->reachable)
		turn(view, id);
}

static void turn(struct crash__view *view, crash__node_id id)
{
	crash__node_id *at = CRASH__PUSH(view, turned);

	if (!at) {
		view->no_memory = true;
		return;
	}
	*at = id;
	for (crash__slot_id slot = view->nodes[id].first_slot; slot; slot = view->slots[slot].next) {
		rehash(view, slot);
		look_at(view, view->slots[slot].child);
		look_at(view, current_child(view, slot));
	}
}

/* Finds the slots whose part of the sum changes: those of the difference, and of directories that come or go. */
static void find_rehashed(struct crash__view *view)
{
	view->rehashed_count = view->turned_count = 0;
	view->moving = moves_directories(view);
	for (size_t i = 0; i < view->difference.slots_count; i++)
		rehash(view, view->difference.slots[i]);
	for (size_t i = 0; view->moving && i < view->difference.slots_count; i++) {
		look_at(view, view->slots[view->difference.slots[i]].child);
		look_at(view, view->slots[view->difference.slots[i]].new_child);
	}
}

/* The hash of the state that the difference leads to. */
static struct crash__hash settled_hash(struct crash__view *view)
{
	struct crash__hash sum = view->hash;

	find_rehashed(view);
	for (size_t i = 0; i < view->rehashed_count; i++) {
		subtract(&sum, view->slots[view->rehashed[i]].hash);
		add(&sum, slot_hash(view, view->rehashed[i]));
	}
	return sum;
}

static void adopt_slots(struct crash__view *view)
{
	find_rehashed(view);
	for (size_t i = 0; i < view->rehashed_count; i++) {
		struct slot *slot = &view->slots[view->rehashed[i]];

		subtract(&view->hash, slot->hash);
		slot->hash = slot_hash(view, view->rehashed[i]);
		add(&view->hash, slot->hash);
	}
	for (size_t i = 0; i < view->turned_count; i++)
		view->nodes[view->turned[i]].reachable = view->nodes[view->turned[i]].new_reachable;
	for (size_t i = 0; i < view->difference.slots_count; i++)
		view->slots[view->difference.slots[i]].child = view->slots[view->difference.slots[i]].new_child;
	view->moving = false;
}

/* Makes the state that the difference leads to the reference. */
static void adopt(struct crash__view *view)
{
	for (size_t i = 0; i < view->difference.blocks_count; i++) {
		struct block *block = &view->blocks[view->difference.blocks[i]];

		block->hash = block_hash(view, block, view->nodes[block->node].new_size);
	}
	adopt_slots(view);
	for (size_t i = 0; i < view->difference.nodes_count; i++) {
		struct node *node = &view->nodes[view->difference.nodes[i]];

		node->size = node->new_size;
		node->base_limit = node->new_limit;
		node->mode = node->new_mode;
		node->sum = node->new_sum;
	}
	view->stamp++; /* nothing is touched any more */
}

static void settle(struct crash__view *view)
{
	settle_nodes(view);
	settle_slots(view);
}

/* ------------------------------------------------------------------ advancing */

/* Makes the atoms of a step known: they may be in a state from now on. */
static void introduce(struct crash__view *view, uint32_t step)
{
	for (crash__atom_id id = view->atoms->first[step]; id < view->atoms->first[step + 1]; id++) {
		const struct crash__atom *atom = &view->atoms->list[id];

		switch (atom->kind) {
		case CRASH__ATOM_DATA:
			EACH_BLOCK(view, &view->nodes[atom->node], atom->offset, atom->offset + atom->bytes, number)
				push_link(view, &view->blocks[number].atoms, id);
			break;
		case CRASH__ATOM_SIZE:
			push_link(view, &view->nodes[atom->node].sizes, id);
			if (!atom->appends)
				push_link(view, &view->nodes[atom->node].cuts, id);
			break;
		case CRASH__ATOM_ATTRIBUTES:
			push_link(view, &view->nodes[atom->node].attributes, id);
			break;
		case CRASH__ATOM_ENTRY:
			for (uint32_t i = 0; i < atom->effects; i++)
				push_link(view, &view->slots[view->fs->effects[atom->effect + i].slot].entries, id);
			break;
		}
	}
}

static void join(struct crash__view *view, crash__atom_id id)
{
	if (view->in[id])
		return;
	view->in[id] = true;
	touch_atom(view, id);
}

/* What becomes part of the reference, or is dropped from it, at a step. */
static void touch_step(struct crash__view *view, uint32_t step)
{
	const struct crash__atoms *atoms = view->atoms;

	/* that an atom could be there and is not may show as well: as lost data, or a file that is half made */
	for (crash__atom_id id = atoms->first[step]; id < atoms->first[step + 1]; id++) {
		view->in[id] = view->reference == CRASH__EVERYTHING;
		touch_atom(view, id);
	}
	for (uint32_t i = view->wait_first[step]; i < view->wait_first[step + 1]; i++) {
		crash__atom_id id = view->waiting[i];

		if (view->reference == CRASH__DURABLE) {
			join(view, id);
		} else if (view->in[id]) {
			view->in[id] = false;
			touch_atom(view, id);
		}
	}
}

int crash__view_advance(struct crash__view *view, int64_t step)
{
	while (view->step < step && !view->no_memory) {
		uint32_t next = (uint32_t)(view->step + 1);

		introduce(view, next);
		begin_difference(view);
		touch_step(view, next);
		settle(view);
		adopt(view);
		view->step = next;
	}
	return view->no_memory ? crash__fail(CRASH_ENOMEM, "no memory for the crash states") : 0;
}

int crash__view_step_difference(struct crash__view *view, uint32_t step,
				const struct crash__difference **difference)
{
	int error = 0;

	if (view->step + 1 != (int64_t)step)
		return crash__fail(CRASH_EINVAL, "steps are taken one by one");
	introduce(view, step);
	begin_difference(view);
	touch_step(view, step);
	settle(view);
	*difference = &view->difference;
	/* the lists stay as they are while the reference moves on */
	adopt(view);
	view->step = step;
	if (view->no_memory)
		error = crash__fail(CRASH_ENOMEM, "no memory for the crash states");
	return error;
}

int64_t crash__view_step(const struct crash__view *view)
{
	return view->step;
}

struct crash__hash crash__view_hash(const struct crash__view *view)
{
	return view->hash;
}

int crash__view_flip(struct crash__view *view, const crash__atom_id *flipped, size_t count,
		     const struct crash__difference **difference)
{
	begin_difference(view);
	view->flipping = view->stamp;
	for (size_t i = 0; i < count; i++)
		view->flip_stamp[flipped[i]] = view->flipping;
	for (size_t i = 0; i < count; i++)
		touch_atom(view, flipped[i]);
	settle(view);
	if (difference)
		*difference = &view->difference;
	return view->no_memory ? crash__fail(CRASH_ENOMEM, "no memory for the crash states") : 0;
}

void crash__view_unflip(struct crash__view *view)
{
	view->flipping = 0;
	view->moving = false;
	view->stamp++;
}

int crash__view_hash_flipped(struct crash__view *view, const crash__atom_id *flipped, size_t count,
			     struct crash__hash *hash)
{
	int error = crash__view_flip(view, flipped, count, NULL);

	*hash = settled_hash(view);
	crash__view_unflip(view);
	return error;
}

/* ------------------------------------------------------------------ questions */

crash__node_id crash__view_child(const struct crash__view *view, crash__slot_id slot)
{
	return current_child(view, slot);
}

uint64_t crash__view_size(const struct crash__view *view, crash__node_id node)
{
	return view->nodes[node].stamp == view->stamp ? view->nodes[node].new_size : view->nodes[node].size;
}

uint32_t crash__view_mode(const struct crash__view *view, crash__node_id node)
{
	return view->nodes[node].stamp == view->stamp ? view->nodes[node].new_mode : view->nodes[node].mode;
}

uint64_t crash__view_base_limit(const struct crash__view *view, crash__node_id node)
{
	return view->nodes[node].stamp == view->stamp ? view->nodes[node].new_limit :
							view->nodes[node].base_limit;
}

uint32_t crash__view_blocks(const struct crash__view *view)
{
	return (uint32_t)view->blocks_count;
}

void crash__view_block(const struct crash__view *view, uint32_t block, crash__node_id *node, uint64_t *index)
{
	*node = view->blocks[block].node;
	*index = view->blocks[block].index;
}

bool crash__view_find_block(const struct crash__view *view, crash__node_id node, uint64_t index, uint32_t *block)
{
	const struct node *known = &view->nodes[node];

	*block = lower_block(view, known, index);
	return *block < known->first_block + known->blocks;
}

size_t crash__view_content(struct crash__view *view, uint32_t index, unsigned char out[CRASH__BLOCK])
{
	const struct block *block = &view->blocks[index];
	struct pieces pieces;

	uint64_t size = crash__view_size(view, block->node);

	split_block(view, block, size, &pieces);
	return fill(view, block, size, &pieces, out);
}

/* ------------------------------------------------------------------ making one */

static int compare_blocks(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* All blocks that any op writes to, in order, each once. */
static bool find_blocks(struct crash__view *view)
{
	size_t kept = 0;

	for (size_t i = 0; i < view->atoms->list_count; i++) {
		const struct crash__atom *atom = &view->atoms->list[i];

		if (atom->kind != CRASH__ATOM_DATA)
			continue;
		for (uint64_t index = atom->offset / CRASH__BLOCK;
		     index <= (atom->offset + atom->bytes - 1) / CRASH__BLOCK; index++) {
			struct block *block;

			if (view->blocks_count && view->blocks[view->blocks_count - 1].node == atom->node &&
			    view->blocks[view->blocks_count - 1].index == index)
				continue;
			block = CRASH__PUSH(view, blocks);
			if (!block)
				return false;
			*block = (struct block){.node = atom->node, .index = index};
		}
	}
	if (view->blocks_count)
		qsort(view->blocks, view->blocks_count, sizeof *view->blocks, compare_blocks);
	for (size_t i = 0; i < view->blocks_count; i++)
		if (kept == 0 || compare_blocks(&view->blocks[kept - 1], &view->blocks[i]) != 0)
			view->blocks[kept++] = view->blocks[i];
	view->blocks_count = kept;
	for (uint32_t i = 0; i < kept; i++) {
		struct node *node = &view->nodes[view->blocks[i].node];

		if (node->blocks++ == 0)
			node->first_block = i;
	}
	return true;
}

/* When each atom joins, or leaves, the reference other than by being done. */
static bool find_waiting(struct crash__view *view)
{
	size_t steps = view->fs->steps_count;
	uint32_t *count = calloc(steps + 2, sizeof *count);

	view->wait_first = count;
	if (!count)
		return false;
	for (int pass = 0; pass < 2; pass++) {
		for (crash__atom_id id = 0; id < view->atoms->list_count; id++) {
			const struct crash__atom *atom = &view->atoms->list[id];
			uint32_t at = view->reference == CRASH__DURABLE ? atom->durable : atom->dropped;

			if (at == CRASH__NEVER)
				continue;
			if (pass == 0)
				count[at + 1]++;
			else
				view->waiting[count[at]++] = id;
		}
		if (pass == 0) {
			for (size_t i = 1; i <= steps; i++)
				count[i] += count[i - 1];
			view->waiting = calloc(count[steps] + 1, sizeof *view->waiting);
			if (!view->waiting)
				return false;
		}
	}
	/* filling has moved each start to the next one's place */
	memmove(count + 1, count, (steps + 1) * sizeof *count);
	count[0] = 0;
	return true;
}

static struct crash__hash hash_name(crash__node_id directory, const char *name)
{
	struct {
		struct crash__hash name;
		uint64_t directory;
	} what = {hash_bytes(name, strlen(name), 5), directory};

	return hash_bytes(&what, sizeof what, 6);
}

static void prepare_slots(struct crash__view *view)
{
	const struct crash__fs *fs = view->fs;

	for (crash__slot_id id = 1; id < fs->slots_count; id++) {
		struct slot *slot = &view->slots[id];

		slot->name = hash_name(fs->slots[id].directory, fs->slots[id].name);
		slot->child = fs->slots[id].base_child;
		slot->next = view->nodes[fs->slots[id].directory].first_slot;
		view->nodes[fs->slots[id].directory].first_slot = id;
		if (slot->child)
			push_link(view, &view->nodes[slot->child].slots, id);
	}
	for (size_t i = 0; i < fs->effects_count; i++)
		if (fs->effects[i].kind == CRASH__EFFECT_ENTRY && fs->effects[i].node)
			push_link(view, &view->nodes[fs->effects[i].node].slots, fs->effects[i].slot);
}

/* The sum over the starting tree: as if its top had just come. */
static void find_first_hash(struct crash__view *view)
{
	view->nodes[1].reachable = view->moving = true;
	turn(view, 1);
	for (size_t i = 0; i < view->turned_count; i++)
		view->nodes[view->turned[i]].reachable = true;
	view->moving = false;
	for (size_t i = 0; i < view->rehashed_count; i++) {
		view->slots[view->rehashed[i]].hash = slot_hash(view, view->rehashed[i]);
		add(&view->hash, view->slots[view->rehashed[i]].hash);
	}
	view->stamp++;
}

int crash__view_new(const struct crash__atoms *atoms, enum crash__reference reference,
		    struct crash__view **out)
{
	struct crash__view *view = calloc(1, sizeof *view);

	if (!view)
		return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
	view->atoms = atoms;
	view->fs = atoms->fs;
	view->reference = reference;
	view->step = -1;
	view->stamp = 1;
	view->nodes = calloc(view->fs->nodes_count, sizeof *view->nodes);
	view->slots = calloc(view->fs->slots_count, sizeof *view->slots);
	view->in = calloc(atoms->list_count + 1, sizeof *view->in);
	view->flip_stamp = calloc(atoms->list_count + 1, sizeof *view->flip_stamp);
	view->step_of_effect = calloc(view->fs->effects_count + 1, sizeof *view->step_of_effect);
	if (!view->nodes || !view->slots || !view->in || !view->flip_stamp || !view->step_of_effect ||
	    !find_blocks(view) || !find_waiting(view)) {
		crash__view_free(view);
		return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
	}
	for (uint32_t step = 0; step < view->fs->steps_count; step++)
		for (uint32_t i = 0; i < view->fs->steps[step].effects; i++)
			view->step_of_effect[view->fs->steps[step].first_effect + i] = step;
	prepare_slots(view);
	for (crash__node_id id = 1; id < view->fs->nodes_count; id++) {
		view->nodes[id].size = view->fs->nodes[id].base_size;
		view->nodes[id].base_limit = NO_LIMIT;
		view->nodes[id].mode = view->fs->nodes[id].mode;
	}
	for (size_t i = 0; i < view->blocks_count; i++) {
		struct block *block = &view->blocks[i];

		block->hash = block_hash(view, block, view->nodes[block->node].size);
		add(&view->nodes[block->node].sum, block->hash);
	}
	view->stamp++;
	find_first_hash(view);
	if (view->no_memory) {
		crash__view_free(view);
		return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
	}
	*out = view;
	return 0;
}

void crash__view_free(struct crash__view *view)
{
	if (!view)
		return;
	free(view->known);
	free(view->known_index);
	free(view->nodes);
	free(view->slots);
	free(view->blocks);
	free(view->links);
	free(view->waiting);
	free(view->wait_first);
	free(view->in);
	free(view->flip_stamp);
	free(view->step_of_effect);
	free(view->difference.nodes);
	free(view->difference.blocks);
	free(view->difference.slots);
	free(view->rehashed);
	free(view->turned);
	free(view);
}
