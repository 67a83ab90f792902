/* SPDX-License-Identifier: MIT */
#include "explore/faults/faulted_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "explore/checkers/acked_files.h"
#include "explore/checkers/check_command.h"
#include "explore/faults/fault_notice.h"
#include "explore/fs/fs_replay.h"
#include "explore/recording/mirror.h"
#include "explore/recording/original.h"
#include "explore/recording/run_input.h"
#include "runner/out.h"
#include "trace/reader.h"

/* Of what the program said, so much is kept. */
#define SAID_KEPT 2000

/* A run that is over, while its sandbox is still there. */
struct run {
	struct crash_out out;
	int trace_fd;
	struct crash__trace trace;
	struct crash__fs fs;
	const struct crash__event *hit; /* the first op that failed; NULL: none did */
	uint64_t hits;
	bool has_out, has_trace, has_fs;
};

/* ------------------------------------------------------------------ the program */

static int run_program(const struct crash__fault_place *place, const char *rules, struct run *run)
{
	const struct crash__faulting *faulting = place->faulting;
	const struct crash__run_tree *tree = &place->tree;
	struct crash__request request = *faulting->request;
	char pwd[CRASH__MIRROR_PWD];
	const char *environment[2];
	int input = crash__input_open(faulting->input), error;

	request.in = input < 0 ? request.in : input;
	request.scenario = rules;
	request.hides_scenario = true;
	/* what was written says nothing that is asked here, and takes a quarter of the time of a recording */
	request.mode = CRASH__MODE_RECORD | CRASH__MODE_STACKS | CRASH__MODE_ACKS;
	request.trace = run->trace_fd;
	request.out = request.err = -1;
	request.place = place->run;
	request.device = faulting->device;
	crash__mirror_environment(tree->cwd, pwd, environment);
	if (*tree->top) {
		request.opts.cwd = tree->cwd;
		request.opts.dir = tree->root;
		request.opts.env = environment;
		request.device = 0; /* nothing hides that */
	}
	request.tell = NULL;
	request.every_ms = 0;
	error = crash__run(&request, &run->out);
	run->has_out = error == 0;
	if (input >= 0)
		close(input);
	return error;
}

static int read_trace(const struct crash__fault_place *place, const char *rules, struct run *run)
{
	const struct crash__recording *recording = place->faulting->recording;
	int error = crash__trace_open_fd(run->trace_fd, "the recording of a fault", &run->trace);

	run->has_trace = error == 0;
	if (error == 0)
		error = crash__original_check(recording, &run->trace, place->tree.original,
					      *rules ? rules : NULL);
	if (error == 0)
		error = crash__fs_replay(&run->fs, &run->trace, place->tree.root, recording->base);
	run->has_fs = run->has_trace && error == 0;
	if (error == 0)
		run->hit = crash__fault_first(&run->trace, &run->hits);
	return error;
}

static void clear(struct run *run)
{
	if (run->has_fs)
		crash__fs_clear(&run->fs);
	if (run->has_trace)
		crash__trace_close(&run->trace);
	if (run->has_out)
		crash_out_clear(&run->out);
	if (run->trace_fd >= 0)
		close(run->trace_fd);
	*run = (struct run){.trace_fd = -1};
}

/* Afterwards the data directory is as the program left it. */
static int make_run(struct crash__fault_place *place, const char *rules, struct run *run)
{
	int error = crash__run_tree_show(&place->tree);

	*run = (struct run){.trace_fd = memfd_create("crashinject-fault", MFD_CLOEXEC)};
	if (error == 0 && run->trace_fd < 0)
		error = crash__fail_errno("cannot make memory for a recording");
	if (error == 0 && chdir(place->tree.cwd) < 0)
		error = crash__fail_errno("%s", place->tree.cwd);
	if (error == 0)
		error = run_program(place, rules, run);
	if (chdir("/") < 0 && error == 0)
		error = crash__fail_errno("/");
	return error == 0 ? read_trace(place, rules, run) : error;
}

static int end_run(struct crash__fault_place *place, struct run *run, int error)
{
	int hidden;

	clear(run);
	/* what is left would go on in the next run's copy */
	if (!place->tree.recording->namespaces)
		crash__command_clean_up(crash__run_tree_is_alone(place->tree.recording), false);
	hidden = crash__run_tree_hide(&place->tree);
	return error < 0 ? error : hidden;
}

/* ------------------------------------------------------------------ the checker */

static int check(struct crash__fault_place *place, const struct run *run, const char *name,
		 struct crash__verdict *verdict)
{
	struct crash__acked_files acked = {0};
	struct crash__check check = {.directory = place->tree.root,
				     .cwd = place->tree.cwd,
				     .point = name,
				     .state = name,
				     .acked = acked.path,
				     .acked_directory = acked.directory};
	size_t steps = run->fs.steps_count;
	int error = crash__acked_files_open(&acked, &run->fs, place->files);

	if (error == 0)
		error = crash__acked_files_write(&acked, steps ? run->fs.steps[steps - 1].acked : 0);
	if (error == 0)
		error = crash__checker_run(place->faulting->checker, &check,
					   crash__run_tree_is_alone(place->tree.recording), verdict);
	crash__acked_files_clear(&acked);
	return error;
}

