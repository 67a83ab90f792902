/* SPDX-License-Identifier: MIT */
/*
 * same_words.h - whether a checker complains of the same thing.
 */
#ifndef CRASH_SAME_WORDS_H
#define CRASH_SAME_WORDS_H

#include <stdbool.h>

/**
 * Whether the first lines of two outputs are the same. A word with a digit in it is as good as any other:
 * keys, sizes and names of objects are those of the state.
 */
bool crash__same_words(const char *one, const char *other);

#endif
