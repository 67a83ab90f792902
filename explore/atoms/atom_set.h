/* SPDX-License-Identifier: MIT */
/*
 * atom_set.h - sets of atoms that a state omits or keeps, closed under the model's order.
 */
#ifndef CRASH_ATOM_SET_H
#define CRASH_ATOM_SET_H

#include "explore/atoms/atoms.h"

struct crash__set {
	const struct crash__atoms *atoms;
	int64_t step; /* the point that the state is at */
	CRASH__VECTOR(crash__atom_id, list);
	uint32_t *stamps, stamp; /* of atoms that are in it */
};

int crash__set_init(struct crash__set *set, const struct crash__atoms *atoms);
void crash__set_clear(struct crash__set *set);

/** Empties it, for a state at a step. */
void crash__set_begin(struct crash__set *set, int64_t step);

/** Adds one atom alone. */
int crash__set_add(struct crash__set *set, crash__atom_id id);

/** Adds an atom and what cannot be on the disk without it. */
int crash__set_omit(struct crash__set *set, crash__atom_id id);

/** Adds an atom and what it cannot be on the disk without, as far as that is not durable. */
int crash__set_keep(struct crash__set *set, crash__atom_id id);

bool crash__set_has(const struct crash__set *set, crash__atom_id id);

void crash__set_sort(struct crash__set *set);

/** Whether an atom may be missing at a step: done, and not durable. */
bool crash__atom_is_open(const struct crash__atom *atom, int64_t step);

#endif
