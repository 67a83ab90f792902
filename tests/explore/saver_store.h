/* SPDX-License-Identifier: MIT */
/*
 * saver_store.h - what tests share that explore tests/programs/saver: it saves "new" over "old" and makes the
 * mistake that it is asked for. What each mistake leaves after a crash is known, so each exploration has one
 * right result.
 */
#ifndef CRASH_TESTS_SAVER_STORE_H
#define CRASH_TESTS_SAVER_STORE_H

#include "tests/run/lab.h"

#define SAVER_BYTES 8192 /* of store/data */

/** Old or new as a whole; and new if that was acknowledged. */
extern const char saver_check[];

/** Makes the data directory anew; results go beside it. */
void saver_store(void);

/** explore --root store --check ... [OPTION]... -- saver MISTAKE */
struct lab_result saver_explore(const char *mistake, const char *const *options);

#define SAVER_EXPLORE(mistake, ...)                                                                          \
	saver_explore(mistake, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/** The failures that saver_lines() has left out. */
extern size_t saver_failures;

/** The findings and, last, the summary of --json; the failures that came before them are counted. */
json_t *saver_lines(const struct lab_result *result);

json_t *saver_summary(json_t *lines);
json_t *saver_finding(json_t *lines, size_t number);

#endif
