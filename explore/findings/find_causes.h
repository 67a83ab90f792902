/* SPDX-License-Identifier: MIT */
/*
 * find_causes.h - from the failures that a search has found to their causes.
 *
 * Method. Where a state fails, fewer and fewer of the ops that it has lost are lost, until none can be given
 * back without the state passing: those are the guilty ones. The first point at which losing them is a
 * failure names the op that survived them. States with the same kind of failure, whose lost and surviving ops
 * come from the same callsites of the program, have the same cause. Then a virtual fsync is put before the op
 * that survived: if it makes all of the cause's states impossible, it is the repair. Where one such sync
 * removes the states of two causes, these are one.
 */
#ifndef CRASH_FIND_CAUSES_H
#define CRASH_FIND_CAUSES_H

#include "explore/findings/cause.h"

/** Finds the causes of all failures that the engine has. */
int crash__causes_find(struct crash__engine *engine, struct crash__causes *causes);

#endif
