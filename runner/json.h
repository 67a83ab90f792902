/* SPDX-License-Identifier: MIT */
/*
 * json.h - results as JSON objects. The keys are documented in crashinject(1) and stay.
 */
#ifndef CRASH_JSON_H
#define CRASH_JSON_H

#include <jansson.h>
#include <stdio.h>

#include <crashinject/crashinject.h>

/** A string that may be NULL or hold bytes that are not UTF-8. */
json_t *crash__json_string(const char *text);

/** One frame of a backtrace. */
json_t *crash__json_frame(const struct crash_frame *frame);

/** What `run` prints. */
json_t *crash__json_run(const struct crash_out *out);

/** The strings of a list that ends with NULL. */
json_t *crash__json_list(char *const *list);

/** Prints one object on a line and releases it. */
void crash__json_print(FILE *stream, json_t *object);

#endif
