/* SPDX-License-Identifier: MIT */
/*
 * rules_acknowledged.h - something is acknowledged before it is durable.
 */
#ifndef CRASH_RULES_ACKNOWLEDGED_H
#define CRASH_RULES_ACKNOWLEDGED_H

#include "explore/lint/lint.h"

void crash__check_unsynced_ack(struct crash__lint *lint, uint32_t step);

#endif
