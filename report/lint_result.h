/* SPDX-License-Identifier: MIT */
/*
 * lint_result.h - what lint found, as one JSON object.
 */
#ifndef CRASH_LINT_RESULT_H
#define CRASH_LINT_RESULT_H

#include <jansson.h>

#include "explore/lint/lint.h"
#include "explore/recording/recording.h"

/** The result as reporters print it (result.h); NULL if there is no memory. `settings` is taken over. */
json_t *crash__lint_result(const struct crash__recording *recording, const struct crash__lint *lint,
			   uint32_t rules, json_t *settings);

#endif
