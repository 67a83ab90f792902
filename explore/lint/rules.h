/* SPDX-License-Identifier: MIT */
/*
 * rules.h - the table of lint's rules.
 *
 * Each rule is a function that looks at one step before it changes the tree. It says nothing where nothing
 * can be lost; where it would speak, it asks for facts (facts.h), and the first that applies keeps it silent.
 */
#ifndef CRASH_RULES_H
#define CRASH_RULES_H

#include "explore/lint/lint.h"

extern const struct crash__lint_rule crash__lint_rules[];
extern const size_t crash__lint_rule_count;

#endif
