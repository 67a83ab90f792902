/* SPDX-License-Identifier: MIT */
/*
 * explore_place.h - the directory that a result is kept in, from its making to its end.
 *
 * report/result.h says what is in it and in which order it comes. All of these die where they cannot do it,
 * unless it is said.
 */
#ifndef CRASH_EXPLORE_PLACE_H
#define CRASH_EXPLORE_PLACE_H

#include "cli/explore_session.h"

/** Makes the directory of --output, where no result is yet. Nobody else works in it from here on. */
void crash__place_make(struct explore_session *session);

/** Opens the directory of --resume. */
void crash__place_open(struct explore_session *session);

/** Nothing was recorded: takes away what crash__place_make() has made. */
void crash__place_abandon(struct explore_session *session);

/** The file for a recording, which is not the trace before it is whole. */
int crash__place_record(const struct explore_session *session);

/** The recording is whole, with the starting tree, or there is a trace elsewhere: it becomes the trace. */
void crash__place_keep_trace(struct explore_session *session);

/** Writes the settings, and begins the list of verdicts. */
void crash__place_begin(struct explore_session *session);

/** The engine learns the verdicts that are there. */
void crash__place_go_on(struct explore_session *session);

/** Makes a directory for what was found, where nobody named one. If it cannot, that is said and there is
 * none. */
void crash__place_find(struct explore_session *session);

/** Writes the result, and says where it is. */
void crash__place_finish(struct explore_session *session, json_t *result);

#endif
