/* SPDX-License-Identifier: MIT */
/*
 * rules_removed.h - a durable file goes before what takes its place is durable.
 */
#ifndef CRASH_RULES_REMOVED_H
#define CRASH_RULES_REMOVED_H

#include "explore/lint/lint.h"

void crash__check_source_removed(struct crash__lint *lint, uint32_t step);

#endif
