/* SPDX-License-Identifier: MIT */
/*
 * apply_op.h - what the ops of each family do to the model's tree.
 */
#ifndef CRASH_APPLY_OP_H
#define CRASH_APPLY_OP_H

#include "explore/fs/effects.h"

/** Replays the event at hand: an op, an explicit point or an acknowledgement. */
void crash__op_replay(struct crash__op_replay *replay);

#endif
