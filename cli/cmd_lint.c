/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/json_value.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report_options.h"
#include "cli/streams.h"
#include "common/control.h"
#include "common/suggest.h"
#include "explore/lint/lint_walk.h"
#include "explore/lint/rules.h"
#include "explore/recording/missed.h"
#include "explore/recording/prepare_recording.h"
#include "report/lint_result.h"
#include "report/result.h"
#include "trace/reader.h"

struct lint_options {
	const char *rules, *setup, *at, *exit_ok;
	struct crash__report_files report;
	uint64_t max_trace;
	bool copy;
};

enum {
	OPTION_RULES = CRASH__OPTION_OWN,
	OPTION_SETUP,
	OPTION_AT,
	OPTION_MAX_TRACE,
	OPTION_COPY,
	OPTION_EXIT_OK,
};

static const struct option table[] = {
	{"rules", required_argument, NULL, OPTION_RULES},
	{"setup", required_argument, NULL, OPTION_SETUP},
	{"at", required_argument, NULL, OPTION_AT},
	{"max-trace", required_argument, NULL, OPTION_MAX_TRACE},
	{"copy", no_argument, NULL, OPTION_COPY},
	{"exit-ok", required_argument, NULL, OPTION_EXIT_OK},
	CRASH__REPORT_OPTIONS,
	CRASH__SERVER_OPTIONS,
	CRASH__COMMON_OPTIONS,
	{NULL, 0, NULL, 0},
};

static bool take_option(void *context, int option, const char *value)
{
	struct lint_options *own = context;
	const struct crash__option_text texts[] = {
		{OPTION_RULES, &own->rules},
		{OPTION_SETUP, &own->setup},
		{OPTION_AT, &own->at},
		{OPTION_EXIT_OK, &own->exit_ok},
	};

	if (crash__options_take_text(texts, sizeof texts / sizeof *texts, option, value) ||
	    crash__report_take_option(&own->report, option, value))
		return true;
	if (option == OPTION_MAX_TRACE)
		own->max_trace = crash__options_size("--max-trace", value);
	else if (option == OPTION_COPY)
		own->copy = true;
	else
		return false;
	return true;
}

/* ------------------------------------------------------------------ rules */

static void list_rules(void)
{
	for (size_t i = 0; i < crash__lint_rule_count; i++)
		printf("%-20s%s\n", crash__lint_rules[i].name, crash__lint_rules[i].explanation);
}

static uint32_t find_rule(const char *name, size_t length)
{
	struct crash__suggestion near = {.word = name, .length = length};

	for (size_t i = 0; i < crash__lint_rule_count; i++) {
		if (strlen(crash__lint_rules[i].name) == length &&
		    strncmp(crash__lint_rules[i].name, name, length) == 0)
			return 1u << i;
		crash__suggest(&near, crash__lint_rules[i].name);
	}
	crash__die("--rules: there is no rule \"%.*s\"%s%s%s; --rules help lists them", (int)length, name,
		   near.best ? "; did you mean " : "", near.best ? near.best : "", near.best ? "?" : "");
}

static uint32_t read_rules(const char *list)
{
	uint32_t rules = 0;

	if (!list)
		return (1u << crash__lint_rule_count) - 1;
	do {
		size_t length = strcspn(list, ",");

		rules |= find_rule(list, length);
		list += length;
	} while (*list++);
	return rules;
}

/* ------------------------------------------------------------------ running */

static struct crash__request request_of(const struct crash__options *options, const struct lint_options *own)
{
	struct crash__request request = crash__options_request(options);

	request.out = request.err = -1;
	request.scenario = own->at;
	request.mode = CRASH__MODE_RECORD | CRASH__MODE_DATA | CRASH__MODE_STACKS | CRASH__MODE_ACKS;
	request.trace_most = own->max_trace;
	request.opts.root = NULL;
	request.trace = memfd_create("crashinject-trace", MFD_CLOEXEC);
	if (request.trace < 0)
		crash__die("cannot make memory for the trace: %s", strerror(errno));
	return request;
}

