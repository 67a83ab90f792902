/* SPDX-License-Identifier: MIT */
/*
 * html_index.h - many results on one page: workloads by models, and how they have become what they are.
 */
#ifndef CRASH_HTML_INDEX_H
#define CRASH_HTML_INDEX_H

#include <jansson.h>
#include <stdio.h>

/**
 * Puts results together by workload: those of one title, or in directories of one name, are runs of the same.
 * @param results a list of {"place": PATH, "name": of the workload, "result": {...} or null, "error": TEXT}
 * @return a list of {"name": NAME, "runs": [...]}, the runs by date, the newest last; NULL: no memory
 */
json_t *crash__index_group(const json_t *results);

/** Prints the page of what was put together. */
void crash__html_index(FILE *stream, json_t *workloads, const char *title);

/** The exit status of all newest runs: 1 where one has findings, else 3 where one is not whole, else 0. */
int crash__index_status(const json_t *workloads);

#endif
