/* SPDX-License-Identifier: MIT */
#include "cli/explore_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/explore_shard.h"
#include "common/spec.h"
#include "common/suggest.h"
#include "explore/states/tiers.h"
#include "trace/starting_tree.h"

#define DEFAULT_CHECK_TIMEOUT_MS 60000
#define DEFAULT_SAMPLES 1000

enum {
	OPTION_CHECK = CRASH__OPTION_OWN,
	OPTION_RECOVER,
	OPTION_SETUP,
	OPTION_MODEL,
	OPTION_TIERS,
	OPTION_EXHAUSTIVE,
	OPTION_BUDGET,
	OPTION_ORDER,
	OPTION_SEED,
	OPTION_SAMPLES,
	OPTION_JOBS,
	OPTION_SHARD,
	OPTION_RESUME,
	OPTION_FINDING,
	OPTION_CHECK_TIMEOUT,
	OPTION_COPY,
	OPTION_RERUN,
	OPTION_AT,
	OPTION_MAX_TRACE,
	OPTION_MAX_TREE,
	OPTION_EXIT_OK,
	OPTION_NET,
	OPTION_CHECK_SERVER,
	OPTION_VERIFY,
	OPTION_DEPTH,
};

/* What is recorded, which states are looked at, and how. */
#define EXPLORING_OPTIONS                                                                                    \
	{"check", required_argument, NULL, OPTION_CHECK},                                                    \
		{"check-server", required_argument, NULL, OPTION_CHECK_SERVER},                              \
		{"recover", required_argument, NULL, OPTION_RECOVER},                                        \
		{"setup", required_argument, NULL, OPTION_SETUP},                                            \
		{"model", required_argument, NULL, OPTION_MODEL},                                            \
		{"tiers", required_argument, NULL, OPTION_TIERS},                                            \
		{"exhaustive", no_argument, NULL, OPTION_EXHAUSTIVE},                                        \
		{"budget", required_argument, NULL, OPTION_BUDGET},                                          \
		{"order", required_argument, NULL, OPTION_ORDER},                                            \
		{"seed", required_argument, NULL, OPTION_SEED},                                              \
		{"samples", required_argument, NULL, OPTION_SAMPLES},                                        \
		{"jobs", required_argument, NULL, OPTION_JOBS},                                              \
		{"check-timeout", required_argument, NULL, OPTION_CHECK_TIMEOUT},                            \
		{"copy", no_argument, NULL, OPTION_COPY}, {"at", required_argument, NULL, OPTION_AT},        \
		{"max-trace", required_argument, NULL, OPTION_MAX_TRACE},                                    \
		{"max-tree", required_argument, NULL, OPTION_MAX_TREE},                                      \
		{"exit-ok", required_argument, NULL, OPTION_EXIT_OK},                                        \
	{                                                                                                    \
		"net", required_argument, NULL, OPTION_NET                                                   \
	}

const struct option crash__explore_table[] = {
	EXPLORING_OPTIONS,
	{"shard", required_argument, NULL, OPTION_SHARD},
	{"output", required_argument, NULL, 'o'},
	{"resume", required_argument, NULL, OPTION_RESUME},
	{"finding", required_argument, NULL, OPTION_FINDING},
	{"rerun", no_argument, NULL, OPTION_RERUN},
	{"depth", required_argument, NULL, OPTION_DEPTH},
	CRASH__REPORT_OPTIONS,
	CRASH__SERVER_OPTIONS,
	CRASH__COMMON_OPTIONS,
	{NULL, 0, NULL, 0},
};

const struct option crash__syncs_table[] = {
	EXPLORING_OPTIONS,     {"verify", no_argument, NULL, OPTION_VERIFY},
	CRASH__SERVER_OPTIONS, {"html", required_argument, NULL, CRASH__OPTION_HTML},
	CRASH__COMMON_OPTIONS, {NULL, 0, NULL, 0},
};

static bool take_text(struct explore_options *own, int option, const char *value)
{
	const struct crash__option_text texts[] = {
		{OPTION_CHECK, &own->check},
		{OPTION_RECOVER, &own->recover},
		{OPTION_SETUP, &own->setup},
		{OPTION_MODEL, &own->models},
		{OPTION_TIERS, &own->tiers},
		{OPTION_BUDGET, &own->budget},
		{OPTION_SHARD, &own->shard},
		{'o', &own->output},
		{OPTION_RESUME, &own->resume},
		{OPTION_FINDING, &own->finding},
		{OPTION_AT, &own->at},
		{OPTION_EXIT_OK, &own->exit_ok},
		{OPTION_ORDER, &own->order},
		{OPTION_NET, &own->net},
		{OPTION_CHECK_SERVER, &own->check_server},
	};

	return crash__options_take_text(texts, sizeof texts / sizeof *texts, option, value);
}

bool crash__explore_take_option(void *context, int option, const char *value)
{
	struct explore_options *own = context;

	if (take_text(own, option, value) || crash__report_take_option(&own->report, option, value))
		return true;
	switch (option) {
	case OPTION_EXHAUSTIVE:
		own->exhaustive = true;
		return true;
	case OPTION_COPY:
		own->copy = true;
		return true;
	case OPTION_RERUN:
		own->rerun = true;
		return true;
	case OPTION_VERIFY:
		own->verify = true;
		return true;
	case OPTION_SEED:
		own->seed = crash__options_number("--seed", value, 0, UINT64_MAX);
		return true;
	case OPTION_SAMPLES:
		own->samples = crash__options_number("--samples", value, 1, UINT32_MAX);
		return true;
	case OPTION_JOBS:
		own->jobs = (unsigned int)crash__options_number("--jobs", value, 1, 1024);
		return true;
	case OPTION_DEPTH:
		own->depth = (unsigned int)crash__options_number("--depth", value, 1, CRASH__MOST_DEPTH);
		return true;
	case OPTION_CHECK_TIMEOUT:
		own->check_timeout_ms = crash__options_time("--check-timeout", value);
		return true;
	case OPTION_MAX_TRACE:
		own->max_trace = crash__options_size("--max-trace", value);
		return true;
	case OPTION_MAX_TREE:
		own->max_tree = crash__options_size("--max-tree", value);
		return true;
	default:
		return false;
	}
}

