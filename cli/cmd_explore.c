/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/error.h"
#include "base/json_value.h"
#include "base/remove.h"
#include "cli/explore_options.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "common/control.h"
#include "explore/findings/exploration.h"
#include "explore/recording/sandbox.h"
#include "report/report.h"
#include "report/result.h"
#include "trace/reader.h"
#include "trace/starting_tree.h"

/* ------------------------------------------------------------------ stopping */

static _Atomic bool stop;

static void on_signal(int signal)
{
	if (atomic_exchange(&stop, true))
		_exit(128 + signal); /* twice: at once */
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

/* ------------------------------------------------------------------ the result directory */

/* A trace in memory, or in the result directory. */
static int open_trace(const struct explore_options *own)
{
	char path[PATH_MAX];
	int fd;

	if (!own->output) {
		fd = memfd_create("crashinject-trace", MFD_CLOEXEC);
		if (fd < 0)
			crash__die("cannot allocate memory for the trace: %m");
		return fd;
	}
	if (mkdir(own->output, 0777) < 0 && errno != EEXIST)
		crash__die("--output %s: %s", own->output, strerror(errno));
	snprintf(path, sizeof path, "%.4000s/trace", own->output);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		crash__die("--output %s: there is a result already; name another directory, or continue with "
			   "--resume %s",
			   own->output, own->output);
	if (fd < 0)
		crash__die("%s: %s", path, strerror(errno));
	return fd;
}

static json_t *settings_json(const struct crash__options *options, const struct explore_options *own,
			     const struct crash__exploration *exploration)
{
	json_t *models = json_array(), *names = json_array();
	char *copy = strdup(own->models ? own->models : "kill"), *rest = copy, *name, path[PATH_MAX];

	while ((name = strsep(&rest, ",")) != NULL)
		json_array_append_new(
			models, crash__json_string(strchr(name, '/') && realpath(name, path) ? path : name));
	free(copy);
	for (uint32_t i = 0; i < own->model_count; i++)
		json_array_append_new(names, json_string(own->model[i].name));
	return json_pack("{s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:I, s:I, s:I, s:i, s:i, s:o}", "version",
			 crash_version(), "directory", crash__json_string(exploration->recording.directory),
			 "check", crash__json_string(own->check), "recover", crash__json_string(own->recover),
			 "default_checker", own->check == NULL, "models", models, "model_names", names,
			 "program", crash__json_list(options->program), "tiers", (json_int_t)own->tier_mask,
			 "seed", (json_int_t)own->seed, "samples", (json_int_t)own->samples, "shard",
			 (int)own->shard_number, "shards", (int)own->shards, "root",
			 crash__json_string(exploration->recording.root));
}

/* Where the result of a run with findings is kept, if --output does not say. */
static const char *keep_result(int trace)
{
	static char directory[PATH_MAX];
	const char *base = getenv("TMPDIR");
	char path[PATH_MAX];
	struct stat status;
	int to;

	snprintf(directory, sizeof directory, "%.3000s/crashinject-result-XXXXXX",
		 base && *base ? base : "/tmp");
	if (!mkdtemp(directory)) {
		fprintf(stderr,
			"%s: the result is not kept, and findings cannot be replayed: %s: %s; use --output\n",
			CRASH__PROGRAM_NAME, directory, strerror(errno));
		return NULL;
	}
	snprintf(path, sizeof path, "%.4000s/trace", directory);
	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (to < 0 || fstat(trace, &status) < 0 || lseek(trace, 0, SEEK_SET) < 0 ||
	    crash__copy_range(trace, to, (uint64_t)status.st_size) < 0 || close(to) < 0) {
		fprintf(stderr,
			"%s: the result is not kept, and findings cannot be replayed: %s: %s; use --output\n",
			CRASH__PROGRAM_NAME, path, strerror(errno));
		crash__remove_tree(directory, true);
		return NULL;
	}
	return directory;
}

/* ------------------------------------------------------------------ running */

struct session {
	struct crash__options options;
	struct explore_options own;
	struct crash__exploration exploration;
	struct crash__request request;
	FILE *verdicts;
	json_t *settings;
	json_t *given; /* those of the result that is gone on with, as bytes: options point into them */
	char trace[PATH_MAX]; /* that is read; empty: none */
};

static void on_verdict(void *context, const struct crash__entry *entry,
		       const struct crash__check_result *result, const char *output)
{
	struct session *session = context;

	(void)result;
	if (session->verdicts)
		crash__result_note(session->verdicts, entry);
	/* the final state is not a crash: the summary has it */
	if (session->options.json && crash__verdict_failed(entry->kind) &&
	    entry != session->exploration.engine->final) {
		crash__json_print(session->options.json_out,
				  json_pack("{s:o}", "failure",
					    crash__result_failure(&session->exploration, entry, output)));
		crash__streams_flush(session->options.json_out);
	}
}

static struct crash__explore_options exploration_options(struct session *session, char **program,
							 const char *cwd)
{
	const struct explore_options *own = &session->own;

	return (struct crash__explore_options){
		.recording =
			{
				.request = session->request.trace >= 0 ? &session->request : NULL,
				.directory = session->options.opts.root ? session->options.opts.root :
									  session->request.opts.dir,
				.setup = own->setup,
				.copy = own->copy,
			},
		.models = own->model,
		.model_count = own->model_count,
		.engine =
			{
				.tiers = own->tier_mask,
				.tier_options = {.seed = own->seed, .samples = own->samples},
				.budget_states = own->budget_states,
				.budget_ns = own->budget_ns,
				.jobs = own->jobs,
				.shard = own->shard_number,
				.shards = own->shards,
				.checker =
					{
						.check = own->check,
						.recover = own->recover,
						.program = program,
						.cwd = cwd,
						.timeout_ms = own->check_timeout_ms,
						.environment = environ,
					},
				.acks_matter = own->check != NULL,
				.stop = &stop,
				.progress = crash__progress_show,
				.verdict = on_verdict,
				.context = session,
			},
	};
}

static int report(struct session *session, json_t *result)
{
	const struct crash__report_options options = {.colour = crash__use_colour(stdout),
						      .quiet = session->options.quiet,
						      .verbose = session->options.verbose};

	if (session->own.baseline && crash__result_accept(result, session->own.baseline) < 0)
		crash__die("%s", crash_error_detail());
	crash__report_to("--junit", session->own.junit, &crash__report_junit, result);
	crash__report_to("--html", session->own.html, &crash__report_html, result);
	if (session->options.json)
		crash__report_json.print(session->options.json_out, result, &options);
	if (!session->options.json || session->options.json_out != stdout)
		crash__report_terminal.print(stdout, result, &options);
	crash__streams_flush(stdout);
	return crash__result_status(result);
}

/* Findings can be replayed later: for that the starting tree goes into the trace. */
static const char *save_result(struct session *session)
{
	const struct crash__exploration *exploration = &session->exploration;
	bool found = exploration->causes.list_count > 0, saved;
	const char *place = session->own.resume ? session->own.resume : session->own.output;

	if (session->request.trace >= 0 && (found || place)) {
		lseek(session->request.trace, 0, SEEK_END);
		if (crash__tree_save(session->request.trace,
				     crash__base_directory(exploration->recording.base),
				     session->own.max_tree, &saved) < 0)
			crash__die("%s", crash_error_detail());
		if (!saved && !session->options.quiet)
			fprintf(stderr,
				"%s: the data directory is larger than --max-tree and was not saved: replay "
				"will use it as it is then\n",
				CRASH__PROGRAM_NAME);
	}
	if (!place && found && session->request.trace >= 0)
		place = keep_result(session->request.trace);
	return place;
}

/* Each point by a real kill, instead of states made from the recording. */
static int rerun(struct session *session, const struct crash__explore_options *options)
{
	struct crash__rerun_options how = {.request = &session->request,
					   .recording = &session->exploration.recording,
					   .checker = &options->engine.checker,
					   .jobs = session->own.jobs,
					   .stop = &stop,
					   .progress = crash__progress_show};
	struct crash__rerun runs;
	json_t *result;
	int error, status;

	if (!options->recording.request || !session->exploration.recording.namespaces)
		crash__die("--rerun needs a program, and namespaces%s%s",
			   *session->exploration.recording.why_no_namespaces ? ": " : "",
			   session->exploration.recording.why_no_namespaces);
	error = crash__rerun(&how, &runs);
	crash__progress_end();
	if (error < 0)
		crash__die_error(error);
	result = crash__result_of_rerun(&session->exploration.recording, &runs,
					json_incref(session->settings));
	if (!result)
		crash__die("no memory for the result");
	status = report(session, result);
	json_decref(result);
	crash__rerun_clear(&runs);
	return status;
}

static int finish(struct session *session, int error)
{
	const char *detail = crash_error_detail(), *place;
	json_t *result;
	int status;

	crash__progress_end();
	if (error < 0 && !session->exploration.engine)
		crash__die_error(error);
	if (error < 0)
		crash__recording_incomplete(&session->exploration.recording, "the exploration failed: %s",
					    detail);
	place = save_result(session);
	result = crash__result_make(&session->exploration, json_incref(session->settings),
				    place ? place : session->trace);
	if (!result)
		crash__die("no memory for the result");
	status = report(session, result);
	if (place && crash__result_write(result, place, "result.json") < 0)
		crash__die("%s", crash_error_detail());
	if (place && crash__result_write(session->settings, place, "settings.json") < 0)
		crash__die("%s", crash_error_detail());
	if (place && !session->options.quiet) {
		fprintf(stderr, "%s: the result is in %s\n", CRASH__PROGRAM_NAME, place);
		if (session->exploration.engine && session->exploration.engine->out_of_budget)
			fprintf(stderr, "%s: to check the rest: %s explore --resume %s\n",
				CRASH__PROGRAM_NAME, CRASH__PROGRAM_NAME, place);
	}
	json_decref(result);
	return status;
}

/* Fills in from a result directory what this exploration is to be like. */
static void read_settings(struct session *session)
{
	struct explore_options *own = &session->own;
	json_t *given, *program, *models, *item;
	char *list = NULL;
	size_t i;

	if (crash__result_read(own->resume, "settings.json", &session->settings) < 0)
		crash__die("--resume: %s", crash_error_detail());
	session->given = given = json_deep_copy(session->settings);
	crash__json_to_bytes(given);
	snprintf(session->trace, PATH_MAX, "%.4000s/trace", own->resume);
	own->check = json_string_value(json_object_get(given, "check"));
	own->recover = json_string_value(json_object_get(given, "recover"));
	own->seed = (uint64_t)json_integer_value(json_object_get(given, "seed"));
	own->samples = (uint64_t)json_integer_value(json_object_get(given, "samples"));
	models = json_object_get(given, "models");
	json_array_foreach(models, i, item) {
		char *longer;

		if (asprintf(&longer, "%s%s%s", list ? list : "", list ? "," : "", json_string_value(item)) <
		    0)
			crash__die("out of memory");
		free(list);
		list = longer;
	}
	if (!own->models)
		own->models = list;
	program = json_object_get(given, "program");
	session->options.program = calloc(json_array_size(program) + 1, sizeof *session->options.program);
	json_array_foreach(program, i, item)
		session->options.program[i] = (char *)(uintptr_t)json_string_value(item);
	session->request.opts.dir = json_string_value(json_object_get(given, "directory"));
}

/* Whether to record a program, read a trace, or go on with a result. */
static void choose_source(struct session *session)
{
	session->request = crash__request_new();
	if (session->own.resume) {
		read_settings(session);
		return;
	}
	if (!session->options.program[0])
		crash__die(
			"explore: no program; write it after --: %s explore --check ./verify.sh -- PROGRAM",
			CRASH__PROGRAM_NAME);
	if (!session->options.program[1] && crash__trace_is(session->options.program[0])) {
		snprintf(session->trace, PATH_MAX, "%.4000s", session->options.program[0]);
		if (!session->own.check)
			crash__die(
				"explore: a trace has no program to run again: give a checker with --check");
		return;
	}
	session->request = crash__options_request(&session->options);
	session->request.out = session->request.err = -1;
	session->request.scenario = session->own.at;
	session->request.mode = CRASH__MODE_RECORD | CRASH__MODE_DATA | CRASH__MODE_STACKS | CRASH__MODE_ACKS;
	session->request.trace_most = session->own.max_trace;
	session->request.opts.root = NULL;
	session->request.trace = open_trace(&session->own);
}

static void open_verdicts(struct session *session)
{
	const char *place = session->own.resume ? session->own.resume : session->own.output;
	char path[PATH_MAX];

	if (!place)
		return;
	snprintf(path, sizeof path, "%.4000s/verdicts", place);
	session->verdicts = fopen(path, "ae");
	if (!session->verdicts)
		crash__die("%s: %s", path, strerror(errno));
	if (crash__result_write(session->settings, place, "settings.json") < 0)
		crash__die("%s", crash_error_detail());
}

static int run(int argc, char **argv)
{
	static struct session session;
	struct crash__explore_options options;
	char cwd[PATH_MAX];
	int error, status;

	crash__options_parse(&session.options, &crash__cmd_explore, argc, argv, crash__explore_table,
			     crash__explore_take_option, &session.own);
	if (!getcwd(cwd, sizeof cwd))
		crash__die("the working directory: %s", strerror(errno));
	choose_source(&session);
	crash__explore_read_options(&session.own);
	catch_signals();
	crash__progress_begin(!session.options.quiet);
	options = exploration_options(&session, session.options.program, cwd);
	options.recording.trace_path = session.trace;
	if (!options.recording.request && !session.options.opts.dir && !session.own.resume)
		options.recording.directory = session.options.opts.root;
	error = crash__recording_prepare(&options.recording, &session.exploration.recording);
	if (error == 0 && session.exploration.recording.has_recorded)
		crash__say_recorded(&session.options, &session.exploration.recording.recorded);
	if (error == 0)
		crash__say_elsewhere(&session.exploration.recording);
	if (error == 0 && !session.settings)
		session.settings = settings_json(&session.options, &session.own, &session.exploration);
	if (error == 0 && session.own.rerun) {
		status = rerun(&session, &options);
		crash__explore_clear(&session.exploration);
		json_decref(session.settings);
		json_decref(session.given);
		return status;
	}
	if (error == 0)
		open_verdicts(&session);
	if (error == 0)
		error = crash__explore_start(&options, &session.exploration);
	if (error == 0 && session.own.resume)
		error = crash__result_know(session.exploration.engine, session.own.resume);
	if (error == 0)
		error = crash__explore_run(&session.exploration);
	status = finish(&session, error);
	crash__explore_clear(&session.exploration);
	json_decref(session.settings);
	json_decref(session.given);
	if (session.verdicts)
		fclose(session.verdicts);
	return status;
}

const struct crash__command crash__cmd_explore = {
	.name = "explore",
	.run = run,
	.arguments = "[--check CMD] [OPTION]... -- PROGRAM [ARG]... | TRACE",
	.summary = "Run a program once, and check every state that a crash can leave",
	.help = "The program runs on an overlay: its data directory stays as it is.\n\n"
		"  --check CMD           the checker: sh -c CMD runs on each state and exits with 0 if it\n"
		"                        is right, 2 if acknowledged data is lost, and else another status.\n"
		"                        Its working directory, $1 and $CRASH_DIR are the data directory;\n"
		"                        $CRASH_ACKED names a file with all that the program had\n"
		"                        acknowledged. Default: the program itself, run again\n"
		"  --recover CMD         runs before the checker; its failure is a finding of its own kind\n"
		"  --setup CMD           prepares the data directory; this is not recorded\n"
		"  --model LIST          kill (default), posix, ext4, xfs, btrfs, ..., or files; see models\n"
		"  --tiers LIST          prefix,cut,omit-1,keep-1,tear (default); also pairs, sample\n"
		"  --exhaustive          every state that the model allows\n"
		"  --budget N|TIME       check at most N states, or for TIME; the rest is only counted\n"
		"  --seed N, --samples N for the tier sample (0, 1000)\n"
		"  --jobs N              workers; default: the processors\n"
		"  --shard K/N|env       only this part of the states; report merges them\n"
		"  -o, --output DIR      keep the result in DIR; default: a new one, if there are findings\n"
		"  --resume DIR          continue an interrupted exploration\n"
		"  --baseline FILE       ids of findings that are accepted\n"
		"  --junit FILE, --html FILE\n"
		"  --check-timeout TIME  of one check (60s)\n"
		"  --copy                use copies instead of overlays\n"
		"  --rerun               instead: run the program again for each op, and kill it there\n"
		"  --at RULE             a rule for the recorded run, as for run: fsync#3:err=EIO\n"
		"  --max-trace SIZE      end the recording at SIZE; the result is then incomplete\n"
		"  --max-tree SIZE       largest starting tree to be kept for replay (1G)\n\n"
		"Examples:\n"
		"  crashinject explore --check ./verify.sh -- ./program\n"
		"  crashinject explore --model posix,ext4 --check 'sqlite3 t.db \"pragma integrity_check\" | "
		"grep -qx ok' \\\n"
		"          -- sqlite3 t.db 'create table t(a); insert into t values(1)'\n\n"
		"Exit status: 0 nothing found, 1 something found, 3 incomplete, 125 failed, or the checker\n"
		"does not accept the final state, as the program left it.\n",
};
