/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json_value.h"
#include "cli/default_models.h"
#include "cli/explore_depth.h"
#include "cli/explore_place.h"
#include "cli/explore_settings.h"
#include "cli/explore_sought.h"
#include "cli/explore_syncs.h"
#include "cli/progress.h"
#include "cli/stopping.h"
#include "cli/streams.h"
#include "common/control.h"
#include "common/walk.h"
#include "explore/recording/missed.h"
#include "explore/recording/network.h"
#include "explore/recording/prepare_recording.h"
#include "report/page/page.h"
#include "report/result.h"
#include "trace/reader.h"

/* ------------------------------------------------------------------ running */

/* What such a server has said of the states before is no verdict. */
static void note_remembering(struct explore_session *session, const struct crash__entry *entry)
{
	char *name = crash__state_name(&session->exploration.engine->atoms[entry->model], &entry->state);
	int error;

	session->remembers = true;
	error = crash__recording_incomplete(
		&session->exploration.recording,
		"the checker server remembers other states: of %s, one that had seen others said something "
		"else than a fresh one",
		name ? name : "a state");
	free(name);
	if (error < 0)
		crash__die("%s", crash_error_detail());
}

void crash__explore_failed(const struct explore_session *session,
			   const struct crash__exploration *exploration, const struct crash__entry *entry,
			   const char *output)
{
	/* the final state is not a crash: the summary has it */
	if (!session->options.json || session->syncs || !crash__verdict_failed(entry->kind) ||
	    entry == exploration->engine->final)
		return;
	if (session->options.json_out == stdout)
		crash__progress_clear();
	crash__json_print(session->options.json_out,
			  json_pack("{s:o}", "failure", crash__result_failure(exploration, entry, output)));
	crash__streams_flush(session->options.json_out);
}

static void on_verdict(void *context, const struct crash__entry *entry,
		       const struct crash__check_result *result, const char *output)
{
	struct explore_session *session = context;

	if (result->remembers && !session->remembers)
		note_remembering(session, entry);
	/* a state that lacks something was not the state: a later run looks at it again */
	if (session->log.fd >= 0 && !crash__attributes_lost())
		crash__verdicts_add(&session->log, entry);
	crash__explore_failed(session, &session->exploration, entry, output);
}

/* Which data directory: of a trace its own, if nobody says that it has moved. */
static const char *directory_of(const struct explore_session *session)
{
	const struct crash__options *options = &session->options;

	if (options->opts.root)
		return options->opts.root;
	return session->request.trace >= 0 ? session->request.opts.dir : options->opts.dir;
}

static struct crash__checker checker_of(const struct explore_session *session)
{
	const struct explore_options *own = &session->own;

	return (struct crash__checker){
		.check = own->check,
		.check_server = own->check_server,
		.recover = own->recover,
		.program = session->options.program,
		.cwd = session->cwd,
		.server = crash__options_recovery_server(&session->options, own->recover),
		.timeout_ms = own->check_timeout_ms,
		.environment = environ,
	};
}

/* With --depth half of the budget is for crashes of recovery. */
static struct crash__explore_options exploration_options(struct explore_session *session)
{
	const struct explore_options *own = &session->own;
	bool records = session->request.trace >= 0, deep = own->depth > 1;

	return (struct crash__explore_options){
		.recording =
			{
				.request = records ? &session->request : NULL,
				.trace_path = session->trace,
				.directory = directory_of(session),
				.setup = own->setup,
				.copy = own->copy,
				.exits = own->resume ? NULL : &own->exits,
				.without = session->place,
				.save_tree = records && session->place ? own->max_tree : 0,
			},
		.models = own->model,
		.model_count = own->model_count,
		.engine =
			{
				.tiers = own->tier_mask,
				.tier_options = {.seed = own->seed, .samples = own->samples},
				.budget_states = deep ? (own->budget_states + 1) / 2 : own->budget_states,
				.budget_ns = deep ? own->budget_ns / 2 : own->budget_ns,
				.began_ns = session->began,
				.in_trace_order = own->in_trace_order,
				.jobs = own->jobs,
				.shard = own->shard_number,
				.shards = own->shards,
				.checker = checker_of(session),
				.acks_matter = own->check || own->check_server,
				.stop = &crash__stop,
				.progress = crash__progress_show,
				.finding = crash__progress_finding,
				.verdict = on_verdict,
				.context = session,
				.wants = own->finding ? crash__sought_wants : NULL,
				.wishes = &session->sought,
			},
	};
}

