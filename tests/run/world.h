/* SPDX-License-Identifier: MIT */
/*
 * world.h - a world of its own for each test that kills commands or starves them: afterwards everything that
 * a command could have left anywhere is looked for.
 *
 * It is a mount namespace with a /dev/shm and a TMPDIR of its own, below lab_dir, where these can be had, and
 * a variable in the environment that marks every process that is started in it.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "tests/run/lab.h"

#include <sys/resource.h>
#include <sys/types.h>

/**
 * Makes it, with an empty data directory `store`.
 * @param space options for tmpfs, with which /dev/shm and TMPDIR are mounted; NULL: directories
 * @return false: mounts of its own cannot be had; then only TMPDIR is its own
 */
bool world_make(const char *space);

/** Mounts a file system in memory on a new directory, for good; false: that cannot be had. */
bool world_mount(const char *path, const char *options);

/** Limits for what is started, with 0 for none; a test begins without. */
extern rlim_t world_memory, world_file_size;

/** Starts a command, in a process group of its own; its output goes to the files `out` and `err`. */
pid_t world_begin(const char *const *argv);

/** Waits for its end; the status as a shell has it. */
int world_await(pid_t pid);

/** Both. */
int world_command(const char *const *argv);

/** What the command has written, for messages. Never freed. */
const char *world_said(void);

/** No process, no mount and no temporary file is left, also no result of something that was found if `all`.
 */
void world_assert_nothing_left(bool all);

#endif
