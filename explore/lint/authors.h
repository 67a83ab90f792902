/* SPDX-License-Identifier: MIT */
/*
 * authors.h - which thread and which process made each step.
 */
#ifndef CRASH_AUTHORS_H
#define CRASH_AUTHORS_H

#include "explore/lint/lint.h"

/** The index of the thread that made an event; it gets one if it has none. 0 if there is no memory. */
uint32_t crash__author_of(struct crash__lint *lint, const struct crash__event *event);

/** Whether a process is a child, or a child's child, of another. */
bool crash__descends(const struct crash__lint *lint, const struct crash__lint_process *process,
		     const struct crash__lint_process *from);

/** Whether two steps have the same process. */
bool crash__same_process(const struct crash__lint *lint, uint32_t a, uint32_t b);

#endif