/* ------------------------------------------------------------------ its end */

/* Nobody knows which verdicts are those of the checker that the result names: none is kept. */
static int note_changed_checker(struct explore_session *session)
{
	struct crash__recording *recording = &session->exploration.recording;
	size_t before = recording->incomplete_count;
	int error = crash__checker_files_note_changed(&session->files, &session->explore.engine.checker,
						      recording);

	session->checker_changed = recording->incomplete_count > before;
	if (session->checker_changed)
		crash__kept_log_forget(&session->log);
	return error;
}

/* A checker that accepts everything has shown nothing: whether it looks at anything is asked of the run's
 * end. */
static int look_at_checker(struct explore_session *session)
{
	struct crash__explore_options explore = session->explore;
	struct crash__model kill;
	int error = crash__model_read("kill", &kill);

	explore.models = &kill;
	explore.model_count = 1;
	explore.engine.tiers = 0;
	explore.engine.budget_states = explore.engine.budget_ns = 0;
	explore.engine.verdict = NULL;
	explore.engine.wants = NULL;
	explore.engine.shard = explore.engine.shards = 1;
	if (error == 0)
		error = crash__explore_start(&explore, &session->exploration);
	return error == 0 ? crash__explore_run(&session->exploration) : error;
}

/* Each point by a real kill, instead of states made from the recording. */
static int rerun(struct explore_session *session)
{
	struct crash__rerun_options how = {.request = &session->request,
					   .recording = &session->exploration.recording,
					   .checker = &session->explore.engine.checker,
					   .input = session->input,
					   .jobs = session->own.jobs,
					   .stop = &crash__stop,
					   .progress = crash__progress_show};
	struct crash__rerun runs;
	json_t *result;
	int error, status;

	if (session->request.trace < 0 || !session->exploration.recording.namespaces)
		crash__die("--rerun needs a program, and namespaces%s%s",
			   *session->exploration.recording.why_no_namespaces ? ": " : "",
			   session->exploration.recording.why_no_namespaces);
	error = crash__rerun(&how, &runs);
	if (error == 0 && !runs.failed && !atomic_load(&crash__stop))
		error = look_at_checker(session);
	if (error == 0)
		error = crash__note_changed(&session->exploration.recording);
	if (error == 0)
		error = note_changed_checker(session);
	crash__progress_clear();
	if (error < 0)
		crash__die_error(error);
	result = crash__result_of_rerun(&session->exploration.recording, &runs,
					json_incref(session->settings));
	if (!result)
		crash__die("no memory for the result");
	status = crash__report_result(&session->options, &session->own.report, result);
	if (session->place)
		crash__place_finish(session, result);
	json_decref(result);
	crash__rerun_clear(&runs);
	return status;
}

/* Verdicts that are not in the file are missing when the exploration is resumed, or shards are merged. */
static void note_unkept(struct explore_session *session)
{
	char why[160];

	if (!session->log.error)
		return;
	crash__errno_text(session->log.error, why, sizeof why);
	crash__recording_incomplete(&session->exploration.recording,
				    "not all verdicts could be written: %s: %s", session->log.path, why);
}

