/* SPDX-License-Identifier: MIT */
/*
 * mirror.h - a place for a copy of a directory from which paths lead where they led.
 *
 * Where nothing can be mounted a copy is at another path. Around it are the directories that were above the
 * original, each with links to what is beside: ../verify.sh is found, and so is what is looked for from
 * above.
 */
#ifndef CRASH_MIRROR_H
#define CRASH_MIRROR_H

#include <limits.h>

/**
 * Makes the directories, down to an empty one for the copy.
 * @param top       an empty directory of ours
 * @param directory absolute
 */
int crash__mirror_make(const char *top, const char *directory);

/** Where a path leads: below the directory or above it, into the mirror; elsewhere, where it led. */
void crash__mirror_path(const char *top, const char *directory, const char *path, char out[PATH_MAX]);

/** What leads into the mirror, as it would be without one; anything else is returned as it is.
 * @param top "": there is no mirror */
const char *crash__mirror_original(const char *top, const char *path);

#define CRASH__MIRROR_PWD (PATH_MAX + 4)

/**
 * What a program that works in the mirror has in its environment instead of ours: who looks at PWD alone
 * would come to the original.
 * @param cwd  where it works
 * @param text for the variable; lives as long as the list
 * @param list gets the variable, if there is one, and NULL behind
 */
void crash__mirror_environment(const char *cwd, char text[CRASH__MIRROR_PWD], const char *list[2]);

#endif
