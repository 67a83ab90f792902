/* SPDX-License-Identifier: MIT */
/*
 * match_atoms.h - the same atoms where a program had made more syncs, or fewer.
 */
#ifndef CRASH_MATCH_ATOMS_H
#define CRASH_MATCH_ATOMS_H

#include "explore/atoms/atoms.h"

/**
 * Finds, of each atom, since which step it is durable among the atoms of another number of syncs.
 * @param other  of the same run and model
 * @param absent what is said of one that the others do not have
 * @param since  one for each of `atoms`
 */
int crash__atoms_match(const struct crash__atoms *atoms, const struct crash__atoms *other, uint32_t absent,
		       uint32_t *since);

#endif
