/* SPDX-License-Identifier: MIT */
/*
 * builder.h - what is known while atoms are made, step by step: for atoms.c, order.c and durable.c.
 */
#ifndef CRASH_MAKER_H
#define CRASH_MAKER_H

#include "explore/states/atoms.h"

/*
 * Ops of one class of which the model says that they reach the disk in order. Only the last ones matter: an
 * op is linked to those before it until one of them comes after all the others.
 */
struct crash__ordered {
	CRASH__VECTOR(uint32_t, steps);
	CRASH__VECTOR(uint64_t, ends); /* the latest end of the steps up to there */
};

/* A file that was truncated, and is written anew by the ops that follow. */
struct crash__rewrite {
	crash__atom_id truncation; /* CRASH__NEVER: it is not */
	bool started;
};

struct crash__atoms_builder {
	struct crash__atoms *atoms;
	const struct crash__fs *fs;
	const struct crash__model *model;
	struct crash__ordered dirops, appends, overwrites, moves;
	/* lists of atoms that are not durable yet, newest first: */
	uint32_t *pending; /* of each file, its atoms; of each directory, those of its entries */
	uint32_t *names;   /* of each node, the entries that name it */
	uint32_t metadata, all;
	crash__node_id *home;		 /* of each node, the directory where it was named last */
	struct crash__rewrite *rewrites; /* of each node */
	uint32_t committed;		 /* the step up to which the sync at hand commits all metadata */
	crash__node_id written;		 /* what the last op wrote to; 0: it did something else */
	CRASH__VECTOR(struct crash__edge, links);
	CRASH__VECTOR(crash__atom_id, stack);
	CRASH__VECTOR(uint32_t, stamps); /* of atoms: see release() in durable.c */
	uint32_t stamp;
	bool no_memory;
};

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

#endif
