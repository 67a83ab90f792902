/* SPDX-License-Identifier: MIT */
/*
 * view_parts.h - what a view consists of, for the files that make it up: view.c, view_new.c,
 * view_attributes.c, block_content.c, state_hash.c; and for report/page/state_tree.c, which lists a state.
 *
 * What is marked with the present stamp was touched by the difference that is being computed, and has its new
 * value beside the one of the reference. To forget a difference is to count the stamp up.
 */
#ifndef CRASH_VIEW_PARTS_H
#define CRASH_VIEW_PARTS_H

#include "base/effort.h"
#include "base/error.h"
#include "explore/states/tree_difference.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define CRASH__NO_LIMIT UINT64_MAX

/*
 * Atoms of one kind, newest first. Those that are in the reference are one list, and those that a flip adds
 * are another, so that nobody has to go through the thousands that are neither.
 */
struct crash__view_list {
	uint32_t in;
	uint32_t added, added_stamp; /* as long as view->flipping is the stamp */
};

struct crash__view_block {
	crash__node_id node;
	uint32_t behind_end; /* DATA atoms that wrote there, newest first, in the reference or not */
	struct crash__view_list shown;
	uint64_t index;		 /* in the file */
	struct crash__hash hash; /* its part of the node's sum, in the reference */
	uint32_t stamp;
};

/* One that a node has and that some op changes: its mode, its owner, its time, or an extended attribute. */
struct crash__view_attribute {
	crash__node_id node;
	enum crash__attribute attribute;
	const char *name;	       /* of an extended one */
	struct crash__view_list shown; /* ATTRIBUTES atoms that change it */
	bool known;		       /* one of them has been done, kept or lost */
	uint64_t hash, new_hash; /* its part of the node's others, in the reference and in the difference */
	uint32_t stamp;
};

struct crash__view_node {
	struct crash__view_list sizes;	 /* SIZE atoms, but for those that reach */
	struct crash__view_list reaches; /* these */
	struct crash__view_list cuts;	 /* those of `sizes` of CRASH__CUTS */
	uint32_t newest_size;		 /* list of `sizes` whether they are in the reference or not */
	uint32_t first_attribute, attributes;
	uint32_t birth; /* 1 + number of the BIRTH atom that has been done; 0: there is none */
	uint32_t slots; /* list of slots that ever hold it */
	uint32_t first_block, blocks;
	bool written; /* an op has changed what is in it, kept or lost */
	/* in the reference */
	uint64_t size, base_limit;
	uint32_t mode;
	uint64_t others;	   /* what else there is of its attributes, as a hash; 0: nothing */
	struct crash__hash sum;	   /* of its blocks */
	bool reachable;		   /* directories */
	uint64_t identity;	   /* what stands for it in hashes; a file has its number */
	crash__slot_id first_slot; /* directories: of those in it; they go on in struct crash__view_slot */
	uint32_t stamp;
	/* in the flipped state, while it is computed */
	uint64_t new_size, new_limit;
	uint32_t new_mode;
	uint64_t new_others;
	struct crash__hash new_sum;
	bool new_reachable;
	uint32_t reach_stamp, seen_stamp; /* new_reachable is known; it was looked at with what is in it */
};

struct crash__view_slot {
	struct crash__view_list entries; /* ENTRY atoms */
	crash__node_id child;
	struct crash__hash name;
	struct crash__hash hash; /* its part of the sum */
	crash__slot_id next;	 /* in the same directory */
	uint32_t stamp, rehash_stamp;
	crash__node_id new_child;
};

/* A place in a list of atoms or slots. */
struct crash__view_link {
	uint32_t value, next;
};

/* What a block consists of, and the hash of its bytes. */
struct crash__known_content {
	struct crash__hash key, content;
};

struct crash__view {
	const struct crash__atoms *atoms;
	const struct crash__fs *fs;
	enum crash__reference reference;
	enum crash__lost_data lost_data; /* what it shows as */
	int64_t step;
	struct crash__view_node *nodes;
	struct crash__view_slot *slots;
	CRASH__VECTOR(struct crash__view_block, blocks);
	/* by node, and then as enum crash__attribute has them, and by name */
	CRASH__VECTOR(struct crash__view_attribute, attributes);
	uint32_t *attribute_of_change;	  /* by number of the change */
	CRASH__VECTOR(uint32_t, changed); /* attributes that the difference touches */
	CRASH__VECTOR(struct crash__view_link, links);
	crash__atom_id *waiting; /* by step of durability: see touch_step() */
	uint32_t *wait_first;
	size_t undated;	      /* of the nodes whose time became another one, how many have been taken */
	bool *in;	      /* by atom: in the reference */
	uint32_t *flip_stamp; /* by atom */
	uint32_t *step_of_effect;
	uint32_t flipping; /* the stamp that means "flipped" now; 0: none are */
	uint32_t stamp;
	struct crash__hash hash;
	struct crash__difference difference;
	CRASH__VECTOR(crash__slot_id, rehashed); /* slots whose part of the sum changes */
	CRASH__VECTOR(crash__node_id,
		      toggled); /* directories that can be reached now and could not, or the reverse */
	bool moving;		/* directories come or go in this difference */
	bool hashless;		/* nobody asks for hashes, so there are none */
	size_t links_kept;	/* links that are behind these are of lists of what a flip adds */
	CRASH__VECTOR(struct crash__known_content, known);
	uint32_t *known_index; /* by key: 1 + number of the content; a power of two of them, at most half full
				*/
	size_t known_places;
	bool no_memory;
	struct crash__failure failure; /* another error; the view is then of no use any more */
};

