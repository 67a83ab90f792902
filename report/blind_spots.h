/* SPDX-License-Identifier: MIT */
/*
 * blind_spots.h - what the checker of an exploration does not look at, in words.
 */
#ifndef CRASH_BLIND_SPOTS_H
#define CRASH_BLIND_SPOTS_H

#include <jansson.h>

#include "explore/findings/exploration.h"

/** A list of sentences; empty if nothing is known that it does not see. */
json_t *crash__blind_spots(const struct crash__exploration *exploration);

#endif
