/* SPDX-License-Identifier: MIT */
/*
 * atoms.h - the units that a disk can keep or lose, under one persistence model.
 *
 * Method. Each effect of a step becomes one or more atoms. Two things are known about an atom: from which
 * step on it is durable for certain, because a sync covered it, and which atoms must be on the disk if it
 * is (its predecessors). A crash state after step k is a set S of the atoms of steps up to k such that S
 * contains every atom that is durable by k, and with an atom all its predecessors.
 *
 * Under every model a state is a tree: renames of directories are atomic and reach the disk in order among
 * themselves, or a directory could have two names, or lie below itself.
 *
 * What is a predecessor of what is a table, order_rules.c, and so is what a sync makes durable,
 * durability_rules.c. Both speak of the class of an atom, atom_class.h.
 *
 * Predecessors are kept as few edges: where the model orders one class totally, an edge to the last one is
 * enough, because that one has an edge to the one before. So the whole thing is linear in the trace.
 */
#ifndef CRASH_ATOMS_H
#define CRASH_ATOMS_H

#include "explore/atoms/atom_class.h"
#include "explore/atoms/persistence_model.h"
#include "explore/fs/fs.h"

#define CRASH__NEVER UINT32_MAX

/** What an atom changes of the tree. */
enum crash__atom_kind {
	CRASH__ATOM_DATA, /* bytes, or zeros; of CRASH__MOVED, where they are */
	CRASH__ATOM_SIZE,
	CRASH__ATOM_ENTRY, /* one entry, or the entries of an atomic rename */
	CRASH__ATOM_ATTRIBUTES,
};

typedef uint32_t crash__atom_id;

struct crash__edge {
	crash__atom_id atom;
	uint32_t next; /* 1 + index of edges; 0 ends the list */
};

struct crash__atom {
	enum crash__atom_kind kind;
	enum crash__atom_class class;
	uint32_t step;
	uint32_t effect; /* the first of its effects */
	uint32_t effects;
	crash__node_id node;
	uint64_t offset, bytes; /* DATA: the range in the file */
	uint64_t size;		/* SIZE */
	bool unsure;		/* REACH: of a page that nobody may have to write */
	bool behind_end;  /* REACH: its op's data in that page is behind the end that the disk may have */
	uint32_t durable; /* from this step on; CRASH__NEVER */
	bool failed;	  /* a sync that was to make it durable failed */
	bool abandoned;	  /* so later ones do not write it, and nothing waits for it */
	uint32_t predecessors, successors; /* lists of edges */
};

struct crash__atoms {
	const struct crash__fs *fs;
	const struct crash__model *model;
	CRASH__VECTOR(struct crash__atom, list);
	CRASH__VECTOR(struct crash__edge, edges);
	uint32_t *first; /* of each step, and one behind the last */
};

static inline bool crash__atom_in(const struct crash__atom *atom, crash__classes classes)
{
	return crash__class_in(atom->class, classes);
}

/** Iterates over the ids in a list of edges. */
#define CRASH__EACH_EDGE(atoms, head, id)                                                                    \
	for (uint32_t id##_at = (head); id##_at && ((id) = (atoms)->edges[id##_at - 1].atom, true);          \
	     id##_at = (atoms)->edges[id##_at - 1].next)

#endif
