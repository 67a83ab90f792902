/* SPDX-License-Identifier: MIT */
/*
 * in_flight.h - which atoms are not durable yet, by what a sync can speak of.
 *
 * An atom stands in the lists of everything, of metadata, of its file, or of the directories and nodes of its
 * entries. A sync takes what has become durable off the lists that it goes through, and off no others: what
 * is in a list may be durable.
 */
#ifndef CRASH_IN_FLIGHT_H
#define CRASH_IN_FLIGHT_H

#include "explore/atoms/atoms_builder.h"

/** False: there is no memory. */
bool crash__in_flight_begin(struct crash__in_flight *in_flight, size_t nodes);
void crash__in_flight_clear(struct crash__in_flight *in_flight);

/** Adds an atom to the lists that it belongs to. */
void crash__in_flight_add(struct crash__atoms_builder *builder, crash__atom_id id);

/** Whether a step writes back a part of a file that is not the first that the disk does not have. */
bool crash__in_flight_is_partial(struct crash__atoms_builder *builder, const struct crash__step *step);

/**
 * Notes that a step does that. So that each page is looked at once, and not whenever something is written
 * back,
 * @param from is set to the least that was noted since the file began to grow.
 * @return the step from which on its data has to be looked at
 */
uint32_t crash__in_flight_set_alone(struct crash__atoms_builder *builder, uint32_t step, uint64_t *from);

/** The least size that a file may have on the disk because it grew since; UINT64_MAX: it did not grow. */
uint64_t crash__in_flight_shortest(struct crash__atoms_builder *builder, crash__node_id node);

/**
 * The last step that has an atom of these classes in a list that is not durable at a step, and was over when
 * that began, or is of the same op; CRASH__NEVER: none.
 */
uint32_t crash__in_flight_last(const struct crash__atoms_builder *builder, uint32_t head,
			       crash__classes classes, uint32_t step);

#endif