/* ------------------------------------------------------------------ what came of it */

/* As a shell says it. */
static int status_of(const struct crash_out *out)
{
	return out->signal ? 128 + out->signal : out->exit_code;
}

static bool is_success(const struct crash__faulting *faulting, const struct crash_out *out)
{
	int status = status_of(out);

	return !out->timed_out && status >= 0 && status < CRASH__EXITS && faulting->exits->good[status];
}

/* Signals by which a program ends itself, of which a shell that has started it tells by its own status. */
static bool is_own_signal(int status)
{
	static const int signals[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (status == 128 + signals[i])
			return true;
	return false;
}

/* Also whatever --exit-ok says, but not where that is how it ends without a fault. */
static bool has_crashed(const struct crash__recorded *recorded, const struct crash_out *out)
{
	if (out->signal)
		return out->signal != recorded->signal;
	return is_own_signal(out->exit_code) && out->exit_code != recorded->exit_code;
}

static bool has_reason(const struct crash_out *out, enum crash__incomplete why)
{
	for (size_t i = 0; out->incomplete_reasons && out->incomplete_reasons[i]; i++)
		if (crash__is_incomplete_because(out->incomplete_reasons[i], why))
			return true;
	return false;
}

/* A server that is neither ready in time nor has ended, or does not end when it is told to. */
static bool has_hung(const struct crash_out *out)
{
	return out->timed_out || has_reason(out, CRASH__INCOMPLETE_NOT_STOPPED) ||
	       (has_reason(out, CRASH__INCOMPLETE_NOT_READY) && out->exit_code == 0);
}

/*
 * Without memory many programs give up on purpose, as glib does and what catches no std::bad_alloc. That is
 * abort(), of which the shim tells, or a breakpoint's instruction. Where libc aborts because its memory was
 * damaged, or a pointer leads nowhere, it is neither.
 */
static bool has_given_up(const struct crash__faulting *faulting, const struct crash__injection *injection,
			 const struct run *run)
{
	/* of a server or a shell another process may be the one that has ended */
	bool by_anybody = faulting->request->server.client || !run->out.signal;
	int status = status_of(&run->out);

	if (!injection || injection->fault != CRASH__FAULT_ENOMEM)
		return false;
	for (size_t i = 0; status == 128 + SIGABRT && i < run->trace.note_count; i++)
		if (strcmp(run->trace.notes[i].key, CRASH__NOTE_ABORT) == 0 &&
		    (by_anybody || run->trace.notes[i].process == 0))
			return true;
	return status == 128 + SIGTRAP;
}

static bool is_ignored(const struct crash__fault_place *place, const struct crash__injection *injection,
		       const struct run *run)
{
	const struct crash__faulting *faulting = place->faulting;
	struct crash__event_of recorded = {&faulting->recording->trace, NULL, faulting->recording->top},
			       now = {&run->trace, run->hit, place->tree.top};

	/* who does without memory, and does all the same, has not been careless */
	if (!injection || injection->fault == CRASH__FAULT_ENOMEM || !is_success(faulting, &run->out))
		return false;
	recorded.event = faulting->recording->fs.steps[injection->step].event;
	return !crash__fault_is_noticed(recorded, now);
}

static enum crash__fault_kind kind_of(const struct crash__fault_place *place,
				      const struct crash__injection *injection, const struct run *run,
				      const struct crash__verdict *verdict)
{
	const struct crash__faulting *faulting = place->faulting;

	if (verdict->kind == CRASH__VERDICT_LOST)
		return CRASH__FAULT_LIED;
	if (verdict->kind != CRASH__VERDICT_PASSED)
		return CRASH__FAULT_INCONSISTENT;
	if (has_hung(&run->out))
		return CRASH__FAULT_HUNG;
	if (has_crashed(&faulting->recording->recorded, &run->out))
		return has_given_up(faulting, injection, run) ? CRASH__FAULT_ABORTED : CRASH__FAULT_CRASHED;
	return is_ignored(place, injection, run) ? CRASH__FAULT_IGNORED : CRASH__FAULT_GOOD;
}

bool crash__fault_is_consequence(const char *reason)
{
	static const enum crash__incomplete consequences[] = {
		CRASH__INCOMPLETE_NOT_READY, CRASH__INCOMPLETE_SERVER_LEFT, CRASH__INCOMPLETE_NOT_STOPPED,
		CRASH__INCOMPLETE_LEFT_RUNNING};

	for (size_t i = 0; i < sizeof consequences / sizeof *consequences; i++)
		if (crash__is_incomplete_because(reason, consequences[i]))
			return true;
	return false;
}

static char *missed_of(const struct crash_out *out)
{
	for (size_t i = 0; out->incomplete_reasons && out->incomplete_reasons[i]; i++)
		if (!crash__fault_is_consequence(out->incomplete_reasons[i]))
			return strdup(out->incomplete_reasons[i]);
	return NULL;
}

static void fill(const struct crash__injection *injection, const struct run *run,
		 const struct crash__verdict *verdict, struct crash__fault_outcome *outcome)
{
	const struct crash_out *out = &run->out;
	size_t skip = out->stderr_len > SAID_KEPT ? out->stderr_len - SAID_KEPT : 0;

	outcome->verdict = verdict->kind;
	outcome->exit_code = out->exit_code;
	outcome->signal = out->signal;
	outcome->timed_out = out->timed_out;
	outcome->hits = run->hits;
	outcome->checker_ns += verdict->ns;
	outcome->checker_status = verdict->exit_code;
	outcome->missed = missed_of(out);
	if (injection && !crash__fault_is_found(outcome->kind)) /* nobody is going to ask */
		return;
	outcome->said = out->stderr_len ? strndup(out->stderr_data + skip, out->stderr_len - skip) : NULL;
	outcome->output = verdict->output_length ? strndup(verdict->output, verdict->output_length) : NULL;
}

static int judge(struct crash__fault_place *place, const struct crash__injection *injection,
		 const struct run *run, struct crash__fault_outcome *outcome)
{
	static struct crash__verdict verdict;
	int error = check(place, run, injection ? injection->name : "", &verdict);

	if (error < 0)
		return error;
	outcome->kind = kind_of(place, injection, run, &verdict);
	fill(injection, run, &verdict, outcome);
	return 0;
}

/* ------------------------------------------------------------------ finding the op */

static bool is_met(const struct crash__fault_place *place, const struct crash__injection *injection,
		   const struct run *run)
{
	const struct crash__recording *recording = place->faulting->recording;
	struct crash__event_of recorded = {&recording->trace, NULL, recording->top},
			       now = {&run->trace, run->hit, place->tree.top};

	if (!injection)
		return true;
	recorded.event = recording->fs.steps[injection->step].event;
	return run->hit && crash__fault_is_same_op(recorded, now);
}

static int rules_of_site(struct crash__fault_place *place, const struct crash__injection *injection,
			 char **rules)
{
	const struct crash__recording *recording = place->faulting->recording;
	int error = 0;

	if (!place->callsites)
		error = crash__callsites_new(&recording->trace, recording->root, &place->callsites);
	*rules = error == 0 ? crash__injection_rules_of_site(&recording->fs, place->callsites, injection,
							     recording->top, place->tree.top) :
			      NULL;
	return error;
}

/* A run that was made. */
static void count(const struct run *run, struct crash__fault_outcome *outcome)
{
	outcome->runs += run->has_out;
	outcome->ns += run->has_out ? (uint64_t)(run->out.seconds * 1e9) : 0;
}

/* Sets `outcome->kind` to NOT_MET, or leaves a run in which the op failed. */
static int find_run(struct crash__fault_place *place, const struct crash__injection *injection,
		    struct run *run, struct crash__fault_outcome *outcome)
{
	char *rules =
		injection ? crash__injection_rules(&place->faulting->recording->fs, injection) : strdup("");
	int error = rules ? make_run(place, rules, run) : crash__fail(CRASH_ENOMEM, "no memory for rules");

	free(rules);
	count(run, outcome);
	if (error < 0 || is_met(place, injection, run))
		return error;
	outcome->strayed = true;
	error = end_run(place, run, rules_of_site(place, injection, &rules));
	if (error == 0 && rules)
		error = make_run(place, rules, run);
	free(rules);
	count(run, outcome);
	if (error == 0 && (!run->has_trace || !is_met(place, injection, run)))
		outcome->kind = CRASH__FAULT_NOT_MET;
	return error;
}

static int run_once(struct crash__fault_place *place, const struct crash__injection *injection,
		    struct crash__fault_outcome *outcome)
{
	struct run run = {.trace_fd = -1};
	int error;

	*outcome = (struct crash__fault_outcome){0};
	error = find_run(place, injection, &run, outcome);
	if (error == 0 && outcome->kind != CRASH__FAULT_NOT_MET)
		error = judge(place, injection, &run, outcome);
	return end_run(place, &run, error);
}

/* What was made of one fault is one outcome. */
static void add_times(struct crash__fault_outcome *again, struct crash__fault_outcome *outcome)
{
	again->runs = outcome->runs += again->runs;
	again->ns = outcome->ns += again->ns;
	again->checker_ns = outcome->checker_ns += again->checker_ns;
}

int crash__faulted_run(struct crash__fault_place *place, const struct crash__injection *injection,
		       struct crash__fault_outcome *outcome)
{
	struct crash__fault_outcome again;
	int error = run_once(place, injection, outcome);

	if (error < 0 || !injection || !crash__fault_is_found(outcome->kind))
		return error;
	error = run_once(place, injection, &again);
	add_times(&again, outcome);
	if (error == 0 && again.kind != outcome->kind) {
		again.flaky = true;
		crash__fault_outcome_clear(outcome);
		*outcome = again;
		/* another failure is a failure */
		outcome->flaky = !crash__fault_is_found(again.kind);
		return 0;
	}
	crash__fault_outcome_clear(&again);
	return error;
}
