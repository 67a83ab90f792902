/* SPDX-License-Identifier: MIT */
/*
 * acknowledged.h - what an acknowledgement speaks for.
 *
 * Method. Each thread keeps a list of the steps that were not acknowledged yet. An acknowledgement empties
 * the list of its own thread, and of those children of its process that have ended. It leaves in the list
 * what a fact keeps it from speaking for: a change whose journal is still there, or one that a log stands
 * for. What it speaks for, and what it leaves although it is not durable, are its claims, at which rules
 * look. A message that is not taken for an acknowledgement leaves everything, and so does one of another
 * thread: each step is among the claims of the first such message only, so that the cost stays linear.
 */
#ifndef CRASH_ACKNOWLEDGED_H
#define CRASH_ACKNOWLEDGED_H

#include "explore/lint/lint.h"

/** Finds the claims of an acknowledgement. */
void crash__find_claims(struct crash__lint *lint, uint32_t ack);

/** Those of the end of the run: everything that was not acknowledged before. */
void crash__find_last_claims(struct crash__lint *lint);

#endif
