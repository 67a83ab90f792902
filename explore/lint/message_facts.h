/* SPDX-License-Identifier: MIT */
/*
 * message_facts.h - what output, and what is sent elsewhere, is taken for, if not for an acknowledgement.
 */
#ifndef CRASH_MESSAGE_FACTS_H
#define CRASH_MESSAGE_FACTS_H

#include "explore/lint/lint.h"

/** Asks the classifiers of messages about each step that is one. */
void crash__find_message_facts(struct crash__lint *lint);

/** Why a message acknowledges nothing at all; CRASH__FACT_NONE: it may. */
enum crash__fact crash__message_fact(const struct crash__lint *lint, uint32_t message);

/** Why a message does not hide a failure; CRASH__FACT_NONE: it does. */
enum crash__fact crash__complaint_fact(const struct crash__lint *lint, uint32_t message);

/* ------------------------------------------------------------------ the whole run */

bool crash__is_standard_error(const struct crash__lint *lint, uint32_t message);
bool crash__is_wake_up(const struct crash__lint *lint, uint32_t message);
bool crash__is_error_message(const struct crash__lint *lint, uint32_t message);

/* ------------------------------------------------------------------ a message and a change before it */

/** Output of a program that syncs nothing. */
bool crash__is_progress(const struct crash__lint *lint, uint32_t message);

/** Such output, unless it reports progress between two writes to a file. */
bool crash__is_chatter(const struct crash__lint *lint, uint32_t message, uint32_t step);

#endif
