/* SPDX-License-Identifier: MIT */
/*
 * check_command.h - one command that a check consists of: started, watched, and gone with all that it
 * started.
 */
#ifndef CRASH_CHECK_COMMAND_H
#define CRASH_CHECK_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "explore/checkers/verdict.h"

struct crash__command_run {
	pid_t pid;
	int output;		     /* reading end */
	struct crash__verdict *said; /* where that goes */
	int status;
	bool timed_out;
	struct crash__command_run *beside; /* whose output is taken meanwhile; or NULL */
	bool talks;			   /* by standard input and output; `output` is its standard error */
	int questions, answers;		   /* then our ends of these */
};

/**
 * Starts it. A machine that has no process or memory to spare at the moment is waited for.
 * @return an error where it cannot be started, which says nothing of the state
 */
int crash__command_start(struct crash__command_run *command, char *const *argv, char *const *environment,
			 const char *cwd);

/** Keeps what it has written by now. */
void crash__command_read_rest(struct crash__command_run *command);

/** Waits until it has ended, or kills it when its time is up. What it started may go on. */
void crash__command_watch(struct crash__command_run *command, uint64_t deadline);

/**
 * Ends every process that commands have left.
 * @param alone as for crash__checker_run()
 * @param patient those that are about to end may do so
 * @return whether there was one that did not want to end
 */
bool crash__command_clean_up(bool alone, bool patient);

#endif
