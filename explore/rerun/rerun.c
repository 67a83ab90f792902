/* SPDX-License-Identifier: MIT */
#include "explore/rerun/rerun.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "explore/check/worker.h"
#include "explore/recording/network.h"
#include "explore/recording/run_input.h"
#include "explore/recording/run_child.h"
#include "explore/recording/run_tree.h"
#include "trace/event_text.h"

/* One point comes back: this, and the text behind it. */
struct answer {
	uint32_t index;
	int32_t error;
	uint32_t kind;
	uint32_t diverged;
	uint32_t text_bytes;
	uint32_t pad;
};

struct runner {
	const struct crash__rerun_options *options;
	struct crash__rerun *rerun;
	unsigned int number; /* from 1 */
	int channel;
	struct crash__run_tree tree;
	char cwd[PATH_MAX], acked[PATH_MAX], acked_directory[PATH_MAX];
	const char *place; /* for what a run needs: outside of the pid namespace, in which all ends at once */
	struct crash__verdict verdict;
};

/* ------------------------------------------------------------------ one point, in a child */

static int write_file(const char *path, const char *first, size_t first_bytes, const char *second,
		      size_t second_bytes)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return crash__fail_errno("%s", path);
	fwrite(first, 1, first_bytes, file);
	fwrite(second, 1, second_bytes, file);
	return fclose(file) == 0 ? 0 : crash__fail_errno("%s", path);
}

/* What the program acknowledged before it was killed, for the checker. */
static int write_acked(const struct runner *runner, const struct crash_out *out)
{
	char path[PATH_MAX];
	int error = write_file(runner->acked, out->stdout_data, out->stdout_len, out->stderr_data,
			       out->stderr_len);

	snprintf(path, sizeof path, "%.4000s/stdout", runner->acked_directory);
	if (error == 0)
		error = write_file(path, out->stdout_data, out->stdout_len, "", 0);
	snprintf(path, sizeof path, "%.4000s/stderr", runner->acked_directory);
	return error == 0 ? write_file(path, out->stderr_data, out->stderr_len, "", 0) : error;
}

/* Whether the op that the run died at is the one that the recording has under that number. */
static bool is_the_same(const struct runner *runner, const struct crash__event *event,
			const struct crash_out *out)
{
	const char *path = crash__event_path(&runner->options->recording->trace, event);

	if (event->kind == CRASH__EVENT_POINT)
		return true;
	return strcmp(out->call ? out->call : "", crash__calls[event->call].name) == 0 &&
	       strcmp(out->file ? out->file : "", path ? path : "") == 0;
}

static int run_to_point(struct runner *runner, const struct crash__rerun_point *point, struct answer *answer,
			char **text)
{
	struct crash__request request = *runner->options->request;
	const struct crash__event *event = runner->options->recording->fs.steps[point->step].event;
	struct crash_out out;
	int input = crash__input_open(runner->options->input), error;

	request.in = input < 0 ? request.in : input;
	request.scenario = point->name;
	request.mode = 0;
	request.trace = -1;
	request.out = request.err = -1;
	request.place = runner->place;
	error = crash__run(&request, &out);
	if (input >= 0)
		close(input);
	if (error < 0)
		return error;
	if (!out.killed) {
		answer->diverged = 1;
		if (asprintf(text, "%s was not reached", point->name) < 0)
			*text = NULL;
	} else if (!is_the_same(runner, event, &out)) {
		answer->diverged = 1;
		if (asprintf(text, "%s is %s on %s here", point->name, out.call ? out.call : "?",
			     out.file ? out.file : "?") < 0)
			*text = NULL;
	} else {
		error = write_acked(runner, &out);
	}
	crash_out_clear(&out);
	return error;
}

