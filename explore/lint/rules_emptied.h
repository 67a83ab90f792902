/* SPDX-License-Identifier: MIT */
/*
 * rules_emptied.h - that part of the rule "source-removed" which speaks of files that were emptied.
 */
#ifndef CRASH_RULES_EMPTIED_H
#define CRASH_RULES_EMPTIED_H

#include "explore/lint/lint.h"

/** A step that may change a file's size. */
void crash__check_emptied(struct crash__lint *lint, uint32_t step);

#endif
