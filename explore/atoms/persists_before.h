/* SPDX-License-Identifier: MIT */
/*
 * persists_before.h - makes edges of the table of order.
 *
 * Method. The rows that hold for the model become *chains*: of the rows with one scope and one subject, the
 * chain of a class has all that these rows put before that class. What an atom comes after is then looked for
 * from the newest atom backwards, and as few edges are made as say it:
 *
 *  - where a predecessor of the chain comes after the same classes itself, it stands for all that had ended
 *    when its op began, and the search ends. So where one class is ordered totally, there is an edge to the
 *    last one, and the cost is linear in the trace. The scopes of last ops say that it ends there anyway.
 *  - of the atoms of one op, the size that shows the others stands for them.
 */
#ifndef CRASH_PERSISTS_BEFORE_H
#define CRASH_PERSISTS_BEFORE_H

#include "explore/atoms/atoms_builder.h"

/** Makes the builder's order, without the rows whose bits are set. False: there is no memory. */
bool crash__order_begin(struct crash__atoms_builder *builder, uint64_t rows_left_out);
void crash__order_free(struct crash__order *order);

/** `first` persists before `second`. What will never be written holds nothing up. */
void crash__persists_before(struct crash__atoms_builder *builder, crash__atom_id first,
			    crash__atom_id second);

/** Takes an atom out of a list of edges. */
void crash__order_remove_edges(struct crash__atoms *atoms, uint32_t *edges, crash__atom_id atom);

/** What was appended is written back without what is in front of it: it waits for what a lone append does. */
void crash__order_set_alone(struct crash__atoms_builder *builder, crash__atom_id id);

/** Puts the atoms of a step, those from `first` on, in order among themselves and after those of others. */
void crash__order_step(struct crash__atoms_builder *builder, uint32_t step, crash__atom_id first);

/** An atom was taken off the list of its file: it is not among the file's last ops any more. */
void crash__order_forget(struct crash__atoms_builder *builder, crash__atom_id id);

#endif
