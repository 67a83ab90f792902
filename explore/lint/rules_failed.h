/* SPDX-License-Identifier: MIT */
/*
 * rules_failed.h - a sync failed, and the program went on as if it had not.
 */
#ifndef CRASH_RULES_FAILED_H
#define CRASH_RULES_FAILED_H

#include "explore/lint/lint.h"

void crash__check_ignored_failure(struct crash__lint *lint, uint32_t step);

#endif