/* ------------------------------------------------------------------ what the options mean */

void crash__explore_read_models(struct explore_options *own)
{
	own->model_count = crash__options_models("--model", own->models, own->model);
}

static _Noreturn void die_of_tier(const char *name, size_t length)
{
	struct crash__suggestion near = {.word = name, .length = length};
	char names[256] = "";
	size_t used = 0;

	for (int tier = 0; tier < CRASH__TIERS && used < sizeof names; tier++) {
		crash__suggest(&near, crash__tiers[tier].name);
		used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", tier ? ", " : "",
					 crash__tiers[tier].name);
	}
	crash__die("--tiers: there is no tier \"%.*s\"%s%s%s; write some of %s, with commas", (int)length,
		   name, near.best ? "; did you mean " : "", near.best ? near.best : "", near.best ? "?" : "",
		   names);
}

static void read_tiers(struct explore_options *own)
{
	const char *at = own->tiers;

	if (own->exhaustive)
		own->tier_mask = 1u << CRASH__TIER_PREFIX | 1u << CRASH__TIER_EXHAUSTIVE;
	else if (!at)
		own->tier_mask = crash__tiers_by_default();
	while (at && *at) {
		size_t length = strcspn(at, ",");
		enum crash__tier tier = crash__tier_of_name(at, length);

		if (tier == CRASH__TIERS)
			die_of_tier(at, length);
		own->tier_mask |= 1u << tier;
		at += length;
		at += *at == ',';
	}
	own->tier_mask |= own->tiers_before; /* or findings of theirs would be gone */
}

static void read_order(struct explore_options *own)
{
	own->in_trace_order = own->order && strcmp(own->order, "trace") == 0;
	if (own->order && !own->in_trace_order && strcmp(own->order, "sweeps") != 0)
		crash__die_value("--order", own->order, "write sweeps or trace");
}

/* What chooses among the states of a recording says nothing of runs that are killed, and must not look as if
 * it did. */
static void refuse_beside_rerun(const struct explore_options *own)
{
	const struct {
		const char *name;
		bool given;
	} options[] = {
		{"--model", own->models},  {"--tiers", own->tiers}, {"--exhaustive", own->exhaustive},
		{"--budget", own->budget}, {"--shard", own->shard}, {"--resume", own->resume},
		{"--at", own->at},	   {"--order", own->order},
	};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (options[i].given)
			crash__die("--rerun and %s do not go together: --rerun kills a process at each op, "
				   "and nothing else",
				   options[i].name);
}

/* Nothing is kept of a look at a few states, and it is no result that others could be compared with. */
static void refuse_beside_finding(const struct explore_options *own)
{
	const char *report = crash__report_given(&own->report);
	const struct {
		const char *name;
		bool given;
	} options[] = {
		{"--output", own->output}, {"--resume", own->resume}, {"--shard", own->shard},
		{"--rerun", own->rerun},   {report, report},
	};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (options[i].given)
			crash__die("--finding and %s do not go together: --finding only says whether a "
				   "finding is "
				   "there",
				   options[i].name);
}

/* Recoveries are explored from states of the whole, in the order of its classes. */
static void refuse_beside_depth(const struct explore_options *own)
{
	const struct {
		const char *name;
		bool given;
	} options[] = {
		{"--finding", own->finding},
		{"--rerun", own->rerun},
		{"--order trace", own->in_trace_order},
	};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (options[i].given)
			crash__die("--depth and %s do not go together: recovery is explored from states of "
				   "each class of the whole exploration",
				   options[i].name);
}

void crash__explore_read_options(struct explore_options *own)
{
	if (own->finding)
		refuse_beside_finding(own);
	if (own->rerun)
		refuse_beside_rerun(own);
	crash__options_exits(own->exit_ok, &own->exits);
	if (own->check_server && (own->check || own->recover))
		crash__die(
			"--check-server and %s do not go together: the server does both, or a command does",
			own->check ? "--check" : "--recover");
	if (own->net && strcmp(own->net, "host") != 0 && strcmp(own->net, "own") != 0)
		crash__die_value("--net", own->net, "write host or own");
	if (own->rerun)
		own->models = "kill";
	if (own->models && !own->model_count) /* resumed: those of the result */
		crash__explore_read_models(own);
	read_tiers(own);
	crash__options_budget(own->budget, "states", &own->budget_states, &own->budget_ns);
	read_order(own);
	own->shard_number = own->shards = 1;
	if (!own->finding) /* a part of the states cannot tell that it is gone */
		crash__shard_read(own->shard, &own->shard_number, &own->shards);
	if (own->depth > 1)
		refuse_beside_depth(own);
	if (!own->jobs)
		own->jobs = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	if (!own->samples)
		own->samples = DEFAULT_SAMPLES;
	if (!own->check_timeout_ms)
		own->check_timeout_ms = DEFAULT_CHECK_TIMEOUT_MS;
	if (!own->max_tree)
		own->max_tree = CRASH__DEFAULT_MAX_TREE;
}
