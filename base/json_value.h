/* SPDX-License-Identifier: MIT */
/*
 * json_value.h - texts of this system as values of JSON, and back.
 */
#ifndef CRASH_JSON_VALUE_H
#define CRASH_JSON_VALUE_H

#include <jansson.h>
#include <stdio.h>

/**
 * A string that may be NULL or hold bytes that are not UTF-8. Each of these becomes one character, U+EF80 for
 * 0x80 to U+EFFF for 0xff; where the text has such a character itself, its three bytes do. So no two texts
 * look alike, and what was not UTF-8 can be got back.
 */
json_t *crash__json_string(const char *text);

/** Makes all strings of an object that was read the bytes that they stand for. It cannot be printed then. */
void crash__json_to_bytes(json_t *object);

/** The byte that stands at `text` as a character of its own; 0: there is none. Such a character has 3 bytes.
 */
unsigned char crash__json_byte(const char *text);

/** How many bytes the character of UTF-8 at `at` has; 0: there is none, or it is a NUL. A text ends with a
 * byte that goes on no character. */
size_t crash__json_character(const char *at);

/** The strings of a list that ends with NULL. */
json_t *crash__json_list(char *const *list);

/** Prints one object on a line and releases it. */
void crash__json_print(FILE *stream, json_t *object);

#endif