/* ------------------------------------------------------------------ errors */

/* What the view's functions return: 0 if nothing has gone wrong in it so far. */
static inline int crash__view_error(const struct crash__view *view)
{
	if (view->no_memory)
		return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
	return crash__failure_say(&view->failure);
}

/* ------------------------------------------------------------------ hashes */

/*
 * `seed` is a constant that tells apart what is hashed. Numbers of nodes and the like are not seeds: for
 * short inputs seed and input cancel out in XXH3, and the effect 52 on node 4 has the hash of the effect 54
 * on node 6.
 */
static inline struct crash__hash crash__hash_bytes(const void *bytes, size_t count, uint64_t seed)
{
	XXH128_hash_t hash = XXH3_128bits_withSeed(bytes, count, seed);

	return (struct crash__hash){hash.low64, hash.high64};
}

static inline void crash__hash_add(struct crash__hash *sum, struct crash__hash hash)
{
	sum->low += hash.low;
	sum->high += hash.high;
}

static inline void crash__hash_subtract(struct crash__hash *sum, struct crash__hash hash)
{
	sum->low -= hash.low;
	sum->high -= hash.high;
}

/* ------------------------------------------------------------------ lists and lookups */

/* In the state that is being looked at. */
static inline bool crash__view_shows(const struct crash__view *view, crash__atom_id atom)
{
	return view->in[atom] != (view->flipping && view->flip_stamp[atom] == view->flipping);
}

static inline void crash__view_push_link(struct crash__view *view, uint32_t *head, uint32_t value)
{
	if (CRASH__ADD(view, links, (struct crash__view_link){value, *head}))
		*head = (uint32_t)view->links_count;
	else
		view->no_memory = true;
}

#define CRASH__EACH_LINK(view, head, value_)                                                                 \
	for (uint32_t value_##_at = (head);                                                                  \
	     value_##_at && ((value_) = (view)->links[value_##_at - 1].value, true);                         \
	     value_##_at = (view)->links[value_##_at - 1].next)

/* Where one is in a list of what the state has that is being looked at. */
struct crash__shown {
	uint32_t in, added;
};

static inline struct crash__shown crash__shown_begin(const struct crash__view *view,
						     const struct crash__view_list *list)
{
	bool flips = view->flipping && list->added_stamp == view->flipping;

	return (struct crash__shown){list->in, flips ? list->added : 0};
}

/* The next atom, which stays the next one until crash__shown_pass(); false: there is none. */
static inline bool crash__shown_peek(const struct crash__view *view, struct crash__shown *at,
				     crash__atom_id *atom)
{
	while (at->in && !crash__view_shows(view, view->links[at->in - 1].value)) {
		crash__effort++;
		at->in = view->links[at->in - 1].next;
	}
	if (!at->in && !at->added)
		return false;
	*atom = at->in ? view->links[at->in - 1].value : 0;
	if (at->added && (!at->in || view->links[at->added - 1].value > *atom))
		*atom = view->links[at->added - 1].value;
	return true;
}

static inline void crash__shown_pass(const struct crash__view *view, struct crash__shown *at,
				     crash__atom_id atom)
{
	uint32_t *list = at->in && view->links[at->in - 1].value == atom ? &at->in : &at->added;

	crash__effort++;
	*list = view->links[*list - 1].next;
}

#define CRASH__EACH_SHOWN(view, list, atom)                                                                  \
	for (struct crash__shown atom##_at = crash__shown_begin((view), (list));                             \
	     crash__shown_peek((view), &atom##_at, &(atom)); crash__shown_pass((view), &atom##_at, (atom)))

/* The attribute that the i-th effect of an atom changes; false: there is no such. */
static inline bool crash__view_changes(const struct crash__view *view, const struct crash__atom *atom,
				       uint32_t i, uint32_t *index)
{
	if (atom->kind != CRASH__ATOM_ATTRIBUTES || atom->class == CRASH__CLASS_BIRTH || i >= atom->effects)
		return false;
	*index = view->attribute_of_change[view->fs->effects[atom->effect + i].change];
	return true;
}

/* Iterates over the attributes that an atom changes. */
#define CRASH__EACH_ATTRIBUTE_OF(view, atom, index)                                                          \
	for (uint32_t index##_at = 0; crash__view_changes((view), (atom), index##_at, &(index)); index##_at++)

static inline crash__node_id crash__view_child_now(const struct crash__view *view, crash__slot_id id)
{
	const struct crash__view_slot *slot = &view->slots[id];

	return slot->stamp == view->stamp ? slot->new_child : slot->child;
}

static inline uint64_t crash__view_size_now(const struct crash__view *view, crash__node_id node)
{
	return view->nodes[node].stamp == view->stamp ? view->nodes[node].new_size : view->nodes[node].size;
}

static inline uint64_t crash__view_limit_now(const struct crash__view *view, crash__node_id node)
{
	return view->nodes[node].stamp == view->stamp ? view->nodes[node].new_limit :
							view->nodes[node].base_limit;
}

/* The first of the node's blocks at or behind an index; the number behind its last if there is none. */
static inline uint32_t crash__view_lower_block(const struct crash__view *view,
					       const struct crash__view_node *node, uint64_t index)
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
#define CRASH__EACH_BLOCK(view, node, offset, end_, number)                                                  \
	for (uint32_t number = crash__view_lower_block(view, node, (offset) / CRASH__BLOCK);                 \
	     number < (node)->first_block + (node)->blocks &&                                                \
	     (view)->blocks[number].index * CRASH__BLOCK < (end_);                                           \
	     number++)

#endif
