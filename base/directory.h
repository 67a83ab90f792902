/* SPDX-License-Identifier: MIT */
/*
 * directory.h - the names in a directory. An error is not its end.
 */
#ifndef CRASH_DIRECTORY_H
#define CRASH_DIRECTORY_H

#include <dirent.h>

/**
 * The next name but "." and "..".
 * @param name in the stream's memory, until the next call
 * @return 1; 0 at the end; -1 with errno if it cannot be read any further
 */
int crash__directory_next(DIR *stream, const char **name);

#endif
