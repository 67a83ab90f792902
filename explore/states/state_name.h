/* SPDX-License-Identifier: MIT */
/*
 * state_name.h - names of crash states and crash points.
 *
 * The name of a state says how to build it again from the trace:
 *
 *	ext4@41              after point 41, everything that was done
 *	ext4@41-12.20..25    the same without atoms 12 and 20 to 25
 *	ext4@41=             after point 41, only what is durable
 *	ext4@41=12           the same and atom 12
 *	posix@41-12:zeros    lost data shows as zeros, where the model leaves that open; as garbage if not
 *said kill@41~120          with ops in flight: 120 bytes had been acknowledged
 *
 * Points are counted from 0, which is before the first op. Atoms are numbered for each model.
 */
#ifndef CRASH_STATE_NAME_H
#define CRASH_STATE_NAME_H

#include "explore/states/state.h"

/** The name of a state; allocated, NULL if there is no memory. */
char *crash__state_name(const struct crash__atoms *atoms, const struct crash__state *state);

/** The length of the model's part of a state's name, without the '@'. 0 if it is not such a name. */
size_t crash__state_model(const char *name);

/** Reads a name. `state->flipped` is allocated, the caller's to free. */
int crash__state_parse(const struct crash__atoms *atoms, const char *name, struct crash__state *state);

/** What CRASH_POINT is at a step: "start", "write#17:after", "wal.mid-frame#2", "ack#3". */
void crash__point_name(const struct crash__fs *fs, int64_t step, char *out, size_t size);

#endif