static int finish(struct explore_session *session, int error)
{
	const char *detail = crash_error_detail();
	json_t *result;
	int status;

	crash__progress_clear();
	if (error < 0 && !session->settings)
		crash__place_abandon(session);
	if (error < 0 && !session->exploration.engine)
		crash__die_error(error);
	if (error < 0)
		crash__recording_incomplete(&session->exploration.recording, "the exploration failed: %s",
					    detail);
	if (session->exploration.recording.base_changed)
		crash__kept_log_forget(&session->log);
	if (note_changed_checker(session) < 0)
		crash__die("%s", crash_error_detail());
	if (session->remembers || session->exploration.engine->unlike) {
		session->checker_changed = true;
		crash__kept_log_forget(&session->log);
	}
	note_unkept(session);
	if (session->own.finding)
		return crash__sought_report(session);
	if (session->syncs)
		return crash__explore_syncs(session);
	/* findings can be replayed later */
	if (!session->place && session->request.trace >= 0 &&
	    (session->exploration.causes.list_count || crash__depth_has_findings(session)))
		crash__place_find(session);
	result = crash__result_make(&session->exploration, json_incref(session->settings),
				    session->place ? session->place : session->trace);
	if (!result)
		crash__die("no memory for the result");
	if (session->place || session->own.report.html)
		crash__page_add(&session->exploration, result);
	crash__depth_result(session, result);
	status = crash__report_result(&session->options, &session->own.report, result);
	if (session->place)
		crash__place_finish(session, result);
	json_decref(result);
	return status;
}

/* ------------------------------------------------------------------ its beginning */

/* Whether to record a program, read a trace, or resume. */
static void choose_source(struct explore_session *session)
{
	session->request = crash__request_new();
	if (session->own.resume) {
		crash__settings_take(session);
		crash__place_open(session);
		return;
	}
	crash__options_check_server(&session->options, session->own.recover);
	if (!session->options.program[0])
		crash__die("%s: no program; write it after --: %s %s --check ./verify.sh -- PROGRAM",
			   session->name, CRASH__PROGRAM_NAME, session->name);
	if (crash__options_name_trace(&session->options, session->name)) {
		snprintf(session->trace, PATH_MAX, "%.4000s", session->options.program[0]);
		crash__refuse_beside_trace(session->trace, session->own.at, session->own.setup,
					   session->own.max_trace, session->options.server.client);
		if (!session->own.check && !session->own.check_server)
			crash__die("%s: a trace has no program to run again: give a checker with --check",
				   session->name);
		return;
	}
	session->request = crash__options_request(&session->options);
	session->request.out = session->request.err = -1;
	session->request.scenario = session->own.at;
	session->request.mode = CRASH__MODE_RECORD | CRASH__MODE_DATA | CRASH__MODE_STACKS | CRASH__MODE_ACKS;
	session->request.trace_most = session->own.max_trace;
	session->request.opts.root = NULL;
	session->request.trace = memfd_create("crashinject-trace", MFD_CLOEXEC);
	if (session->request.trace < 0)
		crash__die("cannot make memory for the trace: %m");
}

/* Where everything is kept from the beginning on. */
static void choose_place(struct explore_session *session)
{
	if (!session->own.output)
		return;
	crash__place_make(session);
	if (session->request.trace < 0)
		return;
	close(session->request.trace);
	session->request.trace = crash__place_record(session);
}

/* Workers that share the machine's network cannot all have a server at one port. */
static int choose_network(struct explore_session *session)
{
	struct crash__recording *recording = &session->exploration.recording;
	struct crash__checker *checker = &session->explore.engine.checker;

	if (session->own.net && strcmp(session->own.net, "host") == 0)
		return 0;
	checker->own_network = (recording->namespaces || recording->mounted) && crash__network_possible();
	if (checker->own_network || !checker->server.ready || session->own.jobs == 1)
		return 0;
	return crash__recording_incomplete(
		recording, "there are no network namespaces here, so servers that were started "
			   "on states at the same time may have met; use --jobs 1");
}

/* Who names no model asks about what can happen here: a killed process, and a power loss on that disk. */
static void choose_models(struct explore_session *session)
{
	static char names[64];
	const char *directory = session->exploration.recording.directory;
	char kind[32];
	const char *model = crash__model_of_directory(directory, kind);

	snprintf(names, sizeof names, "kill,%s", model);
	session->own.models = names;
	crash__explore_read_models(&session->own);
	session->explore.model_count = session->own.model_count;
	if (session->options.quiet)
		return;
	crash__progress_clear();
	fprintf(stderr, "%s: exploring kill and %s: %s is on %s%s; --model names others\n",
		CRASH__PROGRAM_NAME, model, crash__shown_path(directory),
		*kind ? kind : "a file system that is not known",
		strcmp(model, "posix") == 0 ? ", of which there is no model" : "");
}

