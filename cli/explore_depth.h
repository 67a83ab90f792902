/* SPDX-License-Identifier: MIT */
/*
 * explore_depth.h - explore --depth: crashes inside recovery.
 */
#ifndef CRASH_EXPLORE_DEPTH_H
#define CRASH_EXPLORE_DEPTH_H

#include "cli/explore_session.h"

/** Refuses what --depth cannot be used with; dies of it. */
void crash__depth_check(const struct explore_session *session);

/** Explores recovery, if that is asked for, when the program was explored. */
int crash__depth_explore(struct explore_session *session);

/** Whether something was found. */
bool crash__depth_has_findings(const struct explore_session *session);

/** Puts into the result what was found. */
void crash__depth_result(const struct explore_session *session, json_t *result);

/** The name of the file of a result that has the recording of recovery from a state. */
void crash__depth_trace_name(const char *from, char name[NAME_MAX + 1]);

/** Writes recordings of recovery in which something was found into the directory of the result. */
int crash__depth_keep(const struct explore_session *session, const char *directory);

void crash__depth_clear(struct explore_session *session);

#endif
