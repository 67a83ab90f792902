/* SPDX-License-Identifier: MIT */
/*
 * durable.h - what a sync makes durable, and what one that failed leaves behind.
 */
#ifndef CRASH_DURABLE_H
#define CRASH_DURABLE_H

#include "explore/states/atoms_builder.h"

/** An atom, and all that must be on the disk if it is, is durable from a step on. */
void crash__durable_make(struct crash__atoms_builder *builder, crash__atom_id id, uint32_t step);

/** Applies a sync: a step's own, or one in front of it. */
void crash__durable_sync(struct crash__atoms_builder *builder, const struct crash__step *sync, uint32_t step);

#endif
