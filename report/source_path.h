/* SPDX-License-Identifier: MIT */
/*
 * source_path.h - where an op comes from, for those who show it beside the source.
 */
#ifndef CRASH_SOURCE_PATH_H
#define CRASH_SOURCE_PATH_H

#include <jansson.h>
#include <stdbool.h>

/**
 * A path as the repository has it: without the root of the sources, which the result's settings name.
 * @param below set to whether it is below that root
 */
const char *crash__source_path(const json_t *result, const char *file, bool *below);

/** The op of a finding that a reader should look at first: the one that relied on what was lost, which is
 * where the repair goes; of those the first whose source is known. NULL: no op has a source. */
const json_t *crash__source_op(const json_t *finding);

#endif
