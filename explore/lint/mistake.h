/* SPDX-License-Identifier: MIT */
/*
 * mistake.h - what rules find: each mistake once, however often it happens.
 */
#ifndef CRASH_MISTAKE_H
#define CRASH_MISTAKE_H

#include "explore/lint/lint.h"

/**
 * Notes that a part of a step was lost for one that relied on it (CRASH__NEVER: the end). True if this is a
 * new mistake, which then wants crash__lint_say(). Its id is made from the rule and the callsites alone.
 */
bool crash__lint_found(struct crash__lint *lint, enum crash__lint_part part, uint32_t lost, uint32_t relied);

/** What is wrong, and what would have helped; both allocated, and taken over. */
void crash__lint_say(struct crash__lint *lint, char *sentence, char *repair);

#endif
