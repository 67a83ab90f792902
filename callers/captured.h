/* SPDX-License-Identifier: MIT */
/*
 * captured.h - a command that is run to its end, and all that it says.
 */
#ifndef CRASH_CAPTURED_H
#define CRASH_CAPTURED_H

struct crash__captured {
	char *out, *err; /* with a NUL behind; for free() */
	int status;	 /* as of wait() */
};

/**
 * Runs it with empty standard input. It does not outlive the calling thread.
 * @return 0, or a negative enum crash_error: it could not be started, or how it ended cannot be known
 */
int crash__captured_run(char *const *words, struct crash__captured *captured);

/** Releases what it said. */
void crash__captured_clear(struct crash__captured *captured);

#endif
