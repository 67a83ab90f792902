/* SPDX-License-Identifier: MIT */
/*
 * function_name.h - a function, named so that another process of the same program finds it wherever it is
 * mapped there: "1f40@" in the program, "1f40@/path" in a library.
 */
#ifndef CRASH_FUNCTION_NAME_H
#define CRASH_FUNCTION_NAME_H

#include <stdbool.h>
#include <stddef.h>

/** @return false: it is in nothing that was loaded from a file, or the name is too long */
bool crash__function_name(void (*function)(void), char *name, size_t size);

/** The function; loads its library if need be. NULL: there is none. */
void (*crash__function_find(const char *name))(void);

#endif
