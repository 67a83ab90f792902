/* SPDX-License-Identifier: MIT */
/*
 * lint_run.h - the walk over a recording in which rules look for mistakes.
 */
#ifndef CRASH_LINT_RUN_H
#define CRASH_LINT_RUN_H

#include "explore/lint/lint.h"
#include "explore/recording/recording.h"

/**
 * Looks for mistakes in what was recorded or read.
 * @param rules bit i: crash__lint_rules[i]
 */
int crash__lint_run(struct crash__recording *recording, uint32_t rules, struct crash__lint *lint);

void crash__lint_clear(struct crash__lint *lint);

#endif
