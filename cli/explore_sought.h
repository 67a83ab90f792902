/* SPDX-License-Identifier: MIT */
/*
 * explore_sought.h - explore --finding: whether findings of another run are there.
 */
#ifndef CRASH_EXPLORE_SOUGHT_H
#define CRASH_EXPLORE_SOUGHT_H

#include "cli/explore_session.h"

/** Says what has become of each finding that is looked for. Returns the exit status: 1 if one is there, 3 if
 * that of one cannot be decided, and 0 if all are gone. */
int crash__sought_report(struct explore_session *session);

#endif
