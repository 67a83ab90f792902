/* SPDX-License-Identifier: MIT */
/*
 * shell_word.h - a word as a shell takes it.
 */
#ifndef CRASH_SHELL_WORD_H
#define CRASH_SHELL_WORD_H

/** In quotes, where it needs some; to be freed. NULL: no memory. */
char *crash__shell_word(const char *text);

#endif
