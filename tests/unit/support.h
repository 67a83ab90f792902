/* SPDX-License-Identifier: MIT */
/*
 * support.h - what the unit tests share.
 *
 * A test is a claim, and its name says it. Tests of a suite run in processes of their own (CK_FORK=no
 * in the environment keeps them in one, for a debugger).
 */
#ifndef CRASH_TESTS_SUPPORT_H
#define CRASH_TESTS_SUPPORT_H

#include <check.h>
#include <limits.h>
#include <stdint.h>

/** Adds a case made of the tests (const TTest *) up to NULL. */
TCase *support_case(Suite *suite, const char *name, ...) __attribute__((sentinel));

/** Runs a suite. Returns what main() returns. */
int support_run(Suite *suite);

/** Makes an empty directory, which goes away with everything in it when support_run() returns. */
void support_directory(char path[PATH_MAX]);

/** Says that the rest of a test is not done, and why; tests use the macro below. */
void support_say_skip(const char *function, const char *reason);

/** Leaves a test that cannot be done here. The log shows "SKIP: test: reason". */
#define support_skip(reason)                                                                                 \
	do {                                                                                                 \
		support_say_skip(__func__, reason);                                                          \
		return;                                                                                      \
	} while (0)

/** A number to start random choices with: SEED's, or another one each time. It is printed. */
uint64_t support_seed(void);

/** The next random number. */
uint64_t support_random(uint64_t *state);

/** The next random number below `most`. */
static inline uint64_t support_below(uint64_t *state, uint64_t most)
{
	return support_random(state) % most;
}

/** How often a test with random choices repeats: as usual; in the environment CRASHINJECT_LONG=1 means more,
 * and ROUNDS=3 just that. */
int support_rounds(int usual);

/** Zeroed memory that processes forked later share. It is never given back. */
void *support_shared(size_t bytes);

#endif
