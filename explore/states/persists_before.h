/* SPDX-License-Identifier: MIT */
/*
 * order.h - which atom must be on the disk if another one is.
 */
#ifndef CRASH_ORDER_H
#define CRASH_ORDER_H

#include "explore/states/atoms_builder.h"

/** `first` must be on the disk if `second` is. What will never be written holds nothing up. */
void crash__persists_before(struct crash__atoms_builder *builder, crash__atom_id first,
			    crash__atom_id second);

/** Follows which files are being written anew; before a step's atoms are made. */
void crash__persists_before_note_rewrite(struct crash__atoms_builder *builder, uint32_t step);

/** Orders the atoms of one step, from `first` to `end`, among themselves. */
void crash__persists_before_within(struct crash__atoms_builder *builder, crash__atom_id first,
				   crash__atom_id end);

/** Orders an atom after those of earlier steps, as the model says. */
void crash__persists_before_atom(struct crash__atoms_builder *builder, crash__atom_id id);

/** Lets the atoms of later steps be ordered after these. */
void crash__persists_before_register(struct crash__atoms_builder *builder, crash__atom_id first,
				     crash__atom_id end);

#endif
