/* SPDX-License-Identifier: MIT */
/*
 * checker.h - the user's command, run on one state, and what it said.
 */
#ifndef CRASH_CHECKER_H
#define CRASH_CHECKER_H

#include "explore/checkers/recovery_server.h"
#include "explore/checkers/verdict.h"

/** How to check. Strings and lists are the caller's. */
struct crash__checker {
	const char *check;		      /* for sh -c; NULL: `program` is run again */
	const char *check_server;	      /* for sh -c, instead: it answers for many states; or NULL */
	const char *recover;		      /* for sh -c, before the check; NULL: none */
	struct crash__recovery_server server; /* how to use `recover`, if it is a server */
	char *const *program;		      /* the recorded program and its arguments */
	const char *cwd;		      /* of `program`, when it was recorded */
	uint64_t timeout_ms;
	char *const *environment;
	bool own_network; /* commands see a network of the worker's own: network.h */
};

/** One check. */
struct crash__check {
	const char *directory;		   /* where the state is */
	const char *cwd;		   /* where the program runs, if it is the checker */
	const char *point, *state, *acked; /* CRASH_POINT, CRASH_STATE, CRASH_ACKED */
	const char *acked_directory;	   /* CRASH_ACKED_DIR */
	bool keeps;			   /* a checker server stays for the next check */
	/** Called where recovery has succeeded: whether the verdict is known, which is given then. Or NULL.
	 */
	bool (*recovered)(void *context, struct crash__verdict *verdict);
	void *context;
};

/** Whether the checker is one that the user has given. */
static inline bool crash__checker_is_given(const struct crash__checker *checker)
{
	return checker->check || checker->check_server;
}

/**
 * Checks one state. An error means that it could not be checked. The calling process has no children of its
 * own; what the check leaves behind is killed.
 * @param alone the caller is the first process of a pid namespace
 */
int crash__checker_run(const struct crash__checker *checker, const struct crash__check *check, bool alone,
		       struct crash__verdict *verdict);

#endif
