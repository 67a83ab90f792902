/* SPDX-License-Identifier: MIT */
/*
 * function.h - functions by the names that people know them by. In C that is the linker's; C++ has mangled
 * names.
 *
 * What demangles is part of the C++ library, which need not be there: then C++ functions keep the linker's
 * names.
 */
#ifndef CRASH_FUNCTION_H
#define CRASH_FUNCTION_H

#include <stdbool.h>

/**
 * Finds the demangler, which the functions below do otherwise when they first need it. Call it before a fork
 * whose child is going to need it. Thread-safe, as everything here.
 */
void crash__function_prepare(void);

/** The whole name, with parameters, as "Store::append(int) const". Allocated; NULL if the symbol is not
 * mangled. */
char *crash__function_full(const char *symbol);

/**
 * The name for people: without parameters, and without the arguments of templates where it would be long, as
 * "Table<...>::append". Allocated; a copy of the symbol if that is not mangled. NULL: no memory.
 */
char *crash__function_short(const char *symbol);

/**
 * Whether a symbol is the function that somebody calls `name`: the linker's name, or the qualified name with
 * or without parameters, arguments of templates and anonymous namespaces. Parts that the compiler has split
 * off
 * (".cold", ".part.0") and special copies (".constprop.0") are the function, too.
 */
bool crash__function_is(const char *symbol, const char *name);

/** Whether a symbol is a function in some namespace or class that would be `name` without these. */
bool crash__function_ends(const char *symbol, const char *name);

#endif
