/* SPDX-License-Identifier: MIT */
/*
 * fault_log.h - the file `outcomes` of a result of faults: a line for each run, as soon as it is over.
 *
 *	crashinject-outcomes 1 KEY
 *	{"fault": "write#17:err=EIO", "outcome": {...}}
 *
 * The key says of which faults and of which checker these are: lines of others do not count. Whatever kills
 *us leaves whole lines and, at the end, perhaps a part of one, which does not count either.
 */
#ifndef CRASH_FAULT_LOG_H
#define CRASH_FAULT_LOG_H

#include <limits.h>

#include "explore/checkers/checker_files.h"
#include "explore/faults/fault_sweep.h"

struct crash__fault_log {
	int fd; /* -1: none */
	char path[PATH_MAX];
	char key[CRASH__DIGEST_TEXT];
	int error; /* why a line could not be written, an errno; 0: all of them were */
};

/** Opens the file of a directory, and keeps everybody else away from it as long as we live. */
int crash__fault_log_open(struct crash__fault_log *log, const char *directory);

/**
 * Takes outcomes that are there into the sweep, and goes on behind them. Where the key is another one an
 * error says so.
 */
int crash__fault_log_begin(struct crash__fault_log *log, const struct crash__recording *recording,
			   const struct crash__checker *checker, const struct crash__checker_files *files,
			   struct crash__fault_sweep *sweep);

/** Adds a line. An error is noted, and nothing is added any more. */
void crash__fault_log_add(struct crash__fault_log *log, const struct crash__injection *injection,
			  const struct crash__fault_outcome *outcome);

void crash__fault_log_close(struct crash__fault_log *log);

#endif
