/* SPDX-License-Identifier: MIT */
/*
 * lint_parts.h - what the files that make up lint ask of each other.
 */
#ifndef CRASH_LINT_PARTS_H
#define CRASH_LINT_PARTS_H

#include "explore/lint/lint.h"

/** Notes that there was none; the walk ends. */
void crash__lint_no_memory(struct crash__lint *lint);

/* ------------------------------------------------------------------ lint_facts.c */

/** Finds who made each step, and from when on what it did is durable. False: there is no memory. */
bool crash__lint_find_steps(struct crash__lint *lint);

/** Finds what each node is in the whole run, and puts it as it was before. False: there is no memory. */
bool crash__lint_find_nodes(struct crash__lint *lint);

/** Whether a process is a child, or a child's child, of another. */
bool crash__lint_descends(const struct crash__lint *lint, const struct crash__lint_process *process,
			  const struct crash__lint_process *from);

/* ------------------------------------------------------------------ lint_told.c */

/** Finds what an acknowledgement speaks for. */
void crash__lint_collect(struct crash__lint *lint, uint32_t ack);

/** At the end of the run everything is told that was not before. */
void crash__lint_collect_rest(struct crash__lint *lint);

/* ------------------------------------------------------------------ lint_mistakes.c */

/** Finds the models under which each mistake matters. */
void crash__lint_list_models(struct crash__lint *lint);

#endif
