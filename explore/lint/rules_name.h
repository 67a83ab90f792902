/* SPDX-License-Identifier: MIT */
/*
 * rules_name.h - names that are there before their data is, and names that may vanish.
 */
#ifndef CRASH_RULES_NAME_H
#define CRASH_RULES_NAME_H

#include "explore/lint/lint.h"

void crash__check_unsynced_rename(struct crash__lint *lint, uint32_t step);
void crash__check_undurable_name(struct crash__lint *lint, uint32_t step);

#endif
