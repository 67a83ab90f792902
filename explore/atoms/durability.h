/* SPDX-License-Identifier: MIT */
/*
 * durability.h - does what the table of durability says of a sync.
 */
#ifndef CRASH_DURABILITY_H
#define CRASH_DURABILITY_H

#include "explore/atoms/atoms_builder.h"

/** Makes the builder's durability, without the rows whose bits are set. False: there is no memory. */
bool crash__durability_begin(struct crash__atoms_builder *builder, uint64_t rows_left_out);
void crash__durability_free(struct crash__durability *durability);

/** Applies what a step does to its own atoms, those from `first` on, by being done. */
void crash__durability_op(struct crash__atoms_builder *builder, uint32_t step, crash__atom_id first);

/** Whether the blocks of some bytes of a file are ever written; there may be none of them after a sync
 * failed. */
bool crash__durability_writes(const struct crash__atoms_builder *builder, crash__node_id node, uint64_t from,
			      uint64_t end);

/** Applies a sync: a step's own, or one in front of it. */
void crash__durability_sync(struct crash__atoms_builder *builder, const struct crash__step *sync,
			    uint32_t step);

#endif
