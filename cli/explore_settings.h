/* SPDX-License-Identifier: MIT */
/*
 * explore_settings.h - the options of an exploration, kept with its result so that it can be resumed.
 */
#ifndef CRASH_EXPLORE_SETTINGS_H
#define CRASH_EXPLORE_SETTINGS_H

#include "cli/explore_session.h"

/** Makes session->settings; the recording is prepared. */
void crash__settings_make(struct explore_session *session);

/** Adds what the exploration is of, which its directory needs to be resumed and merged with others. */
void crash__settings_identify(struct explore_session *session);

/** Takes the settings of session->own.resume for this exploration; dies if there are none. */
void crash__settings_take(struct explore_session *session);

/** Dies if verdicts from before would not hold any more. */
void crash__settings_check(struct explore_session *session);

#endif
