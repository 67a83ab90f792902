/* SPDX-License-Identifier: MIT */
/*
 * html.h - the parts of a page, for the files that print one: html.c, html_finding.c, html_data.c,
 * html_index.c.
 */
#ifndef CRASH_HTML_H
#define CRASH_HTML_H

#include <jansson.h>
#include <stdio.h>

#include "base/digest.h"

/**
 * Everything up to the title's headline: styles are in it. What runs or is shown has to have the key: not
 * even what got past all escaping would run.
 * @param key of the page: nothing that is in it can know it
 */
void crash__html_begin(FILE *stream, const char *title, const char key[CRASH__DIGEST_TEXT]);

/** The scripts, and the end. */
void crash__html_end(FILE *stream, const char key[CRASH__DIGEST_TEXT]);

/** The key of a page that shows an object. */
void crash__html_key(json_t *object, char key[CRASH__DIGEST_TEXT]);

/** A finding as an article, with all that a reader without scripts needs. */
void crash__html_finding(FILE *stream, const json_t *result, const json_t *finding);

/** What the scripts draw from, as an element that nobody sees. `data` is released. */
void crash__html_data(FILE *stream, json_t *data);

/** Of a result. */
json_t *crash__html_result_data(const json_t *result);

/** One of the words that the classes of styles are. */
const char *crash__html_verdict(const json_t *result);

#endif
