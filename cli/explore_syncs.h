/* SPDX-License-Identifier: MIT */
/*
 * explore_syncs.h - the command syncs: what each sync of a recording is worth.
 */
#ifndef CRASH_EXPLORE_SYNCS_H
#define CRASH_EXPLORE_SYNCS_H

#include "cli/explore_session.h"

/** The model that loses the most: what is redundant in it is so in each other one. */
#define CRASH__SYNCS_MODEL "posix"

/** Keeps a part of the budget for what comes after the exploration, and wants a model of power losses. */
void crash__explore_syncs_options(struct explore_session *session);

/** Judges the syncs of a recording that was explored, and says what they are worth. Returns the exit status.
 */
int crash__explore_syncs(struct explore_session *session);

#endif
