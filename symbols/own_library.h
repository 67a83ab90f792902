/* SPDX-License-Identifier: MIT */
/*
 * own_library.h - functions that a language brings along, in the program itself or in the C library: every
 * write goes through the same of them.
 */
#ifndef CRASH_OWN_LIBRARY_H
#define CRASH_OWN_LIBRARY_H

#include <stdbool.h>

/** Whether a function, by its linker's name, is of the library of Go or Rust, or of Node. */
bool crash__is_of_language(const char *symbol);

/** Whether it is one by which a static program's libc calls the kernel, or its stdio. */
bool crash__is_of_libc(const char *symbol);

/** Whether a file is the C library, or its dynamic linker: by its name. */
bool crash__is_libc_file(const char *path);

#endif
