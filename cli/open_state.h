/* SPDX-License-Identifier: MIT */
/*
 * open_state.h - a state of a trace or of a result, for the commands that show it.
 */
#ifndef CRASH_OPEN_STATE_H
#define CRASH_OPEN_STATE_H

#include <jansson.h>

#include "explore/findings/replay.h"

/** The settings of a result, as bytes; NULL: `place` is no directory but a trace. Dies if it is another one.
 */
json_t *crash__read_settings(const char *place);

/**
 * Opens a state.
 * @param settings of crash__read_settings(place)
 * @param model    that is asked for; NULL: as it was when the result was made, or the shipped one
 * @return as crash__replay_open(), after which it is to be closed also when it fails
 */
int crash__open_state(struct crash__replay *replay, const char *place, const json_t *settings,
		      const char *model, const char *state);

#endif
