/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_value.h"
#include "base/shell_word.h"
#include "cli/options.h"
#include "common/control.h"
#include "runner/describe.h"
#include "runner/out.h"

struct run_options {
	char *spec; /* the rules of all --at, joined */
	uint64_t seed, repeat;
	bool has_seed;
	char **argv;
};

enum { OPTION_AT = CRASH__OPTION_OWN, OPTION_SEED, OPTION_REPEAT };

static const struct option table[] = {
	{"at", required_argument, NULL, OPTION_AT},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"repeat", required_argument, NULL, OPTION_REPEAT},
	CRASH__SERVER_OPTIONS,
	CRASH__COMMON_OPTIONS,
	{NULL, 0, NULL, 0},
};

static bool take_option(void *context, int option, const char *value)
{
	struct run_options *own = context;
	char *joined;

	if (option == OPTION_SEED) {
		own->seed = crash__options_number("--seed", value, 0, UINT64_MAX);
		own->has_seed = true;
		return true;
	}
	if (option == OPTION_REPEAT) {
		own->repeat = crash__options_number("--repeat", value, 1, 1000000000);
		return true;
	}
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

/* Whether a word is a long option, which may be abbreviated, that says where it crashes, and how often. */
static bool is_replaced(const char *word, bool *has_value)
{
	static const char *const replaced[] = {"--at", "--seed", "--repeat"};
	size_t length = strcspn(word, "=");

	*has_value = word[length] == '=';
	for (size_t i = 0; i < sizeof replaced / sizeof *replaced; i++)
		if (length > 2 && strncmp(word, replaced[i], length) == 0 && strcmp(word, "--") != 0)
			return true;
	return false;
}

static void print_word(const char *text)
{
	char *word = crash__shell_word(text);

	fprintf(stderr, " %s", word ? crash__shown_text(word) : "?");
	free(word);
}

/* What to type to have it again, where it was left to chance. */
static void print_again(const struct run_options *own, char **program, const struct crash_out *out)
{
	char **word = own->argv + 1;
	bool has_value;

	if (!out->again)
		return;
	fprintf(stderr, "  again: %s run --at", CRASH__PROGRAM_NAME);
	print_word(out->again);
	for (; word < program && strcmp(*word, "--") != 0; word++)
		if (!is_replaced(*word, &has_value))
			print_word(*word);
		else if (!has_value)
			word++;
	fputs(" --", stderr);
	for (word = program; *word; word++)
		print_word(*word);
	fputc('\n', stderr);
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

static void run_it(const struct crash__options *options, const struct crash__request *request,
		   struct crash_out *out)
{
	int error = crash__run(request, out);

	if (error < 0)
		crash__die_error(error);
	if (options->json || !options->quiet)
		name_frames(out);
}

static int run_once(const struct crash__options *options, const struct run_options *own,
		    const struct crash__request *request)
{
	struct crash_out out;
	int status;

	run_it(options, request, &out);
	if (options->json)
		crash__json_print(options->json_out, crash__json_run(&out));
	else if (!options->quiet)
		print_result(&out);
	if (!options->quiet) {
		print_again(own, options->program, &out);
		crash__print_incomplete(&out);
	}
	status = exit_status(&out);
	crash_out_clear(&out);
	return status;
}

/* ------------------------------------------------------------------ many runs */

/* How many runs went which way. */
struct soak {
	uint64_t done, killed, fired; /* fired: a rule did something, if only to a call */
	bool complete;
};

static bool has_failed(const struct crash_out *out)
{
	return !out->killed && (out->timed_out || out->signal || out->exit_code);
}

static void print_run(const struct crash__options *options, const struct run_options *own,
		      const struct soak *soak, const struct crash_out *out)
{
	if (options->json) {
		json_t *object = crash__json_run(out);

		json_object_set_new(object, "run", json_integer((json_int_t)soak->done));
		crash__json_print(options->json_out, object);
	}
	if (options->quiet ? !has_failed(out) : !out->killed && !has_failed(out) && out->complete)
		return;
	fprintf(stderr, "%s: run %llu: ", CRASH__PROGRAM_NAME, (unsigned long long)soak->done);
	crash__describe(stderr, out, crash__shown_path);
	print_again(own, options->program, out);
	crash__print_incomplete(out);
}

static int soak_status(const struct run_options *own, const struct soak *soak, int failed)
{
	fprintf(stderr, "%s: %llu of %llu runs: %llu crashed as asked, %llu ended by themselves\n",
		CRASH__PROGRAM_NAME, (unsigned long long)soak->done, (unsigned long long)own->repeat,
		(unsigned long long)soak->killed, (unsigned long long)(soak->done - soak->killed));
	if (failed)
		return failed;
	if (!soak->complete)
		return CRASH__EXIT_INCOMPLETE;
	return soak->fired ? CRASH__EXIT_GOOD : CRASH__EXIT_FOUND;
}

/* One after the other, until the program fails by itself: what it has left is what is to be looked at. */
static int run_many(const struct crash__options *options, const struct run_options *own,
		    struct crash__request *request)
{
	struct soak soak = {.complete = true};
	int failed = 0;

	while (soak.done < own->repeat && !failed) {
		struct crash_out out;

		run_it(options, request, &out);
		soak.done++;
		soak.killed += out.killed;
		soak.fired += out.killed || !out.unreached[0];
		soak.complete &= out.complete;
		print_run(options, own, &soak, &out);
		if (has_failed(&out))
			failed = out.timed_out ? CRASH__EXIT_TIMEOUT :
				 out.signal    ? 128 + out.signal :
						 out.exit_code;
		crash_out_clear(&out);
		request->seed++;
	}
	return soak_status(own, &soak, failed);
}

static int run(int argc, char **argv)
{
	struct crash__options options;
	struct run_options own = {.argv = argv};
	struct crash__request request;
	int status;

	crash__options_parse(&options, &crash__cmd_run, argc, argv, take_option, &own);
	if (!options.program[0])
		crash__die("run: no program; write it after --: %s run --at write#3 -- PROGRAM",
			   CRASH__PROGRAM_NAME);
	crash__options_check_server(&options, false);
	request = crash__options_request(&options);
	request.scenario = own.spec ? own.spec : getenv("CRASH_AT");
	request.seed = own.seed;
	request.has_seed = own.has_seed;
	request.tell = tell;
	if (options.json && options.json_out == stdout)
		request.out = STDERR_FILENO; /* stdout is for the result alone */
	status = own.repeat ? run_many(&options, &own, &request) : run_once(&options, &own, &request);
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
		"                        may be repeated; default: $CRASH_AT\n"
		"  --seed N              what #p1% draws from; else it is another one each time\n"
		"  --repeat N            run it N times, each with the next seed, until it fails by "
		"itself\n" CRASH__SERVER_HELP "\n"
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
