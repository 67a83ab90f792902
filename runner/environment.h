/* SPDX-License-Identifier: MIT */
/*
 * environment.h - what a program that is watched finds in its environment.
 */
#ifndef CRASH_ENVIRONMENT_H
#define CRASH_ENVIRONMENT_H

#include "runner/job.h"
#include "runner/program.h"
#include "runner/request.h"

/** How many strings a list has before its NULL; 0 for no list. */
size_t crash__list_count(const char *const *list);

/** Ours, with what the request adds, CRASH_AT and CRASH_DIR. Freed with crash__environment_free() in any
 * case. */
int crash__environment_make(const struct crash__request *request, const char *directory, char ***environment);

/**
 * With the control block there is a way to tell the program's shim where it is, and the linker to load it.
 * @param first it is the first process of the tree; else its number is not known yet
 */
int crash__environment_add_shim(char **environment, const struct crash__job *job,
				const struct crash__program *program, bool first);

/** The value of a key, which is given with its "="; NULL: it is not there. */
const char *crash__environment_get(char *const *environment, const char *key);

void crash__environment_free(char **environment);

#endif
