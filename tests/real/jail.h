/* SPDX-License-Identifier: MIT */
/*
 * jail.h - a directory in which a program is run several times under the same circumstances.
 *
 * Every function ends the test with a message when it cannot do its work.
 */
#ifndef CRASH_TESTS_JAIL_H
#define CRASH_TESTS_JAIL_H

#include <stdbool.h>
#include <stddef.h>

struct sandbox {
	char base[256];	     /* all that follows is in here */
	char directory[272]; /* where the program runs: the same path each time, fresh each time */
	char built[272];     /* what tests have compiled: $BUILT */
	const char *preload; /* of crashinject */
	char **environment;  /* that programs get: $PROGRAMS, $SRCDIR, $BUILT, $HOME, $TMPDIR, ... */
};

/** Makes one; `name` is part of its path. Ends the program with 77 if the environment lacks something. */
void sandbox_make(struct sandbox *sandbox, const char *name);
void sandbox_remove(struct sandbox *sandbox);

/**
 * From now on, and only for this process and what it starts, all of it is on a new file system, see
 * reflinks.h.
 * @return NULL, or why not
 */
const char *sandbox_mount(const struct sandbox *sandbox, const char *kind);

/** Removes whatever is there, with all that is below it. */
void sandbox_clear(const char *path);

/** Empties the working directory and makes its tmp/. */
void sandbox_fresh(const struct sandbox *sandbox);

/**
 * Writes back what is in the working directory. While ext4 writes a file back for the first time, its
 * st_blocks are 0 for a moment, and cp takes it for sparse and copies it by other calls: once in some
 * thousand runs two runs of cp differed.
 */
void sandbox_settle(const struct sandbox *sandbox);

/** A file beside the working directory; the result is overwritten eight calls later. */
const char *sandbox_path(const struct sandbox *sandbox, const char *name);

/** Where a program is in PATH, or NULL; overwritten by the next call. */
const char *sandbox_find(const char *program);

/** The first of the words in `programs` that is not installed, or NULL. */
const char *sandbox_missing(const char *programs);

/**
 * Runs a program in the working directory, with nothing on stdin.
 * @param output file for stdout and stderr together
 * @param seconds after which it is killed, and the test failed
 * @return wait status
 */
int sandbox_run(const struct sandbox *sandbox, const char *const *argv, const char *output,
		unsigned int seconds);

/** The same; SANDBOX_NO_END instead of a failed test. */
int sandbox_try(const struct sandbox *sandbox, const char *const *argv, const char *output,
		unsigned int seconds);

#define SANDBOX_NO_END (-1)

/** The first one for a script. */
int sandbox_script(const struct sandbox *sandbox, const char *script, const char *output,
		   unsigned int seconds);

/**
 * Everything in the working directory: type, mode, size, name, link target; sorted; to be freed.
 * @param random as in struct ops
 * @param sizes  whether sizes are the same each time
 */
char *sandbox_tree(const struct sandbox *sandbox, const char *const *random, bool sizes);

/** A file's bytes with a NUL behind them; to be freed. `length` may be NULL. */
char *sandbox_read(const char *path, size_t *length);

/** Prints the first place where two texts differ, line by line; returns whether they do. */
bool sandbox_differ(const char *what, const char *expected, const char *seen);

/** Prints "SKIP: name: reason". */
void sandbox_skip(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
