/* SPDX-License-Identifier: MIT */
/*
 * shrink.h - the fewest ops with which a real file system still leaves what its model does not allow.
 */
#ifndef CRASH_TESTS_POWERCUT_SHRINK_H
#define CRASH_TESTS_POWERCUT_SHRINK_H

#include "tests/powercut/cuts.h"

/**
 * Drops ops while a violation, be it another one, is found again in a few runs.
 * @param ops a run with a violation
 * @param over how many of them were over when it was found
 * @param last what it is with the ops that are left, if it was found again at all: the caller's to clear
 * @return false: it was not found again, and nothing was dropped
 */
bool shrink_run(struct rig *rig, struct run_ops *ops, int over, struct cuts *last);

/** Whether the ops of a run, some left out, are those of a text (runs_text()). */
bool shrink_is_part(const char *text, const struct run_ops *ops);

#endif
