/* SPDX-License-Identifier: MIT */
/*
 * faults_merge.h - the results of shards of faults as one.
 */
#ifndef CRASH_FAULTS_MERGE_H
#define CRASH_FAULTS_MERGE_H

#include <jansson.h>

/**
 * Merges results of faults; fails where they do not belong together.
 * @param results what their result.json have
 * @param places  where that is, for messages
 */
int crash__faults_merge(json_t *const *results, char *const *places, size_t count, json_t **merged);

#endif
