/* SPDX-License-Identifier: MIT */
/*
 * prepare_recording.h - from a program, or a trace, to the model file system in which its ops have been
 * replayed.
 */
#ifndef CRASH_PREPARE_RECORDING_H
#define CRASH_PREPARE_RECORDING_H

#include "explore/recording/recording.h"

/**
 * Records, or reads, and replays: afterwards everything is there that states are made of.
 * Call crash__recording_clear() also when it fails.
 */
int crash__recording_prepare(const struct crash__recording_options *options,
			     struct crash__recording *recording);

#endif
