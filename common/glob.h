/* SPDX-License-Identifier: MIT */
/*
 * glob.h - shell patterns without malloc and locale: fnmatch(3) may use both, and this runs inside
 * other people's signal handlers.
 */
#ifndef CRASH_GLOB_H
#define CRASH_GLOB_H

#include <stdbool.h>

/** Matches * ? [set] [!set] and \-escapes against the whole of `text`; * also matches '/'. */
bool crash__glob_match(const char *pattern, const char *text);

/**
 * Matches a pattern for a file against an absolute path. A pattern without '/' is for the last
 * component; one that starts neither with '/' nor with '*' may begin at any component.
 */
bool crash__glob_match_path(const char *pattern, const char *path);

#endif
