/* SPDX-License-Identifier: MIT */
/*
 * pending.h - what of a file is not durable when a step begins.
 */
#ifndef CRASH_PENDING_H
#define CRASH_PENDING_H

#include "explore/lint/lint.h"

/** Whether a part that is durable from some step on was not so when another step began. */
bool crash__is_pending(uint32_t durable, uint32_t step);

/** The last write to a file, if it is not durable when a step begins; CRASH__NEVER: it is. */
uint32_t crash__pending_write(const struct crash__lint *lint, crash__node_id node, uint32_t step);

/** The step that gave a file its present name, if that is not durable; or CRASH__NEVER. */
uint32_t crash__pending_name(const struct crash__lint *lint, crash__node_id node, uint32_t step);

/** Whether a file has bytes that a power loss would not take, when a step begins. */
bool crash__has_durable_data(const struct crash__lint *lint, crash__node_id node, uint32_t step);

/** What of a file is not durable when a step begins, its data or its name, and by which step; false: nothing.
 */
bool crash__find_pending(const struct crash__lint *lint, crash__node_id node, uint32_t step,
			 enum crash__lint_part *part, uint32_t *lost);

/* ------------------------------------------------------------------ moved to another directory */

/** The effect by which a step took a name in one directory and gave it in another; NULL: it did not. */
const struct crash__effect *crash__moved_from(const struct crash__lint *lint, uint32_t step);

/** Whether the name that such a step took was durable when it did. */
bool crash__had_durable_name(const struct crash__lint *lint, uint32_t step);

#endif
