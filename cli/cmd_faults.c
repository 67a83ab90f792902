/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json_value.h"
#include "cli/faults_place.h"
#include "cli/progress.h"
#include "cli/stopping.h"
#include "common/control.h"
#include "explore/checkers/checker_files.h"
#include "explore/recording/missed.h"
#include "explore/recording/network.h"
#include "explore/recording/prepare_recording.h"
#include "explore/recording/run_tree.h"
#include "report/blind_spots.h"
#include "report/faults_result.h"
#include "report/then_crash_result.h"
#include "trace/run_end.h"

/* Where --timeout does not say when a run hangs: so long, and so many times as long as the recorded one. */
#define LEAST_TIMEOUT_MS 30000
#define MOST_TIMES_SLOWER 10

/* ------------------------------------------------------------------ what is needed */

/* Which allocations are recorded: those that may be tried. */
static uint32_t allocations_of(const struct faults_options *own)
{
	if (!(own->fails & CRASH__FAILS_ENOMEM))
		return 0;
	return CRASH__MODE_ALLOCATION_SITES | (own->exhaustive || own->only ? CRASH__MODE_ALLOCATIONS : 0);
}

static struct crash__request request_of(const struct faults_session *session)
{
	struct crash__request request = crash__options_request(&session->options);

	request.out = request.err = -1;
	request.mode = CRASH__MODE_RECORD | CRASH__MODE_DATA | CRASH__MODE_STACKS | CRASH__MODE_ACKS |
		       allocations_of(&session->own);
	request.trace_most = session->own.max_trace;
	request.opts.root = NULL;
	request.trace = memfd_create("crashinject-trace", MFD_CLOEXEC);
	if (request.trace < 0)
		crash__die("cannot make memory for the trace: %s", strerror(errno));
	return request;
}

static struct crash__checker checker_of(const struct faults_session *session)
{
	const struct faults_options *own = &session->own;

	return (struct crash__checker){
		.check = own->check,
		.check_server = own->check_server,
		.recover = own->recover,
		.server = crash__options_recovery_server(&session->options, session->own.recover),
		.program = session->options.program,
		.cwd = session->cwd,
		.timeout_ms = own->check_timeout_ms,
		.environment = environ};
}

/*
 * Servers of which several run in one network may be at one port: where no run can have a network of its own
 * they run one after the other, unless the user wants it otherwise.
 */
static int choose_network(struct faults_session *session)
{
	struct faults_options *own = &session->own;
	struct crash__checker *checker = &session->checker;
	bool host = own->net && strcmp(own->net, "host") == 0,
	     server = session->request.server.client || checker->server.ready, said = own->jobs > 1;

	checker->own_network =
		!host && crash__run_tree_is_alone(&session->recording) && crash__network_possible();
	if (!own->jobs)
		own->jobs = !checker->own_network && !host && server ?
				    1 :
				    (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	if (checker->own_network || host || !server || !said)
		return 0;
	return crash__recording_incomplete(
		&session->recording, "there are no network namespaces here, so servers that ran at the same "
				     "time may have met; use --jobs 1");
}

/* Words in which a path may stand, or a variable that has one. */
static int note_words(struct crash__recording *recording, const char *const *words)
{
	const struct crash__checker_files none = {0};
	int error = crash__note_original_named(recording, words);

	for (; *words && error == 0; words++)
		error = crash__checker_files_note_original(&none, &(struct crash__checker){.check = *words},
							   recording);
	return error;
}

/* On copies at other paths: what leads to the data directory itself, and so misses them. */
static int note_original(struct faults_session *session)
{
	struct crash__recording *recording = &session->recording;
	const struct crash__checker *checker = &session->checker, program = {.program = checker->program};
	const struct crash__server *server = &session->request.server;
	const char *commands[] = {checker->check	? checker->check :
				  checker->check_server ? checker->check_server :
							  "",
				  checker->recover ? checker->recover : "",
				  server->client ? server->client : "", server->ready ? server->ready : "",
				  NULL};
	int error = note_words(recording, (const char *const *)session->options.program);

	if (error == 0)
		error = note_words(recording, commands);
	if (error == 0)
		error = crash__checker_files_note_original(&session->files, checker, recording);
	return error == 0 ? crash__checker_files_note_original(&session->program_files, &program, recording) :
			    error;
}

static const char *directory_of(const struct faults_session *session)
{
	return session->options.opts.root ? session->options.opts.root : session->request.opts.dir;
}

/* A run that is not over long after the recorded one was hangs. */
static void limit_runs(struct faults_session *session, uint64_t recording_ns)
{
	uint32_t *timeout = &session->request.opts.timeout_ms;

	if (*timeout == CRASH_NO_TIMEOUT)
		*timeout = LEAST_TIMEOUT_MS + (uint32_t)(MOST_TIMES_SLOWER * (recording_ns / 1000000));
}

static int record(struct faults_session *session)
{
	struct crash__recording_options how = {.request = &session->request,
					       .directory = directory_of(session),
					       .setup = session->own.setup,
					       .copy = session->own.copy,
					       .exits = &session->own.exits};
	struct crash__recording *recording = &session->recording;
	uint64_t started = crash__now_ns();
	int error;

	crash__stop_early("no fault was tried");
	error = crash__recording_prepare(&how, recording);
	crash__stop_catch();
	session->request.mode &= ~(CRASH__MODE_ALLOCATIONS | CRASH__MODE_ALLOCATION_SITES);
	limit_runs(session, crash__now_ns() - started);
	crash__progress_clear();
	if (error < 0)
		return error;
	crash__say_recorded(&session->options, &recording->recorded);
	error = choose_network(session);
	return error < 0 ? error :
			   crash__callsites_new(&recording->trace, recording->root, &session->callsites);
}

/* ------------------------------------------------------------------ which faults */

static bool is_named(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == length && strncmp(list, name, length) == 0)
			return true;
	return false;
}

