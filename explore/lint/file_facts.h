/* SPDX-License-Identifier: MIT */
/*
 * file_facts.h - what a file is taken for, by what was done to it.
 */
#ifndef CRASH_FILE_FACTS_H
#define CRASH_FILE_FACTS_H

#include "explore/lint/lint.h"

/** Asks the classifiers of files about each node, of the whole run. Needs the nodes' history. */
void crash__find_file_facts(struct crash__lint *lint);

/** Why the loss of a file would not be noticed; CRASH__FACT_NONE: it would. */
enum crash__fact crash__file_fact(const struct crash__lint *lint, crash__node_id node);

/* ------------------------------------------------------------------ the whole run */

bool crash__is_temporary(const struct crash__lint *lint, crash__node_id node);
bool crash__is_shared_memory(const struct crash__lint *lint, crash__node_id node);
bool crash__is_log(const struct crash__lint *lint, crash__node_id node);
bool crash__is_special(const struct crash__lint *lint, crash__node_id node);
bool crash__is_moved(const struct crash__lint *lint, crash__node_id node);

/* ------------------------------------------------------------------ the moment */

/** A file without data. */
bool crash__is_empty(const struct crash__lint *lint, crash__node_id node);

/** A file from before the run that an effect gives a name that was free. */
bool crash__is_rotated(const struct crash__lint *lint, const struct crash__effect *effect);

/** Whether names stand side by side and are of one family: f and f.gz, t.db and t.db-journal; f in two
 * directories. */
bool crash__are_related(const struct crash__lint *lint, crash__slot_id a, crash__slot_id b);

#endif
