/* SPDX-License-Identifier: MIT */
/*
 * faults_session.h - one call of faults: what is asked, and what is at hand for it.
 */
#ifndef CRASH_FAULTS_SESSION_H
#define CRASH_FAULTS_SESSION_H

#include <jansson.h>
#include <limits.h>

#include "cli/faults_options.h"
#include "explore/checkers/checker_files.h"
#include "report/fault_log.h"
#include "report/faults_result.h"
#include "report/then_crash_result.h"

struct faults_session {
	struct crash__options options;
	struct faults_options own;
	struct crash__request request;
	struct crash__recording recording;
	struct crash__checker checker;
	struct crash__checker_files files;	   /* of the checker, as they were before it was used */
	struct crash__checker_files program_files; /* of the program likewise */
	struct crash__callsites *callsites;
	struct crash__injections injections;
	struct crash__fault_sweep sweep;
	struct crash__then_crash then;
	struct crash__then_findings then_findings;
	json_t *settings;
	json_t *not_looked_at; /* sentences about the checker; or NULL */
	int argc;
	char **argv;	   /* as it was typed, or as the resumed call was */
	const char *place; /* the result directory; NULL: there is none */
	struct crash__fault_log log;
	char cwd[PATH_MAX];
	uint64_t began; /* ns */
	off_t input;	/* where standard input was at first; -1: it has no place */
};

#endif
