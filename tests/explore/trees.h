/* SPDX-License-Identifier: MIT */
/*
 * trees.h - what the tests of explore/ share: starting trees, trees as text, recordings.
 */
#ifndef CRASH_TESTS_TREES_H
#define CRASH_TESTS_TREES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "explore/atoms/atoms.h"
#include "explore/states/view.h"
#include "trace/reader.h"

/** Fills a directory with a starting tree; the same seed makes the same tree. `links`: with hard links in it.
 */
void trees_start(const char *directory, uint64_t seed, bool links);

/**
 * A directory and all below it, one line for each name, sorted: path, type, mode, links, size and a hash of
 * the content. Two trees are the same if these are. Allocated.
 */
char *trees_text(const char *directory);

/** Whose something is, as such a line has it: only where we can give it to others. Overwritten by the next
 * one. */
const char *trees_owner(uint32_t uid, uint32_t gid);

/** The first line in which two texts differ, for a message. Never freed. */
const char *trees_differ(const char *is, const char *should);

/** Copies a tree with its hard links, into an empty directory. */
void trees_copy(const char *from, const char *to);

/**
 * Runs `program argument...` under recording with its working directory (and root) `directory`.
 * The trace is read into `trace`; the memory behind it stays until the test ends.
 */
void trees_record(const char *directory, const char *const *argv, struct crash__trace *trace);

/** The same for the two halves of it: in a sandbox the first is done by a child. */
void trees_run(const char *directory, const char *const *argv, int trace);
void trees_read(int fd, struct crash__trace *trace);

/** The text of the last error of the library. */
#define trees_ok(call)                                                                                       \
	do {                                                                                                 \
		int trees__error = (call);                                                                   \
                                                                                                             \
		ck_assert_msg(trees__error == 0, "%s: %s", #call, crash_error_detail());                     \
	} while (0)

/** A model of the shipped ones. */
struct crash__model trees_model(const char *name);

/** A model as nobody would ship it. */
struct crash__model trees_random_model(uint64_t *random);

#endif
