/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_value.h"
#include "cli/options.h"
#include "common/control.h"
#include "runner/describe.h"
#include "runner/out.h"

struct run_options {
	char *spec; /* the rules of all --at, joined */
};

enum { OPTION_AT = CRASH__OPTION_OWN };

static const struct option table[] = {
	{"at", required_argument, NULL, OPTION_AT},
	CRASH__SERVER_OPTIONS,
	CRASH__COMMON_OPTIONS,
	{NULL, 0, NULL, 0},
};

static bool take_option(void *context, int option, const char *value)
{
	struct run_options *own = context;
	char *joined;

	if (option != OPTION_AT)
		return false;
	if (asprintf(&joined, "%s%s%s", own->spec ? own->spec : "", own->spec ? "," : "", value) < 0)
		crash__die("out of memory");
	free(own->spec);
	own->spec = joined;
	return true;
}

/* A run that is stopped waits for a debugger. */
static void tell(void *context, char message, const struct crash__control *control, uint32_t pid)
{
	(void)context;
	(void)control;
	if (message == 's')
		fprintf(stderr,
			"%s: stopped; debug it with: gdb -p %u; continue it with: kill -CONT %u (and its "
			"children)\n",
			CRASH__PROGRAM_NAME, pid, pid);
}

/* The frames get their names when they are printed: that takes most of the time of a run. */
static void name_frames(struct crash_out *out)
{
	struct crash__symbols *symbols = crash__symbols_new();
	int error = symbols ? crash__out_name(out, symbols) : CRASH_ENOMEM;

	crash__symbols_free(symbols);
	if (error < 0)
		crash__die("out of memory");
}

static void print_result(const struct crash_out *out)
{
	for (char **line = out->log; line && *line; line++)
		fprintf(stderr, "%s: %s\n", CRASH__PROGRAM_NAME, crash__shown_text(*line));
	if (out->killed || out->unreached[0] || out->timed_out) {
		fprintf(stderr, "%s: ", CRASH__PROGRAM_NAME);
		crash__describe(stderr, out, crash__shown_path);
	}
	if (out->left_behind)
		fprintf(stderr, "%s: ended %u process%s that the program left behind\n", CRASH__PROGRAM_NAME,
			out->left_behind, out->left_behind == 1 ? "" : "es");
}

static int exit_status(const struct crash_out *out)
{
	if (out->killed)
		return CRASH__EXIT_GOOD;
	if (out->timed_out)
		return CRASH__EXIT_TIMEOUT;
	if (out->unreached[0]) /* unless it was missed */
		return out->complete ? CRASH__EXIT_FOUND : CRASH__EXIT_INCOMPLETE;
	if (out->signal || out->exit_code || out->complete)
		return out->signal ? 128 + out->signal : out->exit_code;
	return CRASH__EXIT_INCOMPLETE;
}

static int run(int argc, char **argv)
{
	struct crash__options options;
	struct run_options own = {0};
	struct crash__request request;
	struct crash_out out;
	int error, status;

	crash__options_parse(&options, &crash__cmd_run, argc, argv, take_option, &own);
	if (!options.program[0])
		crash__die("run: no program; write it after --: %s run --at write#3 -- PROGRAM",
			   CRASH__PROGRAM_NAME);
	crash__options_check_server(&options, false);
	request = crash__options_request(&options);
	request.scenario = own.spec ? own.spec : getenv("CRASH_AT");
	request.tell = tell;
	if (options.json && options.json_out == stdout)
		request.out = STDERR_FILENO; /* stdout is for the result alone */
	error = crash__run(&request, &out);
	if (error < 0)
		crash__die_error(error);
	if (options.json || !options.quiet)
		name_frames(&out);
	if (options.json)
		crash__json_print(options.json_out, crash__json_run(&out));
	else if (!options.quiet)
		print_result(&out);
	if (!options.quiet)
		crash__print_incomplete(&out);
	status = exit_status(&out);
	crash_out_clear(&out);
	free(own.spec);
	return status;
}

const struct crash__command crash__cmd_run = {
	.name = "run",
	.run = run,
	.options = table,
	.arguments = "[--at RULE]... [OPTION]... -- PROGRAM [ARG]...",
	.summary = "Run a program, crash it where a rule says so, and report how it ended",
	.help = "  --at RULE             where and how: POINT[@GLOB][#WHEN][:MODIFIER]...;\n"
		"                        may be repeated; default: $CRASH_AT\n" CRASH__SERVER_HELP "\n"
		"Examples:\n"
		"  crashinject run --at 'fdatasync#3' -- sqlite3 t.db 'insert into t values(2)'\n"
		"  crashinject run --at 'write@*-journal#3:torn=100' -- sqlite3 t.db 'insert into t "
		"values(2)'\n"
		"  crashinject run --at wal.mid-frame -- ./my-wal-test\n"
		"  crashinject run --at fsync#2 --ready 'redis-cli ping' --client 'redis-cli set a 1' -- "
		"redis-server\n\n"
		"Exit status: 0 it crashed as asked (without rules: the program's own status),\n"
		"1 the point was not reached, 3 or may have been missed, 124 timeout,\n"
		"125 crashinject failed, 126, 127 as env(1).\n",
};