/* Its working directory would hold the state, and the next one has to take its place. */
static void note_server_place(const struct explore_session *session)
{
	const char *directory = session->exploration.recording.directory;

	if (!session->own.check_server || session->options.quiet ||
	    !crash__path_is_below(session->cwd, directory))
		return;
	crash__progress_clear();
	fprintf(stderr,
		"%s: the checker server begins in the data directory, and one that stays there is started "
		"anew "
		"for each state; begin elsewhere, with --dir %s\n",
		CRASH__PROGRAM_NAME, directory);
}

static int prepare(struct explore_session *session)
{
	struct crash__recording *recording = &session->exploration.recording;
	const char *checker[] = {session->own.check	   ? session->own.check :
				 session->own.check_server ? session->own.check_server :
							     "",
				 session->own.recover ? session->own.recover : "", NULL};
	int error = crash__recording_prepare(&session->explore.recording, recording);

	if (error == 0)
		error = choose_network(session);
	if (error == 0 && session->request.trace >= 0)
		error = crash__note_original_named(recording, (const char *const *)session->options.program);
	if (error == 0)
		error = crash__note_original_named(recording, checker);
	if (error == 0)
		error = crash__checker_files_find(&session->explore.engine.checker, recording->directory,
						  &session->files);
	if (error == 0)
		error = crash__checker_files_note_original(&session->files, &session->explore.engine.checker,
							   recording);
	if (error < 0)
		return error;
	session->explore.engine.states_matter =
		crash__checker_files_name(&session->files, &session->explore.engine.checker, "CRASH_STATE") ||
		crash__checker_files_name(&session->files, &session->explore.engine.checker, "CRASH_POINT");
	crash__progress_clear();
	if (recording->has_recorded)
		crash__say_recorded(&session->options, &recording->recorded);
	note_server_place(session);
	if (session->own.resume) {
		crash__settings_check(session);
		return 0;
	}
	if (!session->own.models)
		choose_models(session);
	crash__settings_make(session);
	if (session->place)
		crash__place_keep_trace(session);
	if (session->place && !session->own.rerun)
		crash__place_begin(session);
	return 0;
}

static int explore(struct explore_session *session)
{
	int error;

	crash__stop_early("nothing was explored");
	error = prepare(session);
	crash__stop_catch();
	if (error == 0 && session->own.rerun)
		return rerun(session);
	if (error == 0)
		error = crash__explore_start(&session->explore, &session->exploration);
	if (error == 0 && session->own.resume)
		crash__place_go_on(session);
	if (error == 0 && session->own.finding)
		error = crash__sought_begin(&session->sought, session->exploration.engine);
	if (error == 0)
		error = crash__explore_run(&session->exploration);
	if (error == 0)
		error = crash__depth_explore(session);
	return finish(session, error);
}

/* A recording that takes longer than the whole budget is ended. */
static void limit_recording(struct explore_session *session)
{
	uint64_t most = (session->own.budget_ns + 999999) / 1000000;

	if (session->request.trace >= 0 && most && most < session->request.opts.timeout_ms)
		session->request.opts.timeout_ms = (uint32_t)most;
}

int crash__explore_command(const struct crash__command *command, bool syncs, int argc, char **argv)
{
	static struct explore_session session = {.log = {.fd = -1}};
	int status;

	session.name = command->name;
	session.syncs = syncs;
	crash__options_parse(&session.options, command, argc, argv, crash__explore_take_option, &session.own);
	if (!getcwd(session.cwd, sizeof session.cwd))
		crash__die("the working directory: %s", strerror(errno));
	session.began = crash__now_ns();
	session.input = lseek(STDIN_FILENO, 0, SEEK_CUR);
	choose_source(&session);
	if (syncs && !session.own.models)
		session.own.models = CRASH__SYNCS_MODEL;
	crash__explore_read_options(&session.own);
	if (syncs)
		crash__explore_syncs_options(&session);
	crash__depth_check(&session);
	if (session.own.finding && crash__sought_read(&session.sought, session.own.finding) < 0)
		crash__die("%s", crash_error_detail());
	limit_recording(&session);
	choose_place(&session);
	crash__progress_begin(!session.options.quiet, session.request.trace >= 0 ? "recording" : "reading");
	if (session.request.trace >= 0)
		crash__progress_watch(&session.request, true);
	session.explore = exploration_options(&session);
	status = explore(&session);
	crash__explore_clear(&session.exploration);
	crash__sought_clear(&session.sought);
	crash__depth_clear(&session);
	json_decref(session.settings);
	json_decref(session.given);
	crash__checker_files_clear(&session.files);
	crash__kept_log_close(&session.log);
	return status;
}

