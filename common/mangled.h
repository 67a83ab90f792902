/* SPDX-License-Identifier: MIT */
/*
 * mangled.h - names of C++ functions as the linker knows them.
 */
#ifndef CRASH_MANGLED_H
#define CRASH_MANGLED_H

#include <stdbool.h>

/**
 * Whether a mangled symbol is the function that people call `name`: "Store::append", "(anonymous
 * namespace)::f". For where nothing can be allocated and no demangler is: it knows names of namespaces,
 * classes and functions, constructors and destructors, and function templates; neither operators nor members
 * of class templates.
 */
bool crash__mangled_is(const char *symbol, const char *name);

#endif
