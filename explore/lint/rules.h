/* SPDX-License-Identifier: MIT */
/*
 * rules.h - the rules of lint, and what several of them ask.
 */
#ifndef CRASH_RULES_H
#define CRASH_RULES_H

#include "explore/lint/lint.h"

/* rules_name.c: names and the data behind them */
void crash__check_unsynced_rename(struct crash__lint *lint, uint32_t step);
void crash__check_undurable_name(struct crash__lint *lint, uint32_t step);

/* rules_removed.c: what was there is removed before what replaces it is durable */
void crash__check_source_removed(struct crash__lint *lint, uint32_t step);

/* rules_told.c: the world is told too early */
void crash__check_unsynced_ack(struct crash__lint *lint, uint32_t step);

/* rules_overwrite.c: the only copy is written over */
void crash__check_overwrite(struct crash__lint *lint, uint32_t step);

/* rules_failed.c: syncs that failed */
void crash__check_ignored_failure(struct crash__lint *lint, uint32_t step);

/* ------------------------------------------------------------------ questions */

static inline const struct crash__step *at(const struct crash__lint *lint, uint32_t step)
{
	return &lint->fs->steps[step];
}

static inline bool is_end(const struct crash__lint *lint, uint32_t step)
{
	return step == lint->fs->steps_count;
}

static inline bool is_family(const struct crash__lint *lint, uint32_t step, enum crash__family family)
{
	return !is_end(lint, step) && at(lint, step)->event->kind == CRASH__EVENT_OP &&
	       at(lint, step)->event->family == family;
}

static inline const struct crash__effect *effect_at(const struct crash__lint *lint, uint32_t step,
						    uint32_t index)
{
	return &lint->fs->effects[at(lint, step)->first_effect + index];
}

/* Whether the loss of a file would be noticed. */
static inline bool matters(const struct crash__lint *lint, crash__node_id node)
{
	const struct crash__lint_node *known = &lint->nodes[node];

	return !known->temporary && !known->stored_only && !known->plain_log &&
	       lint->fs->nodes[node].type != CRASH__NODE_OTHER;
}

/* The last write to a file, if it is not durable when a step begins; CRASH__NEVER: it is. */
static inline uint32_t pending_write(const struct crash__lint *lint, crash__node_id node, uint32_t step)
{
	uint32_t last = lint->nodes[node].last_write;

	return last != CRASH__NEVER && crash__lint_pending(lint->steps[last].data, step) ? last :
											   CRASH__NEVER;
}

/* Whether a file has bytes that a power loss would not take, when a step begins. */
static inline bool has_durable_data(const struct crash__lint *lint, crash__node_id node, uint32_t step)
{
	const struct crash__lint_node *known = &lint->nodes[node];

	if (lint->fs->nodes[node].type != CRASH__NODE_FILE)
		return false;
	if (lint->fs->nodes[node].base_path && lint->fs->nodes[node].base_size)
		return true;
	return known->last_write != CRASH__NEVER &&
	       (known->last_sync != CRASH__NEVER ||
		!crash__lint_pending(lint->steps[known->last_write].data, step));
}

/* The step that gave a file its present name, if that is not durable; or CRASH__NEVER. */
static inline uint32_t pending_name(const struct crash__lint *lint, crash__node_id node, uint32_t step)
{
	uint32_t named = lint->nodes[node].named;

	return named != CRASH__NEVER && crash__lint_pending(lint->steps[named].name, step) ? named :
											     CRASH__NEVER;
}

#endif