/* Of all faults those that --only names. */
static void keep_only(struct faults_session *session)
{
	struct crash__injections *injections = &session->injections;
	const char *only = session->own.only;
	size_t kept = 0, wanted = 1;

	for (const char *at = only; *at; at++)
		wanted += *at == ',';
	for (size_t i = 0; i < injections->list_count; i++)
		if (is_named(only, injections->list[i].name))
			injections->list[kept++] = injections->list[i];
	injections->list_count = kept;
	if (kept < wanted)
		crash__die("--only %s: the program did nothing that could fail so; write faults as they are "
			   "named in results: write#17:err=EIO",
			   only);
}

static int find_faults(struct faults_session *session)
{
	const struct faults_options *own = &session->own;
	bool sticky = own->sticky || own->only;
	int error = crash__injections_find(&session->recording.fs, session->callsites, own->fails, sticky,
					   &session->injections);

	if (error == 0 && own->only)
		keep_only(session);
	return error;
}

/* ------------------------------------------------------------------ running */

/* Allocations that were not recorded, because others of their call site were. */
static uint64_t count_left_out(const struct faults_session *session)
{
	const struct crash__trace *trace = &session->recording.trace;
	uint64_t all = crash__trace_allocations(trace), recorded = 0;

	for (size_t i = 0; i < trace->count; i++)
		recorded += trace->events[i].kind == CRASH__EVENT_ALLOCATION;
	return all > recorded ? all - recorded : 0;
}

static void prepare_sweep(struct faults_session *session)
{
	const struct faults_options *own = &session->own;
	struct stat status;

	session->sweep = (struct crash__fault_sweep){
		.faulting = {.request = &session->request,
			     .recording = &session->recording,
			     .checker = &session->checker,
			     .exits = &own->exits,
			     .input = session->input,
			     .cwd = session->cwd},
		.injections = &session->injections,
		.left_out = count_left_out(session),
		.jobs = own->jobs,
		.shard = own->shard_number,
		.shards = own->shards,
		.budget_faults = own->budget_faults,
		.budget_ns = own->budget_ns,
		.began_ns = session->began,
		.stop = &crash__stop,
		.progress = crash__progress_show,
		.outcome = crash__faults_place_outcome,
		.context = session,
		.outcomes = calloc(session->injections.list_count + 1, sizeof *session->sweep.outcomes)};
	if (!session->sweep.outcomes)
		crash__die("no memory for faults");
	if (stat(session->recording.directory, &status) == 0)
		session->sweep.faulting.device = status.st_dev;
}

static json_t *settings_json(const struct faults_session *session)
{
	const struct faults_options *own = &session->own;
	const struct crash__recording *recording = &session->recording;
	char *before, *behind;
	json_t *settings;

	crash__faults_line(&session->options, own, &before, &behind);
	settings = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:b, s:i, s:i, s:[o, o]}", "version",
		crash_version(), "command", "faults", "directory", crash__json_string(recording->directory),
		"cwd", crash__json_string(session->cwd), "check", crash__json_string(own->check), "recover",
		crash__json_string(own->recover), "default_checker", !own->check && !own->check_server,
		"program", crash__json_list(session->options.program), "root",
		crash__json_string(recording->root), "sticky", (int)own->sticky, "shard",
		(int)own->shard_number, "shards", (int)own->shards, "again", crash__json_string(before),
		crash__json_string(behind));
	free(before);
	free(behind);
	if (!settings)
		crash__die("no memory for the settings");
	return settings;
}

