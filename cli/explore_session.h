/* SPDX-License-Identifier: MIT */
/*
 * explore_session.h - one call of explore: what is asked, and what is at hand for it.
 */
#ifndef CRASH_EXPLORE_SESSION_H
#define CRASH_EXPLORE_SESSION_H

#include <jansson.h>
#include <limits.h>

#include "cli/explore_options.h"
#include "explore/checkers/checker_files.h"
#include "explore/findings/exploration.h"
#include "explore/nested/nested.h"
#include "explore/findings/sought.h"
#include "report/verdict_log.h"

/** A recording of recovery in which something was found. */
struct explore_recovery {
	char *from; /* the name of the state */
	int trace;
};

struct explore_session {
	struct crash__options options;
	struct explore_options own;
	struct crash__explore_options explore;
	struct crash__exploration exploration;
	struct crash__request request;	   /* a trace of -1: nothing is recorded */
	char cwd[PATH_MAX];		   /* of the program */
	char trace[PATH_MAX];		   /* that is read; empty: none */
	struct crash__checker_files files; /* of the checker, as they were before it was used */
	bool remembers;			   /* the checker server: it was said */
	bool checker_changed;		   /* since, or it is none: no verdict is kept */
	uint64_t began;			   /* ns */
	struct crash__sought sought;	   /* findings that are looked for */
	bool syncs;			   /* is asked what those are worth; */
	uint64_t syncs_states, syncs_ns;   /* with this budget for all of it; 0: none */
	const char *name;		   /* of the command */
	off_t input;			   /* where standard input was at first; -1: it has no place */
	const char *place;		   /* the result directory; NULL: there is none */
	struct crash__kept_log log;	   /* fd -1: none */
	struct crash__nested_counts nested;
	uint64_t nested_ns;    /* that it took */
	bool nested_over;      /* the budget, before all crashes of recovery were looked at */
	json_t *nested_record; /* {"inner": [...]}, of all recoveries; NULL: they are not looked at */
	json_t *nested_levels[CRASH__MOST_DEPTH]; /* the lists that records are added to; not ours */
	json_t *nested_ids;			  /* of findings */
	CRASH__VECTOR(struct explore_recovery, recoveries);
	json_t *settings;
	json_t *given; /* those of the result that is resumed, as bytes: options point into them */
};

/** Prints a state that has failed, where JSON is asked for. */
void crash__explore_failed(const struct explore_session *session,
			   const struct crash__exploration *exploration, const struct crash__entry *entry,
			   const char *output);

/**
 * A command that explores a recording.
 * @param syncs it is syncs, which says afterwards what each sync is worth
 */
int crash__explore_command(const struct crash__command *command, bool syncs, int argc, char **argv);

#endif
