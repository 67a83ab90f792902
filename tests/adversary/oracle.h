/* SPDX-License-Identifier: MIT */
/*
 * oracle.h - whether a recording is of what a program did: `record` it, `replay` the last state, and compare
 * that with the directory itself.
 */
#ifndef CRASH_TESTS_ORACLE_H
#define CRASH_TESTS_ORACLE_H

#include <stdbool.h>

#include "tests/real/jail.h"

struct oracle_verdict {
	char *failed;	  /* a command did not do its work; NULL: they all did */
	char *difference; /* between the state and the directory; NULL: there is none */
	char *reasons;	  /* why the recording is incomplete; NULL: it is said to be complete */
};

/** How a verdict is to be taken. */
enum oracle_outcome {
	ORACLE_SAME,
	ORACLE_SAME_INCOMPLETE,	   /* the same, and incomplete */
	ORACLE_DIFFERS_INCOMPLETE, /* something is missing, and that is said */
	ORACLE_WRONG,		   /* something is missing, and nothing is said: a false all-clear */
	ORACLE_FAILED,
};

/**
 * Runs it in the sandbox's directory, which is as it was prepared.
 * @param program ends with NULL
 * @param seconds for each command
 */
void oracle_ask(const struct sandbox *sandbox, const char *const *program, unsigned int seconds,
		struct oracle_verdict *verdict);

enum oracle_outcome oracle_outcome(const struct oracle_verdict *verdict);

/** Never freed. */
const char *oracle_describe(const struct oracle_verdict *verdict);

void oracle_clear(struct oracle_verdict *verdict);

#endif
