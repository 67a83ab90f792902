/* SPDX-License-Identifier: MIT */
/*
 * process_facts.h - who made a change, and how the program ended.
 */
#ifndef CRASH_PROCESS_FACTS_H
#define CRASH_PROCESS_FACTS_H

#include "explore/lint/lint.h"

/** Why a thread is not taken to know of a change that another made; CRASH__FACT_NONE: it made it itself. */
enum crash__fact crash__author_fact(const struct crash__lint *lint, uint32_t step, uint32_t change);

/** Why the end of the program does not say that all is well; CRASH__FACT_NONE: it does. */
enum crash__fact crash__end_fact(const struct crash__lint *lint);

/* ------------------------------------------------------------------ two steps */

bool crash__is_other_thread(const struct crash__lint *lint, uint32_t step, uint32_t change);

/** By another process; one that has ended and descends from the step's own is not meant. */
bool crash__is_other_process(const struct crash__lint *lint, uint32_t step, uint32_t change);

/* ------------------------------------------------------------------ the end of the run */

/** The exit status of a step's process is not that of the run. */
bool crash__is_child(const struct crash__lint *lint, uint32_t step);

bool crash__is_killed(const struct crash__lint *lint);
bool crash__is_failed(const struct crash__lint *lint);
bool crash__never_syncs(const struct crash__lint *lint);

#endif