static int do_point(struct runner *runner, uint32_t index, struct answer *answer, char **text)
{
	const struct crash__rerun_point *point = &runner->rerun->points[index];
	struct crash__check check = {.directory = runner->tree.root,
				     .cwd = runner->options->checker->cwd,
				     .point = point->name,
				     .state = point->name,
				     .acked = runner->acked,
				     .acked_directory = runner->acked_directory};
	int error = crash__run_tree_show(&runner->tree), hidden;

	if (error < 0)
		return error;
	if (chdir(runner->cwd) < 0)
		error = crash__fail_errno("%s", runner->cwd);
	if (error == 0)
		error = run_to_point(runner, point, answer, text);
	if (chdir("/") < 0)
		error = crash__fail_errno("/");
	if (error == 0 && !answer->diverged)
		error = crash__checker_run(runner->options->checker, &check, true, &runner->verdict);
	if (error == 0 && !answer->diverged) {
		answer->kind = runner->verdict.kind;
		if (asprintf(text, "%.*s", (int)runner->verdict.output_length, runner->verdict.output) < 0)
			*text = NULL;
	}
	hidden = crash__run_tree_hide(&runner->tree);
	return error < 0 ? error : hidden;
}

static _Noreturn void run_child(struct runner *runner)
{
	uint32_t index;
	int error;

	error = crash__run_child_enter(runner->options->checker->own_network);
	if (error == 0)
		error = crash__run_tree_enter(&runner->tree, runner->options->recording, runner->number,
					      runner->acked_directory, NULL, runner->cwd);
	while (crash__receive_all(runner->channel, &index, sizeof index)) {
		struct answer answer = {.index = index};
		char *text = NULL;

		answer.error = error < 0 ? error : do_point(runner, index, &answer, &text);
		if (answer.error < 0) {
			free(text);
			text = strdup(crash_error_detail());
		}
		answer.text_bytes = text ? (uint32_t)strlen(text) : 0;
		if (!crash__send_all(runner->channel, &answer, sizeof answer) ||
		    !crash__send_all(runner->channel, text ? text : "", answer.text_bytes))
			break;
		free(text);
	}
	_exit(0);
}

/* ------------------------------------------------------------------ the children */

static int start_child(const struct crash__rerun_options *options, struct crash__rerun *rerun,
		       const char *place, unsigned int number, struct crash__run_child *child)
{
	static struct runner runner;
	int error;

	runner = (struct runner){.options = options, .rerun = rerun, .place = place, .number = number + 1};
	snprintf(runner.acked, sizeof runner.acked, "%.3000s/acked-%u", options->recording->scratch.path,
		 number);
	snprintf(runner.acked_directory, sizeof runner.acked_directory, "%.4000s.d", runner.acked);
	if (mkdir(runner.acked_directory, 0700) < 0 && errno != EEXIST)
		return crash__fail_errno("cannot make %s", runner.acked_directory);
	if (!getcwd(runner.cwd, sizeof runner.cwd))
		return crash__fail_errno("cannot start a run");
	error = crash__run_child_start(child, crash__run_tree_is_alone(options->recording));
	runner.channel = child->channel;
	if (error == 1)
		run_child(&runner);
	return error;
}

static int take_answer(struct crash__rerun *rerun, struct crash__run_child *child)
{
	struct crash__rerun_point *point;
	struct answer answer;
	char *text;

	if (!crash__receive_all(child->channel, &answer, sizeof answer) ||
	    answer.index >= rerun->points_count)
		return crash__fail(CRASH_EKEEPER, "a process that ran the program again was killed");
	text = calloc(1, answer.text_bytes + 1u);
	if (!text || !crash__receive_all(child->channel, text, answer.text_bytes)) {
		free(text);
		return crash__fail(CRASH_EKEEPER, "a process that ran the program again was killed");
	}
	child->busy = false;
	if (answer.error < 0) {
		int error = crash__fail(answer.error, "%s", text);

		free(text);
		return error;
	}
	point = &rerun->points[answer.index];
	point->kind = answer.kind < CRASH__VERDICT_KINDS ? (enum crash__verdict_kind)answer.kind :
							   CRASH__VERDICT_NONE;
	point->diverged = answer.diverged;
	point->output = text;
	rerun->checked += point->kind != CRASH__VERDICT_NONE;
	rerun->failed += point->kind > CRASH__VERDICT_FLAKY;
	rerun->diverged += point->diverged;
	return 0;
}

/* ------------------------------------------------------------------ all points */

