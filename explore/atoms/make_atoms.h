/* SPDX-License-Identifier: MIT */
/*
 * make_atoms.h - from the effects of a recording to the atoms that a model makes of them.
 */
#ifndef CRASH_MAKE_ATOMS_H
#define CRASH_MAKE_ATOMS_H

#include "explore/atoms/atoms.h"

int crash__atoms_make(struct crash__atoms *atoms, const struct crash__fs *fs,
		      const struct crash__model *model);

/** A sync that the program did not make: of a file or directory, right before a step. */
struct crash__virtual_sync {
	uint32_t step;
	crash__node_id node;
};

/**
 * What the atoms would be if the program had made some syncs more. Syncs are no atoms, but some sizes come
 * and go with them: crash__atoms_match() finds the same ones again.
 * @param syncs by ascending step
 */
int crash__atoms_make_with(struct crash__atoms *atoms, const struct crash__fs *fs,
			   const struct crash__model *model, const struct crash__virtual_sync *syncs,
			   size_t count);

/** Rows of the tables of order and of durability: bit I is row I. */
struct crash__rows_left_out {
	uint64_t order, durability;
};

/** What the atoms would be if the tables did not have some rows. For tests of the rows alone. */
int crash__atoms_make_without(struct crash__atoms *atoms, const struct crash__fs *fs,
			      const struct crash__model *model, const struct crash__rows_left_out *left_out);

/**
 * What the atoms would be if the program had not made some syncs.
 * @param dropped of each step, whether its sync is one of those; NULL: none is
 */
int crash__atoms_make_dropping(struct crash__atoms *atoms, const struct crash__fs *fs,
			       const struct crash__model *model, const bool *dropped);

void crash__atoms_clear(struct crash__atoms *atoms);

#endif