static json_t *settings_json(const struct crash__options *options, const struct crash__recording *recording)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "version", crash_version(), "command", "lint",
			 "directory", crash__json_string(recording->directory), "program",
			 crash__json_list(options->program), "root", crash__json_string(recording->root));
}

static int look(const struct crash__options *options, const struct lint_options *own,
		struct crash__recording *recording, uint32_t rules)
{
	static const struct crash__lint_watch watch = {.progress = crash__progress_steps,
						       .found = crash__progress_finding};
	struct crash__lint lint;
	json_t *result = NULL;
	int error = crash__lint_run(&recording->fs, rules, &watch, &lint), status;

	if (error == 0)
		error = crash__note_changed(recording);
	if (error == 0)
		result = crash__lint_result(recording, &lint, rules, settings_json(options, recording));
	crash__lint_clear(&lint);
	crash__progress_clear();
	if (error < 0)
		crash__die_error(error);
	if (!result)
		crash__die("no memory for the result");
	status = crash__report_result(options, &own->report, result);
	json_decref(result);
	return status;
}

static int run(int argc, char **argv)
{
	static struct crash__recording recording;
	struct lint_options own = {0};
	struct crash__options options;
	struct crash__recording_options how = {0};
	struct crash__request request;
	struct crash__exits exits;
	uint32_t rules;
	int error, status;

	crash__options_parse(&options, &crash__cmd_lint, argc, argv, take_option, &own);
	if (own.rules && strcmp(own.rules, "help") == 0) {
		list_rules();
		return CRASH__EXIT_GOOD;
	}
	rules = read_rules(own.rules);
	crash__progress_begin(!options.quiet, "recording");
	if (!options.program[0])
		crash__die("lint: no program; write it after --: %s lint -- PROGRAM; or name a trace",
			   CRASH__PROGRAM_NAME);
	crash__options_check_server(&options, false);
	how.setup = own.setup;
	how.copy = own.copy;
	crash__options_exits(own.exit_ok, &exits);
	how.exits = &exits;
	how.directory = options.opts.root;
	if (crash__options_name_trace(&options, "lint")) {
		how.trace_path = options.program[0];
		crash__refuse_beside_trace(how.trace_path, own.at, own.setup, own.max_trace,
					   options.server.client);
	} else {
		request = request_of(&options, &own);
		crash__progress_watch(&request, true);
		how.request = &request;
		how.directory = options.opts.root ? options.opts.root : request.opts.dir;
	}
	error = crash__recording_prepare(&how, &recording);
	crash__progress_clear();
	if (error == 0 && how.request)
		error = crash__note_original_named(&recording, (const char *const *)options.program);
	if (error < 0)
		crash__die_error(error);
	if (recording.has_recorded)
		crash__say_recorded(&options, &recording.recorded);
	status = look(&options, &own, &recording, rules);
	crash__recording_clear(&recording);
	return status;
}

const struct crash__command crash__cmd_lint = {
	.name = "lint",
	.run = run,
	.options = table,
	.arguments = "[OPTION]... -- PROGRAM [ARG]... | TRACE",
	.summary = "Run a program once, and name durability mistakes that need no checker to be seen",
	.help = "The program runs on an overlay: its data directory stays as it is.\n\n"
		"  --rules LIST          only these rules; help: what they are\n"
		"  --setup CMD           prepares the data directory, unrecorded\n"
		"  --at RULE             while recording, as for run: fsync#3:err=EIO\n"
		"  --exit-ok LIST        exit statuses with which the program has done its work (0); any: "
		"all\n"
		"  --copy                run on a copy, not on an overlay\n"
		"  --max-trace SIZE      end the recording there; the result is incomplete "
		"then\n" CRASH__REPORT_HELP CRASH__SERVER_HELP "\n"
		"Examples:\n"
		"  crashinject lint -- git commit -am x\n"
		"  crashinject lint --rules unsynced-rename -- sh -c 'printf data > f.tmp; mv f.tmp f'\n"
		"  crashinject lint --at fsync#2:err=EIO -- ./program\n\n"
		"Exit status: 0 nothing found, 1 something found, 3 incomplete, 125 failed.\n",
};
