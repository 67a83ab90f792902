/* SPDX-License-Identifier: MIT */
/*
 * representatives.h - which states of a model to look at first.
 *
 * Method. What the tiers name falls into classes. States of one class lose, keep or tear atoms of one kind of
 * ops that come from one call site of the program, in a crash after ops from one other call site: where one
 * of them fails, others tend to fail as well, and where one is right, most are. So a few of each class, over
 * the whole recording, show more than all at its beginning.
 *
 * An atom is named only at points where it can matter: at the last one before it is durable, where the most
 * has survived it; at the first acknowledgement behind its op; after the first op on another file or name
 * behind it; and, if it is kept alone, right after its op. So the representatives are linear in the
 *recording. Each is a state that its tier names as well: all others are the business of tiers.h.
 *
 * A sweep crosses the recording once and takes the next representatives of each class:
 *
 *	0, 1    the last one of each coarse class: told apart by the lost op alone, at its last point
 *	2, 3    the first one of each class
 *	4, 5 .. 2, 3, 5, 9, ... of each class, over the whole recording, until all are named
 *
 * In the first four of these, ops that put something into place or take something away, and acknowledgements,
 * have a sweep of their own before all others. A class that has failed is passed over from sweep 4 on.
 */
#ifndef CRASH_REPRESENTATIVES_H
#define CRASH_REPRESENTATIVES_H

#include "explore/states/tiers.h"

struct crash__representatives;

/**
 * @param tiers bit mask
 * @param sites of each step, a number for the place in the program that it comes from; NULL: not known
 */
int crash__representatives_new(const struct crash__atoms *atoms, uint32_t tiers, const uint64_t *sites,
			       struct crash__representatives **representatives);
void crash__representatives_free(struct crash__representatives *representatives);

/** How many classes there are, and of how many a state was seen. */
uint32_t crash__representatives_classes(const struct crash__representatives *representatives);
uint32_t crash__representatives_seen(const struct crash__representatives *representatives);

/** What the numbers of classes are less than. */
uint32_t crash__representatives_numbers(const struct crash__representatives *representatives);

/** A state of a class has a verdict. */
void crash__representatives_saw(struct crash__representatives *representatives, uint32_t class, bool failed);

/** How many sweeps there are at most. */
unsigned int crash__representatives_sweeps(const struct crash__representatives *representatives);

/** As crash__tier_emit. */
typedef int crash__representatives_emit(void *context, struct crash__view *view,
					const struct crash__state *state, enum crash__tier tier,
					uint32_t class);

/** Crosses the recording. What one sweep has named is not named by another. */
int crash__representatives_sweep(struct crash__representatives *representatives, unsigned int sweep,
				 crash__representatives_emit *emit, void *context);

#endif
