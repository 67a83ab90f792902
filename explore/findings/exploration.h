/* SPDX-License-Identifier: MIT */
/*
 * exploration.h - from a recording to verdicts and causes: the order in which it is done.
 */
#ifndef CRASH_EXPLORATION_H
#define CRASH_EXPLORATION_H

#include "explore/check/engine.h"
#include "explore/findings/cause.h"
#include "explore/recording/recording.h"

/** What to do; everything is the caller's. */
struct crash__explore_options {
	struct crash__recording_options recording;
	const struct crash__model *models;
	uint32_t model_count;
	struct crash__engine_options engine; /* fs, models, directory, scratch and namespaces are filled in */
};

struct crash__exploration {
	struct crash__recording recording;
	struct crash__engine *engine;
	struct crash__causes causes;
	uint64_t *sites; /* of the engine's options */
};

/** Makes the engine of what crash__recording_prepare() has made ready; verdicts that are known already may be
 * added to it. */
int crash__explore_start(const struct crash__explore_options *options,
			 struct crash__exploration *exploration);

/** Has all states checked, and finds the causes of failures. */
int crash__explore_run(struct crash__exploration *exploration);

/** Notes that the checker sees nothing of the data directory. */
int crash__explore_note_blind(struct crash__recording *recording);

/** Also when a step before has failed. */
void crash__explore_clear(struct crash__exploration *exploration);

#endif
