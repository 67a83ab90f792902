/* SPDX-License-Identifier: MIT */
/*
 * copy_facts.h - whether another durable file may have what one loses.
 */
#ifndef CRASH_COPY_FACTS_H
#define CRASH_COPY_FACTS_H

#include "explore/lint/lint.h"

/** A journal or backup of a file was made durable since the file was synced last. */
bool crash__has_copy(const struct crash__lint *lint, crash__node_id node);

/** A file with a related name was synced since a file was written last, and is durable at a step. */
bool crash__has_backup(const struct crash__lint *lint, uint32_t step, crash__node_id node);

/** A step cuts a file to nothing, and what it was a log of has been synced. */
bool crash__is_restarted_log(const struct crash__lint *lint, uint32_t step, crash__node_id node);

#endif
