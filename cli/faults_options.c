/* SPDX-License-Identifier: MIT */
#include "cli/faults_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/shell_word.h"
#include "cli/explore_shard.h"
#include "common/suggest.h"
#include "common/names.h"
#include "explore/faults/injection.h"

#define DEFAULT_CHECK_TIMEOUT_MS 60000

/* Memory fails only where that is asked for: watching it slows a program down. */
#define ALL_OF_STORAGE (((1u << CRASH__FAULTS) - 1) & ~(uint32_t)CRASH__FAILS_ENOMEM)

enum {
	OPTION_CHECK = CRASH__OPTION_OWN,
	OPTION_CHECK_SERVER,
	OPTION_RECOVER,
	OPTION_SETUP,
	OPTION_ERRORS,
	OPTION_STICKY,
	OPTION_EXHAUSTIVE,
	OPTION_ONLY,
	OPTION_THEN_CRASH,
	OPTION_RESUME,
	OPTION_BUDGET,
	OPTION_JOBS,
	OPTION_SHARD,
	OPTION_CHECK_TIMEOUT,
	OPTION_MAX_TRACE,
	OPTION_EXIT_OK,
	OPTION_NET,
	OPTION_COPY,
};

const struct option crash__faults_table[] = {
	{"check", required_argument, NULL, OPTION_CHECK},
	{"check-server", required_argument, NULL, OPTION_CHECK_SERVER},
	{"recover", required_argument, NULL, OPTION_RECOVER},
	{"setup", required_argument, NULL, OPTION_SETUP},
	{"errors", required_argument, NULL, OPTION_ERRORS},
	{"sticky", no_argument, NULL, OPTION_STICKY},
	{"exhaustive", no_argument, NULL, OPTION_EXHAUSTIVE},
	{"only", required_argument, NULL, OPTION_ONLY},
	{"output", required_argument, NULL, 'o'},
	{"resume", required_argument, NULL, OPTION_RESUME},
	{"then-crash", required_argument, NULL, OPTION_THEN_CRASH},
	{"budget", required_argument, NULL, OPTION_BUDGET},
	{"jobs", required_argument, NULL, OPTION_JOBS},
	{"shard", required_argument, NULL, OPTION_SHARD},
	{"check-timeout", required_argument, NULL, OPTION_CHECK_TIMEOUT},
	{"max-trace", required_argument, NULL, OPTION_MAX_TRACE},
	{"exit-ok", required_argument, NULL, OPTION_EXIT_OK},
	{"net", required_argument, NULL, OPTION_NET},
	{"copy", no_argument, NULL, OPTION_COPY},
	CRASH__REPORT_OPTIONS,
	CRASH__SERVER_OPTIONS,
	CRASH__COMMON_OPTIONS,
	{NULL, 0, NULL, 0},
};

bool crash__faults_take_option(void *context, int option, const char *value)
{
	struct faults_options *own = context;
	const struct crash__option_text texts[] = {
		{OPTION_CHECK, &own->check},
		{OPTION_CHECK_SERVER, &own->check_server},
		{OPTION_RECOVER, &own->recover},
		{OPTION_SETUP, &own->setup},
		{OPTION_ERRORS, &own->errors},
		{OPTION_ONLY, &own->only},
		{OPTION_BUDGET, &own->budget},
		{OPTION_EXIT_OK, &own->exit_ok},
		{OPTION_NET, &own->net},
		{OPTION_SHARD, &own->shard},
		{OPTION_THEN_CRASH, &own->then_crash},
		{'o', &own->output},
		{OPTION_RESUME, &own->resume},
	};

	if (crash__options_take_text(texts, sizeof texts / sizeof *texts, option, value) ||
	    crash__report_take_option(&own->report, option, value))
		return true;
	switch (option) {
	case OPTION_STICKY:
		return own->sticky = true;
	case OPTION_COPY:
		return own->copy = true;
	case OPTION_EXHAUSTIVE:
		return own->exhaustive = true;
	case OPTION_JOBS:
		own->jobs = (unsigned int)crash__options_number("--jobs", value, 1, 1024);
		return true;
	case OPTION_CHECK_TIMEOUT:
		own->check_timeout_ms = crash__options_time("--check-timeout", value);
		return true;
	case OPTION_MAX_TRACE:
		own->max_trace = crash__options_size("--max-trace", value);
		return true;
	default:
		return false;
	}
}

/* ------------------------------------------------------------------ what the options mean */

