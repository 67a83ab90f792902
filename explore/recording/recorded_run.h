/* SPDX-License-Identifier: MIT */
/*
 * recorded_run.h - the one run that everything is derived from.
 */
#ifndef CRASH_RECORDED_RUN_H
#define CRASH_RECORDED_RUN_H

#include "runner/run.h"

/** How the recorded run ended; the trace says the rest. Release with crash__recorded_clear(). */
struct crash__recorded {
	int exit_code; /* -1: a signal ended it */
	int signal;
	bool timed_out, killed;
	bool complete;
	char **incomplete_reasons;
	char *output; /* the end of what it wrote to stdout and stderr */
};

/**
 * Runs a program on an overlay over its data directory, which is left as it was.
 * @param request   what to run; its trace gets the recording
 * @param directory the data directory, absolute
 * @param base      what it shows before the run; NULL: itself
 */
int crash__record_in_sandbox(const struct crash__request *request, const char *directory, const char *base,
			     struct crash__recorded *recorded);

/**
 * Runs a command of the user's on a copy of the data directory, which it sees at that directory's path.
 * @param copy where the copy is; it keeps what the command does
 */
int crash__set_up(const char *command, const char *directory, const char *copy);

/**
 * The same, on a copy that is mounted over the directory, and changes.
 * @param copy where the copy is
 */
int crash__record_on_mounted_copy(const struct crash__request *request, const char *directory,
				  const char *copy, struct crash__recorded *recorded);

/** Runs a program where it is. */
int crash__record_in_place(const struct crash__request *request, struct crash__recorded *recorded);

void crash__recorded_clear(struct crash__recorded *recorded);

#endif
