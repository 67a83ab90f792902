/* SPDX-License-Identifier: MIT */
/*
 * atoms_builder.h - what is known while atoms are made, step by step.
 *
 * Of each step make_atoms.c makes the atoms, persists_before.c puts them behind what the table of order says,
 * in_flight.c lists them as not durable, and durability.c does what the step's sync does.
 */
#ifndef CRASH_ATOMS_BUILDER_H
#define CRASH_ATOMS_BUILDER_H

#include "explore/atoms/atoms.h"

/* When a part of a file was written back alone last, and where it began. */
struct crash__written_alone {
	uint32_t step; /* and 1; 0: none was */
	uint64_t from;
};

/* Lists of atoms that are in flight, newest first: see in_flight.h. */
struct crash__in_flight {
	uint32_t everything, metadata;
	uint32_t *of;		/* of each file, its atoms; of each directory, those of its entries */
	uint32_t *names;	/* of each node, the entries that name it */
	crash__node_id *parent; /* of each node, the directory where it was named last */
	crash__atom_id
		*shortest; /* of each file, a growth before which it was shortest: in_flight_shortest() */
	struct crash__written_alone *alone; /* of each file */
	bool *size_lost; /* of each file, whether a growth was given up: a sync had failed */
};

struct crash__atoms_builder {
	struct crash__atoms *atoms;
	const struct crash__fs *fs;
	const struct crash__model *model;
	struct crash__order *order;	      /* persists_before.c */
	struct crash__durability *durability; /* durability.c */
	struct crash__in_flight in_flight;
	CRASH__VECTOR(struct crash__edge, links); /* of all lists but those of edges */
	CRASH__VECTOR(crash__atom_id, stack);
	const bool *dropped; /* of each step, whether its sync is not made; or NULL */
	bool no_memory;
};

/* Whether a step is a write whose own sync, which is the next step, is not made: then it is like any other.
 */
static inline bool crash__builder_is_unsynced(const struct crash__atoms_builder *builder, size_t step)
{
	return builder->dropped && step + 1 < builder->fs->steps_count && builder->dropped[step + 1] &&
	       builder->fs->steps[step + 1].sync_own;
}

static inline const struct crash__event *crash__builder_event(const struct crash__atoms_builder *builder,
							      uint32_t step)
{
	return builder->fs->steps[step].event;
}

/* Whether the first step had ended when the second began: otherwise nothing is known of their order. */
static inline bool crash__builder_ended_before(const struct crash__atoms_builder *builder, uint32_t first,
					       uint32_t second)
{
	return crash__builder_event(builder, first)->end < crash__builder_event(builder, second)->start;
}

/** Adds an atom that is not durable, of an effect of a step; NULL: no memory, which is noted. */
struct crash__atom *crash__builder_new_atom(struct crash__atoms_builder *builder, enum crash__atom_kind kind,
					    enum crash__atom_class class, uint32_t step, uint32_t effect);

/* Puts an atom in front of a list. */
static inline void crash__builder_push(struct crash__atoms_builder *builder, uint32_t *head,
				       crash__atom_id atom)
{
	if (CRASH__ADD(builder, links, (struct crash__edge){.atom = atom, .next = *head}))
		*head = (uint32_t)builder->links_count;
	else
		builder->no_memory = true;
}

#endif