static void read_errors(struct faults_options *own)
{
	struct crash__suggestion near = {0};
	const char *wrong;

	own->fails = own->errors ? crash__injection_fails(own->errors, &wrong, &near.length) : ALL_OF_STORAGE;
	if (own->only)
		own->fails =
			strstr(own->only, "ENOMEM") ? CRASH__FAILS_ENOMEM | ALL_OF_STORAGE : ALL_OF_STORAGE;
	if (!own->errors || (!wrong && own->fails))
		return;
	near.word = wrong ? wrong : "";
	for (int fault = 0; fault < CRASH__FAULTS; fault++)
		crash__suggest(&near, crash__faults[fault].name);
	crash__die("--errors: faults does not know \"%.*s\"%s%s%s; --errors help lists what it knows",
		   (int)near.length, near.word, near.best ? "; did you mean " : "",
		   near.best ? near.best : "", near.best ? "?" : "");
}

void crash__faults_read_options(struct faults_options *own)
{
	crash__options_exits(own->exit_ok, &own->exits);
	if (own->check_server && (own->check || own->recover))
		crash__die(
			"--check-server and %s do not go together: the server does both, or a command does",
			own->check ? "--check" : "--recover");
	if (own->net && strcmp(own->net, "host") != 0 && strcmp(own->net, "own") != 0)
		crash__die_value("--net", own->net, "write host or own");
	read_errors(own);
	crash__options_budget(own->budget, "faults", &own->budget_faults, &own->budget_ns);
	if (own->then_crash)
		own->model_count = crash__options_models("--then-crash", own->then_crash, own->model);
	crash__shard_read(own->shard, &own->shard_number, &own->shards);
	if (!own->check_timeout_ms)
		own->check_timeout_ms = DEFAULT_CHECK_TIMEOUT_MS;
}

/* ------------------------------------------------------------------ what there is */

void crash__faults_list_errors(void)
{
	for (int fault = 0; fault < CRASH__FAULTS; fault++) {
		size_t column = 9;

		printf("%-8s %s\n        ", crash__faults[fault].name, crash__faults[fault].sentence);
		for (int call = 0; call < CRASH__CALLS; call++) {
			size_t length = strlen(crash__calls[call].name) + 1;

			if (!(crash__calls[call].where.fails & 1u << fault))
				continue;
			if (column + length > 100) {
				fputs("\n        ", stdout);
				column = 9;
			}
			printf(" %s", crash__calls[call].name);
			column += length;
		}
		putchar('\n');
	}
}

/* ------------------------------------------------------------------ the line to type */

static void print_option(FILE *stream, const char *option, const char *value)
{
	char *word = value ? crash__shell_word(value) : NULL;

	if (word)
		fprintf(stream, "%s %s", option, word);
	free(word);
}

static void print_number(FILE *stream, const char *option, const char *unit, uint64_t value)
{
	if (value)
		fprintf(stream, " %s %llu%s", option, (unsigned long long)value, unit);
}

void crash__faults_line(const struct crash__options *options, const struct faults_options *own, char **before,
			char **behind)
{
	const struct {
		const char *option, *value;
	} texts[] = {
		{" --check", own->check},
		{" --check-server", own->check_server},
		{" --recover", own->recover},
		{" --setup", own->setup},
		{" --exit-ok", own->exit_ok},
		{" --net", own->net},
		{" --root", options->opts.root},
		{" --dir", options->opts.dir},
		{" --ready", options->server.ready},
		{" --client", options->server.client},
	};
	size_t size;
	FILE *stream = open_memstream(before, &size);

	if (!stream)
		crash__die("out of memory");
	fputs(CRASH__PROGRAM_NAME " faults", stream);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		print_option(stream, texts[i].option, texts[i].value);
	print_option(stream, " --stop",
		     options->server.stop ? crash__signal_name(options->server.stop) : NULL);
	if (options->opts.flags & CRASH_NO_SUPERVISOR)
		fputs(" --no-supervisor", stream);
	if (options->opts.flags & CRASH_ALLOW_IO_URING)
		fputs(" --io-uring=allow", stream);
	print_number(stream, "--ready-timeout", "ms", options->server.ready_timeout_ms);
	print_number(stream, "--timeout", "ms",
		     options->opts.timeout_ms == CRASH_NO_TIMEOUT ? 0 : options->opts.timeout_ms);
	print_number(stream, "--linger", "ms", options->opts.linger_ms);
	print_number(stream, "--check-timeout", "ms",
		     own->check_timeout_ms == DEFAULT_CHECK_TIMEOUT_MS ? 0 : own->check_timeout_ms);
	print_option(stream, " --then-crash", own->then_crash);
	if (own->copy)
		fputs(" --copy", stream);
	fclose(stream);
	stream = open_memstream(behind, &size);
	if (!stream)
		crash__die("out of memory");
	fputs(" --", stream);
	for (char **word = options->program; *word; word++)
		print_option(stream, "", *word);
	fclose(stream);
}