/* The power losses that may follow. */
static struct crash__then_crash then_of(struct faults_session *session, struct crash__then_findings *findings)
{
	const struct faults_options *own = &session->own;
	struct crash__explore_options explore = {.models = own->model,
						 .model_count = own->model_count,
						 .engine = {.tiers = crash__tiers_by_default(),
							    .budget_ns = own->budget_ns,
							    .began_ns = session->began,
							    .jobs = own->jobs,
							    .shard = 1,
							    .shards = 1,
							    .checker = session->checker,
							    .acks_matter = own->check || own->check_server,
							    .stop = &crash__stop,
							    .progress = crash__progress_show,
							    .verdict = crash__faults_place_verdict,
							    .context = session}};

	return (struct crash__then_crash){.sweep = &session->sweep,
					  .directory = directory_of(session),
					  .setup = own->setup,
					  .copy = own->copy,
					  .explore = explore,
					  .known = crash__then_findings_know,
					  .begun = crash__then_findings_begin,
					  .explored = crash__then_findings_take,
					  .context = findings};
}

static void explore_losses(struct faults_session *session)
{
	int error;

	session->then_findings = (struct crash__then_findings){
		&session->recording, session->callsites, session->settings,
		json_array(),	     json_array(),	 session->place ? &session->log : NULL};
	session->then = then_of(session, &session->then_findings);
	error = crash__then_crash_run(&session->then);
	crash__progress_clear();
	if (error == 0)
		error = crash__then_note_missed(&session->then, &session->recording);
	if (error < 0)
		crash__die_error(error);
}

static int note_blind(void *context, const struct crash__injection *injection,
		      struct crash__exploration *exploration)
{
	struct faults_session *session = context;

	(void)injection;
	session->not_looked_at = crash__blind_spots(exploration);
	return crash__engine_is_blind(exploration->engine) ? crash__explore_note_blind(&session->recording) :
							     0;
}

/* Who accepts everything has found no fault to be one: whether the checker looks at anything is asked of the
 * run without any. */
static void look_at_checker(struct faults_session *session)
{
	struct crash__then_crash then = then_of(session, NULL);
	struct crash__model kill;

	for (size_t i = 0; i < session->injections.list_count; i++)
		if (session->sweep.outcomes[i].kind >= CRASH__FAULT_INCONSISTENT)
			return; /* it has refused something */
	if (crash__model_read("kill", &kill) < 0)
		crash__die("%s", crash_error_detail());
	then.explore.models = &kill;
	then.explore.model_count = 1;
	then.explore.engine.tiers = 0;
	then.explore.engine.verdict = NULL;
	then.known = NULL;
	then.begun = NULL;
	then.explored = note_blind;
	then.context = session;
	if (crash__then_crash_without(&then) < 0)
		crash__die("%s", crash_error_detail());
	crash__progress_clear();
}

/* Nobody knows which outcomes are those of the checker and of the starting tree that the result names: none
 * is kept. */
static void note_changed(struct faults_session *session)
{
	struct crash__recording *recording = &session->recording;
	size_t before = recording->incomplete_count;

	if (crash__note_changed(recording) < 0 ||
	    crash__checker_files_note_changed(&session->files, &session->checker, recording) < 0)
		crash__die("%s", crash_error_detail());
	if (session->place && recording->incomplete_count > before)
		crash__fault_log_forget(&session->log);
}

static int report(struct faults_session *session)
{
	bool then = session->own.model_count && session->sweep.control.verdict == CRASH__VERDICT_PASSED;
	json_t *result;
	int status;

	if (then)
		explore_losses(session);
	else if (session->sweep.control.verdict == CRASH__VERDICT_PASSED && !atomic_load(&crash__stop))
		look_at_checker(session);
	crash__faults_place_note(session);
	note_changed(session);
	if (crash__faults_note_missed(&session->sweep, &session->recording) < 0)
		crash__die("%s", crash_error_detail());
	result = crash__faults_result(&session->sweep, &session->recording, session->callsites,
				      session->settings);
	if (!result)
		crash__die("no memory for the result");
	if (then)
		crash__then_findings_add(&session->then_findings, &session->then, result);
	if (session->not_looked_at)
		json_object_set_new(json_object_get(result, "summary"), "not_looked_at",
				    session->not_looked_at);
	status = crash__report_result(&session->options, &session->own.report, result);
	crash__faults_place_finish(session, result);
	json_decref(result);
	return status;
}

static int look(struct faults_session *session)
{
	const struct crash__checker program = {.program = session->checker.program,
					       .cwd = session->checker.cwd};
	const char *directory = session->recording.directory;
	int error = crash__checker_files_find(&session->checker, directory, &session->files);

	if (error == 0)
		error = crash__checker_files_find(&program, directory, &session->program_files);
	if (error == 0)
		error = note_original(session);
	if (error == 0)
		error = find_faults(session);
	if (error == 0) {
		prepare_sweep(session);
		session->settings = settings_json(session);
		crash__faults_place_begin(session);
		error = crash__fault_sweep_run(&session->sweep);
		crash__progress_clear();
	}
	if (error == 0 && crash__attributes_lost())
		error = crash__recording_incomplete(&session->recording, "runs lack something: %s",
						    crash__attributes_lost());
	if (error < 0)
		crash__die_error(error);
	return report(session);
}

