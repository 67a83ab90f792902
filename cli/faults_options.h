/* SPDX-License-Identifier: MIT */
/*
 * faults_options.h - what faults is asked to do.
 */
#ifndef CRASH_FAULTS_OPTIONS_H
#define CRASH_FAULTS_OPTIONS_H

#include "cli/options.h"
#include "cli/report_options.h"
#include "explore/atoms/persistence_model.h"
#include "explore/check/engine.h"
#include "explore/recording/recording.h"

struct faults_options {
	const char *check, *check_server, *recover, *setup, *errors, *only, *budget, *exit_ok, *net, *shard;
	const char *then_crash, *output, *resume;
	struct crash__report_files report;
	struct crash__exits exits; /* of exit_ok */
	uint64_t check_timeout_ms, max_trace;
	unsigned int jobs; /* 0: not said */
	bool sticky, exhaustive, errors_help, copy;
	/* of those */
	uint32_t fails; /* enum crash__fails */
	uint64_t budget_faults, budget_ns;
	unsigned int shard_number, shards;
	struct crash__model model[CRASH__MOST_MODELS]; /* of then_crash */
	uint32_t model_count;
};

/** The table for crash__options_parse(), and the function that takes its options into a struct
 * faults_options. */
extern const struct option crash__faults_table[];
bool crash__faults_take_option(void *context, int option, const char *value);

/** Finds out what the texts mean, and fills in defaults; dies of mistakes. */
void crash__faults_read_options(struct faults_options *own);

/** Prints the errors and which calls have them. */
void crash__faults_list_errors(void);

/** The line that makes all again: what is before --only, and behind. Allocated. */
void crash__faults_line(const struct crash__options *options, const struct faults_options *own, char **before,
			char **behind);

#endif
