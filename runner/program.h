/* SPDX-License-Identifier: MIT */
/*
 * program.h - finding the program, and whether it can be run and watched.
 */
#ifndef CRASH_PROGRAM_H
#define CRASH_PROGRAM_H

#include <limits.h>

#include "common/program/elf.h"

/** Finds `name` as execvp() would, relative to `cwd` (NULL: the caller's directory). */
int crash__program_find(const char *name, const char *cwd, char path[PATH_MAX]);

/** Looks at the program; an error if it cannot run here at all. */
int crash__program_check(const char *path, struct crash__program *program);

/** The address that the module's system calls return to, the same in every process; 0: not found. */
uint64_t crash__program_stub(const char *preload);

/** The preload module: `given`, $CRASHINJECT_PRELOAD, or the installed one. */
int crash__program_preload(const char *given, char path[PATH_MAX]);

/** The module for allocations, which is beside the preload module `shim`. */
int crash__program_alloc(const char *shim, char path[PATH_MAX]);

#endif
