/* SPDX-License-Identifier: MIT */
/*
 * nested_result.h - crashes inside recovery, as a part of the result.
 */
#ifndef CRASH_NESTED_RESULT_H
#define CRASH_NESTED_RESULT_H

#include <jansson.h>

#include "explore/nested/nested.h"

/**
 * Adds what an exploration of recovery has found to a list of findings. One that is there already is the same
 * mistake, found from another state.
 */
int crash__nested_findings_add(json_t *findings, const struct crash__nested *nested);

/** Puts the findings behind those of a result, and the numbers into its summary. */
void crash__nested_result(json_t *result, json_t *findings, const struct crash__nested_counts *counts,
			  unsigned int depth, const char *place);

#endif