static int add_point(struct crash__rerun *rerun, const struct crash__event *event, uint32_t step, bool before)
{
	struct crash__rerun_point *point = CRASH__PUSH(rerun, points);
	char name[64];

	if (!point)
		return crash__fail(CRASH_ENOMEM, "no memory for points");
	memset(point, 0, sizeof *point);
	point->step = step;
	point->before = before;
	crash__event_point(event, name, sizeof name);
	snprintf(point->name, sizeof point->name, "%s%s", name,
		 event->kind == CRASH__EVENT_OP && !before ? ":after" : "");
	return 0;
}

/* After each op, and before it if that is not what was after the one before. */
static int list_points(const struct crash__fs *fs, struct crash__rerun *rerun)
{
	bool other = true; /* than after the op before: there was none, or more has been acknowledged since */
	int error = 0;

	for (uint32_t step = 0; step < fs->steps_count && error == 0; step++) {
		const struct crash__event *event = fs->steps[step].event;
		bool op = event->kind == CRASH__EVENT_OP;

		if (event->kind == CRASH__EVENT_ACK)
			other = true;
		if (event->kind == CRASH__EVENT_ACK || event->kind == CRASH__EVENT_ALLOCATION ||
		    (op && !fs->steps[step].effects))
			continue;
		if (op && other)
			error = add_point(rerun, event, step, true);
		if (error == 0)
			error = add_point(rerun, event, step, false);
		other = false;
	}
	return error;
}

static void show(const struct crash__rerun_options *options, const struct crash__rerun *rerun,
		 uint64_t started)
{
	struct crash__progress progress = {.model = "rerun",
					   .tier = "real kills",
					   .done = rerun->checked + rerun->diverged,
					   .total = rerun->points_count,
					   .checked = rerun->checked,
					   .failed = rerun->failed,
					   .ns = crash__now_ns() - started};

	if (options->progress)
		options->progress(options->context, &progress);
}

static int run_all(const struct crash__rerun_options *options, struct crash__rerun *rerun,
		   struct crash__run_child *children, struct pollfd *polled)
{
	uint64_t started = crash__now_ns();
	uint32_t next = 0, done = 0;
	int error = 0;

	while (error == 0 && done < rerun->points_count && !rerun->stopped) {
		for (unsigned int i = 0; i < options->jobs; i++) {
			if (!children[i].busy && next < rerun->points_count) {
				children[i].busy = crash__send_all(children[i].channel, &next, sizeof next);
				next++;
			}
			polled[i] = (struct pollfd){.fd = children[i].busy ? children[i].channel : -1,
						    .events = POLLIN};
		}
		poll(polled, options->jobs, 100);
		for (unsigned int i = 0; i < options->jobs && error == 0; i++)
			if (polled[i].fd >= 0 && polled[i].revents) {
				error = take_answer(rerun, &children[i]);
				done++;
			}
		rerun->stopped = options->stop && atomic_load(options->stop);
		show(options, rerun, started);
	}
	rerun->ns = crash__now_ns() - started;
	return error;
}

int crash__rerun(const struct crash__rerun_options *options, struct crash__rerun *rerun)
{
	struct crash__run_child *children = calloc(options->jobs, sizeof *children);
	struct pollfd *polled = calloc(options->jobs, sizeof *polled);
	struct crash__guardian place = {0};
	int error;

	memset(rerun, 0, sizeof *rerun);
	error = children && polled ? list_points(&options->recording->fs, rerun) :
				     crash__fail(CRASH_ENOMEM, "no memory for runs");
	if (error == 0)
		error = crash__scratch_make(&place, 0);
	for (unsigned int i = 0; i < options->jobs && error == 0; i++)
		error = start_child(options, rerun, place.path, i, &children[i]);
	if (error == 0)
		error = run_all(options, rerun, children, polled);
	if (children)
		crash__run_children_end(children, options->jobs);
	crash__scratch_remove(&place);
	free(children);
	free(polled);
	return error;
}

void crash__rerun_clear(struct crash__rerun *rerun)
{
	for (size_t i = 0; i < rerun->points_count; i++)
		free(rerun->points[i].output);
	free(rerun->points);
	memset(rerun, 0, sizeof *rerun);
}
