/* SPDX-License-Identifier: MIT */
/*
 * trial.h - what runs and explorations need of the system, each really tried.
 */
#ifndef CRASH_TRIAL_H
#define CRASH_TRIAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define CRASH__TRIAL_DETAIL 256

/** What is lost where it is refused. */
enum crash__trial_need {
	CRASH__NEEDED_TO_RUN,	  /* nothing can be run */
	CRASH__NEEDED_TO_SEE,	  /* something goes unseen, and runs may be incomplete */
	CRASH__NEEDED_TO_EXPLORE, /* states are checked in another way, which costs more */
	CRASH__NEEDED_TO_WITNESS, /* findings cannot be looked for on real file systems */
};

struct crash__trial {
	const char *name; /* stable; for --json */
	enum crash__trial_need need;
	const char *without;		       /* what happens where it is refused */
	int (*attempt)(const char *directory); /* in a process of its own; 0 or an error with its detail */
	bool (*unneeded)(void);		       /* NULL: it is always needed */
};

extern const struct crash__trial crash__trials[];
extern const size_t crash__trial_count;

struct crash__trial_result {
	bool works, unneeded;
	int number;		       /* errno of what was refused; 0: unknown */
	char why[CRASH__TRIAL_DETAIL]; /* empty if it works */
};

/** Tries it in a child, which may take ten seconds. */
void crash__trial_run(const struct crash__trial *trial, const char *directory,
		      struct crash__trial_result *result);

#endif
