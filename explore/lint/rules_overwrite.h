/* SPDX-License-Identifier: MIT */
/*
 * rules_overwrite.h - durable data is overwritten, and nothing durable has a copy of it.
 */
#ifndef CRASH_RULES_OVERWRITE_H
#define CRASH_RULES_OVERWRITE_H

#include "explore/lint/lint.h"

void crash__check_overwrite(struct crash__lint *lint, uint32_t step);

#endif
