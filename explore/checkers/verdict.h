/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - what a check said of a state.
 */
#ifndef CRASH_VERDICT_H
#define CRASH_VERDICT_H

#include <stddef.h>
#include <stdint.h>

/** What a state turned out to be. Everything behind PASSED is a failure of its own kind. */
enum crash__verdict_kind {
	CRASH__VERDICT_NONE, /* not checked */
	CRASH__VERDICT_PASSED,
	CRASH__VERDICT_FLAKY, /* failed once, and passed when it was checked again */
	CRASH__VERDICT_INCONSISTENT,
	CRASH__VERDICT_LOST, /* exit status 2: an acknowledged write is gone */
	CRASH__VERDICT_SIGNAL,
	CRASH__VERDICT_TIMEOUT,
	CRASH__VERDICT_LEFTOVER, /* processes of it ran on */
	CRASH__VERDICT_RECOVERY, /* --recover failed */
	CRASH__VERDICT_RECOVERY_TIMEOUT,
	CRASH__VERDICT_KINDS,
};

/** The name of a verdict in results; and a clause of a sentence: "the data is inconsistent". */
const char *crash__verdict_name(enum crash__verdict_kind kind);
const char *crash__verdict_clause(enum crash__verdict_kind kind);
/** The verdict of a name; CRASH__VERDICT_NONE if no verdict has it. */
enum crash__verdict_kind crash__verdict_of_name(const char *name);

struct crash__verdict {
	enum crash__verdict_kind kind;
	int exit_code, signal;
	uint64_t ns; /* that it took */
	size_t output_length;
	char output[16384]; /* the first and the last that it wrote */
};

/** Adds output to a verdict; of what is too much the first and the last stay. */
void crash__verdict_keep(struct crash__verdict *verdict, const char *data, size_t count);

#endif
