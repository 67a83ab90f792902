/* SPDX-License-Identifier: MIT */
/*
 * source_name.h - names of source files.
 */
#ifndef CRASH_SOURCE_NAME_H
#define CRASH_SOURCE_NAME_H

/**
 * A source file's name as it is from anywhere: debugging information has it relative to the directory in
 * which the compiler ran. "." and ".." are resolved in the text: the directories may be gone, or on another
 * machine.
 * @param directory NULL: not known; then a relative name stays one
 * @return allocated; NULL: there is no memory
 */
char *crash__source_name(const char *directory, const char *file);

#endif
