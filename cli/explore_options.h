/* SPDX-License-Identifier: MIT */
/*
 * explore_options.h - what explore is asked to do.
 */
#ifndef CRASH_EXPLORE_OPTIONS_H
#define CRASH_EXPLORE_OPTIONS_H

#include "cli/options.h"
#include "cli/report_options.h"
#include "explore/atoms/persistence_model.h"
#include "explore/check/engine.h"
#include "explore/recording/recording.h"

/** Levels of crashes at most. */
#define CRASH__MOST_DEPTH 8

struct explore_options {
	const char *check, *recover, *setup, *models, *tiers, *budget, *shard, *output, *resume, *finding;
	const char *at, *exit_ok, *order, *net, *check_server;
	struct crash__report_files report;
	struct crash__exits exits; /* of exit_ok */
	uint64_t seed, samples, check_timeout_ms, max_trace, max_tree;
	unsigned int jobs, depth;
	bool exhaustive, copy, rerun, in_trace_order, verify;
	/* of those */
	struct crash__model model[CRASH__MOST_MODELS];
	uint32_t model_count;
	uint32_t tier_mask, tiers_before; /* those of the result that is resumed stay */
	uint64_t budget_states, budget_ns;
	unsigned int shard_number, shards;
};

/** The table for crash__options_parse(), and the function that takes its options into a struct
 * explore_options. */
extern const struct option crash__explore_table[], crash__syncs_table[];
bool crash__explore_take_option(void *context, int option, const char *value);

/** Reads the models that `models` names; dies if there is one that cannot be read. */
void crash__explore_read_models(struct explore_options *own);

/** Finds out what the texts mean, and fills in defaults; dies of mistakes. */
void crash__explore_read_options(struct explore_options *own);

#endif
