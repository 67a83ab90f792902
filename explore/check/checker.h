/* SPDX-License-Identifier: MIT */
/*
 * checker.h - the user's command, run on one state, and what it said.
 */
#ifndef CRASH_CHECKER_H
#define CRASH_CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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

/** How to check. Strings and lists are the caller's. */
struct crash__checker {
	const char *check;    /* for sh -c; NULL: `program` is run again */
	const char *recover;  /* for sh -c, before the check; NULL: none */
	char *const *program; /* the recorded program and its arguments */
	const char *cwd;      /* of `program`, when it was recorded */
	uint64_t timeout_ms;
	char *const *environment;
};

/** One check. */
struct crash__check {
	const char *directory;		   /* where the state is */
	const char *cwd;		   /* where the program runs, if it is the checker */
	const char *point, *state, *acked; /* CRASH_POINT, CRASH_STATE, CRASH_ACKED */
};

struct crash__verdict {
	enum crash__verdict_kind kind;
	int exit_code, signal;
	uint64_t ns; /* that it took */
	size_t output_length;
	char output[16384]; /* the first and the last that it wrote */
};

/**
 * Checks one state. An error means that it could not be checked. The calling process has no children of its
 * own; what the check leaves behind is killed.
 * @param alone the caller is the first process of a pid namespace
 */
int crash__checker_run(const struct crash__checker *checker, const struct crash__check *check, bool alone,
		       struct crash__verdict *verdict);

#endif
