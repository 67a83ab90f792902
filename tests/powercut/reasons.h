/* SPDX-License-Identifier: MIT */
/*
 * reasons.h - which atoms make a tree read as it does, where it should not.
 *
 * Method. Everything in a tree is decided by the newest of a few atoms that is there: what a name holds, by
 * its entries; where a file ends, by its sizes; what a byte is, by the data and truncations that cover it.
 * So a reason is that one atom, and that none of the newer ones is there. All that a name above has to be as
 * it is belongs to it. Where a truncation zeroes the rest of its block by a write of its own, which may come
 * later (truncate-tail=late), it decides nothing there without that. A reason that is not there by the
 * model's order alone is left out.
 */
#ifndef CRASH_TESTS_POWERCUT_REASONS_H
#define CRASH_TESTS_POWERCUT_REASONS_H

#include <stdbool.h>
#include <stdint.h>

#include "explore/atoms/atoms.h"
#include "explore/states/view.h"

/** What covers bytes: data or a truncation, and what has to be there with it, which may be itself. */
struct reasons_cover {
	crash__atom_id atom, with;
	bool without; /* it decides when the other one is not there */
};

/** A part of a file whose bytes the same atoms decide. */
struct reasons_segment {
	uint64_t start, end;
	CRASH__VECTOR(struct reasons_cover, covers); /* newest first */
};

/** Atoms that decide one thing, newest first. */
struct reasons_list {
	crash__atom_id *atoms;
	size_t count;
};

struct reasons_node {
	struct reasons_list sizes, attributes;
	struct reasons_segment *segments;
	size_t segment_count;
};

/** What there is to blame, of a whole run. */
struct reasons {
	const struct crash__atoms *atoms;
	struct reasons_list *slots;
	struct reasons_node *nodes;
};

void reasons_find(struct reasons *reasons, const struct crash__atoms *atoms);
void reasons_clear(struct reasons *reasons);

/** What the solver has proposed at a step, and the clause that is being made of it. */
struct blame {
	const struct reasons *reasons;
	int64_t step;
	crash__atom_id end; /* behind the last atom that has been done */
	bool *open;	    /* by atom: it may be there or not */
	bool *in;	    /* by atom: it is */
	void (*take)(void *context, const int *clause,
		     size_t count); /* literals: 1 + the atom, or less that */
	void *context;
	crash__slot_id above[8]; /* the names above */
	int depth;
	/* the clause */
	CRASH__VECTOR(int, clause);
	CRASH__VECTOR(crash__atom_id, absent);
	bool *is_absent;
	bool never; /* it cannot be like that */
};

/** What there is, is nothing that the names above may hold. */
void blame_names(struct blame *blame);
/** A name holds what it should not. */
void blame_slot(struct blame *blame, crash__slot_id slot);
/** A file has another size than it should have; says of every other one that it is wrong. */
void blame_size(struct blame *blame, crash__node_id node, uint64_t size);
void blame_attributes(struct blame *blame, crash__node_id node);
/** A byte of a file. @return behind which byte others are to blame */
uint64_t blame_byte(struct blame *blame, crash__node_id node, uint64_t at);

#endif