static int run(int argc, char **argv)
{
	static struct faults_session session;
	int error, status;

	crash__options_parse(&session.options, &crash__cmd_faults, argc, argv, crash__faults_take_option,
			     &session.own);
	if (session.own.errors && strcmp(session.own.errors, "help") == 0) {
		crash__faults_list_errors();
		return CRASH__EXIT_GOOD;
	}
	session.argc = argc;
	session.argv = argv;
	if (session.own.resume)
		crash__faults_resume(&session);
	if (!getcwd(session.cwd, sizeof session.cwd))
		crash__die("the working directory: %s", strerror(errno));
	session.began = crash__now_ns();
	session.input = lseek(STDIN_FILENO, 0, SEEK_CUR);
	crash__options_check_server(&session.options, session.own.recover);
	if (!session.options.program[0])
		crash__die("faults: no program; write it after --: %s faults --check ./verify.sh -- PROGRAM",
			   CRASH__PROGRAM_NAME);
	crash__faults_read_options(&session.own);
	crash__faults_place_open(&session);
	crash__progress_begin(!session.options.quiet, "recording");
	session.request = request_of(&session);
	crash__progress_watch(&session.request, true);
	session.checker = checker_of(&session);
	error = record(&session);
	if (error < 0)
		crash__die_error(error);
	status = look(&session);
	crash__fault_sweep_clear(&session.sweep);
	crash__injections_clear(&session.injections);
	crash__callsites_free(session.callsites);
	crash__checker_files_clear(&session.files);
	crash__checker_files_clear(&session.program_files);
	crash__recording_clear(&session.recording);
	return status;
}

const struct crash__command crash__cmd_faults = {
	.name = "faults",
	.run = run,
	.options = crash__faults_table,
	.arguments = "[--check CMD] [OPTION]... -- PROGRAM [ARG]...",
	.summary = "Let each call fail in each way it can, and check what the program makes of it",
	.help = "The program runs once to see what it does. Then it runs again for each of its ops and for\n"
		"each error that the op's call can return, with that one fault; and the checker looks at\n"
		"what is left. Each run is on an overlay, or on a copy: the data directory stays as it "
		"is.\n\n"
		"  --check CMD           the checker: sh -c CMD exits with 0 if what is left is right, 2 if\n"
		"                        acknowledged data is lost, and else another status, as for "
		"explore.\n"
		"                        Default: the program itself, run again\n"
		"  --check-server CMD    instead: a checker that speaks JSON; see crashinject-servers(7)\n"
		"  --recover CMD         runs before the checker; its failure is a finding\n"
		"  --setup CMD           prepares the data directory; this is not recorded\n"
		"  --errors LIST         only these, as EIO,ENOSPC,SHORT; help: what there is. ENOMEM, of\n"
		"                        malloc() and its like, only where it is named here\n"
		"  --sticky              also each fault from there on: a disk that stays full\n"
		"  --exhaustive          of ENOMEM each allocation, and not only some of each call site\n"
		"  --then-crash LIST     then explore the states that a power loss can leave after each "
		"fault,\n"
		"                        as these models have it: ext4,xfs\n"
		"  --only LIST           only these faults, as results name them: write#17:err=EIO\n"
		"  --budget N|TIME       make at most N runs, or runs for TIME\n"
		"  -o, --output DIR      keep the result in DIR\n"
		"  --resume DIR          continue an interrupted sweep\n"
		"  --jobs N              runs at the same time; default: the processors\n"
		"  --shard K/N|env       only this part of the faults; report merges them\n"
		"  --check-timeout TIME  of one check (60s)\n"
		"  --exit-ok LIST        exit statuses with which the program has done its work (0); any: "
		"all\n"
		"  --max-trace SIZE      end recordings at SIZE; the result is then "
		"incomplete\n" CRASH__REPORT_HELP CRASH__SERVER_HELP
		"                        With --recover: CMD of that is a "
		"server, which --ready is about, too\n"
		"  --net host            programs and checkers in this machine's network; default: each job\n"
		"                        has one of its own\n"
		"  --copy                use copies instead of overlays\n\n"
		"Examples:\n"
		"  crashinject faults --check ./verify.sh -- ./program\n"
		"  crashinject faults --errors ENOSPC --sticky --check ./verify.sh -- ./program\n"
		"  crashinject faults --only write#17:err=EIO -v --check ./verify.sh -- ./program\n\n"
		"Exit status: 0 nothing found, 1 something found, 3 incomplete, 125 failed, or the checker\n"
		"does not accept what the program leaves without a fault.\n",
};