static int run(int argc, char **argv)
{
	return crash__explore_command(&crash__cmd_explore, false, argc, argv);
}

const struct crash__command crash__cmd_explore = {
	.name = "explore",
	.run = run,
	.options = crash__explore_table,
	.arguments = "[--check CMD] [OPTION]... -- PROGRAM [ARG]... | TRACE",
	.summary = "Run a program once, and check every state that a crash can leave",
	.help = "The program runs on an overlay: its data directory stays as it is.\n\n"
		"  --check CMD           the checker: sh -c CMD runs on each state and exits with 0 if it\n"
		"                        is right, 2 if acknowledged data is lost, and else another status.\n"
		"                        Its working directory, $1 and $CRASH_DIR are the data directory;\n"
		"                        $CRASH_ACKED names a file with all that the program had\n"
		"                        acknowledged. Default: the program itself, run again\n"
		"  --check-server CMD    instead: a checker that stays and answers for many states, by JSON\n"
		"                        lines on its standard input and output; see crashinject-servers(7)\n"
		"  --recover CMD         runs before the checker; its failure is a finding of its own kind\n"
		"  --depth N             2: also every crash inside recovery, from a state of each class; "
		"more:\n"
		"                        crashes inside that. Recovery is --recover, or else the program "
		"itself\n"
		"  --setup CMD           prepares the data directory; this is not recorded\n"
		"  --model LIST          kill, posix, ext4, xfs, btrfs, ..., or files; see models. Default: "
		"kill\n"
		"                        and that of the file system that the data is on\n"
		"  --tiers LIST          prefix,cut,omit-1,keep-1,tear (default); also pairs, sample\n"
		"  --exhaustive          every state that the model allows\n"
		"  --budget N|TIME       check at most N states, or for TIME; the rest is only counted\n"
		"  --order trace         go through the recording from its beginning, strategy after\n"
		"                        strategy; default: sweeps, representatives first\n"
		"  --seed N, --samples N for the tier sample (0, 1000)\n"
		"  --jobs N              workers; default: the processors\n"
		"  --shard K/N|env       only this part of the states; report merges them\n"
		"  -o, --output DIR      keep the result in DIR; default: a new one, if there are findings\n"
		"  --resume DIR          continue an interrupted exploration\n"
		"  --finding ID[,ID]     only say whether these findings are there; or @FILE, with one a "
		"line\n"
		"  --check-timeout TIME  of one check (60s)\n"
		"  --copy                use copies instead of overlays\n"
		"  --rerun               instead: run the program again for each op, and kill it there\n"
		"  --at RULE             a rule for the recorded run, as for run: fsync#3:err=EIO\n"
		"  --exit-ok LIST        exit statuses with which the program has done its work (0); any: "
		"all\n"
		"  --max-trace SIZE      end the recording at SIZE; the result is then incomplete\n"
		"  --max-tree SIZE       largest starting tree to be kept for replay "
		"(1G)\n" CRASH__REPORT_HELP CRASH__SERVER_HELP
		"                        With --recover: CMD of that is a "
		"server, which --ready is about, too;\n"
		"                        it runs while the checker does\n"
		"  --net host            checkers and recoveries in this machine's network; default: each\n"
		"                        worker has one of its own, in which it is alone\n\n"
		"Examples:\n"
		"  crashinject explore --check ./verify.sh -- ./program\n"
		"  crashinject explore --model posix,ext4 --check 'sqlite3 t.db \"pragma integrity_check\" | "
		"grep -qx ok' \\\n"
		"          -- sqlite3 t.db 'create table t(a); insert into t values(1)'\n\n"
		"Exit status: 0 nothing found, 1 something found, 3 incomplete, 125 failed, or the checker\n"
		"does not accept the final state, as the program left it.\n",
};
