/* SPDX-License-Identifier: MIT */
/*
 * explore_verify.h - syncs --verify: the program once more, without the syncs that are redundant.
 */
#ifndef CRASH_EXPLORE_VERIFY_H
#define CRASH_EXPLORE_VERIFY_H

#include "cli/explore_session.h"
#include "explore/syncs/sync_sites.h"

/**
 * Records it with these syncs skipped, and explores that.
 * @param verified what came of it, for the result; json_null() where there was nothing to be skipped
 * Returns how many findings there are; why something may have been missed is noted in the session's
 * recording.
 */
size_t crash__explore_verify(struct explore_session *session, const struct crash__syncs *syncs,
			     json_t **verified);

#endif
