/* SPDX-License-Identifier: MIT */
/*
 * foreign.h - what a system does of its own accord at any time: it writes pages back, and other programs sync
 * files of their own.
 */
#ifndef CRASH_TESTS_POWERCUT_FOREIGN_H
#define CRASH_TESTS_POWERCUT_FOREIGN_H

#include <stdint.h>

/** Now and then one of these, in the directory or to the other program's file. */
void foreign_act(const char *directory, const char *other, uint64_t *random);

/** Another program appends to its file and syncs it: what is logged is committed, too. */
void foreign_write(const char *other);

/** The file system commits what it has, and nobody asked for it. */
void foreign_commit(const char *directory);

#endif
