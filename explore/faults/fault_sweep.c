/* SPDX-License-Identifier: MIT */
#include "explore/faults/fault_sweep.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/copy.h"
#include "base/error.h"
#include "explore/check/worker_channel.h"
#include "explore/recording/run_child.h"
#include "explore/recording/scratch_directory.h"

/* The number of the run that has no fault. */
#define CONTROL UINT32_MAX

/* One outcome comes back: this, and as many bytes of JSON, or of why there is none. */
struct answer {
	uint32_t number;
	int32_t error;
	uint32_t bytes;
	uint32_t pad;
};

/* ------------------------------------------------------------------ in a child */

static char *make_answer(struct crash__fault_place *place, const struct crash__injections *injections,
			 struct answer *answer)
{
	const struct crash__injection *injection =
		answer->number == CONTROL ? NULL : &injections->list[answer->number];
	struct crash__fault_outcome outcome = {0};
	char *text = NULL;
	json_t *object;

	answer->error = crash__faulted_run(place, injection, &outcome);
	if (answer->error == 0) {
		object = crash__fault_outcome_json(&outcome);
		text = object ? json_dumps(object, JSON_COMPACT) : NULL;
		json_decref(object);
		answer->error = text ? 0 : crash__fail(CRASH_ENOMEM, "no memory for an outcome");
	}
	crash__fault_outcome_clear(&outcome);
	return text ? text : strdup(crash_error_detail());
}

static _Noreturn void run_child(struct crash__fault_place *place, const struct crash__injections *injections,
				unsigned int number, const char *original, int channel)
{
	const struct crash__faulting *faulting = place->faulting;
	struct answer answer = {0};
	int error;

	error = crash__run_child_enter(faulting->checker->own_network);
	if (error == 0)
		error = crash__run_tree_enter(&place->tree, faulting->recording, number, place->files,
					      *original ? original : NULL, faulting->cwd);
	while (crash__receive_all(channel, &answer.number, sizeof answer.number)) {
		char *text;

		answer.error = error;
		text = error < 0 ? strdup(crash_error_detail()) : make_answer(place, injections, &answer);
		answer.bytes = text ? (uint32_t)strlen(text) : 0;
		if (!crash__send_all(channel, &answer, sizeof answer) ||
		    !crash__send_all(channel, text ? text : "", answer.bytes))
			break;
		free(text);
	}
	crash__run_tree_clear(&place->tree);
	_exit(0);
}

/* ------------------------------------------------------------------ the children */

struct children {
	struct crash__fault_sweep *sweep;
	struct crash__guardian place; /* outside of the children, with which all ends at once */
	char original[PATH_MAX];      /* what the data directory was; "": nobody can get at that */
	struct crash__run_child *list;
	struct pollfd *polled;
	unsigned int count;
	uint32_t next; /* fault that is tried; CONTROL: the first run */
	bool accepted; /* what the run without a fault has left */
};

/*
 * Where nothing can be mounted a run can reach the data directory itself, and may do so only where a call
 * fails. What it was is kept for the other runs, and for the user.
 */
static int keep_original(struct children *children)
{
	const struct crash__recording *recording = children->sweep->faulting.recording;

	if (crash__run_tree_is_alone(recording))
		return 0;
	snprintf(children->original, sizeof children->original, "%.3000s/original", recording->scratch.path);
	if (mkdir(children->original, 0700) < 0)
		return crash__fail_errno("cannot make %s", children->original);
	return crash__copy_tree(crash__base_directory(recording->base), children->original);
}

static int start_child(struct children *children, unsigned int number)
{
	const struct crash__fault_sweep *sweep = children->sweep;
	struct crash__run_child *child = &children->list[number];
	const struct crash__recording *recording = sweep->faulting.recording;
	struct crash__fault_place place = {.faulting = &sweep->faulting, .run = children->place.path};
	char files[PATH_MAX];
	int error;

	snprintf(files, sizeof files, "%.3000s/fault-%u", recording->scratch.path, number);
	if (mkdir(files, 0700) < 0 && errno != EEXIST)
		return crash__fail_errno("cannot make %s", files);
	place.files = files;
	error = crash__run_child_start(child, crash__run_tree_is_alone(recording));
	if (error == 1)
		run_child(&place, sweep->injections, number + 1, children->original, child->channel);
	return error;
}

static void end_children(struct children *children)
{
	if (children->list)
		crash__run_children_end(children->list, children->count);
	crash__scratch_remove(&children->place);
	free(children->list);
	free(children->polled);
}

/* ------------------------------------------------------------------ outcomes */

static int keep(struct crash__fault_sweep *sweep, uint32_t number, struct crash__fault_outcome *outcome)
{
	if (number == CONTROL) {
		sweep->control = *outcome;
		return 0;
	}
	sweep->outcomes[number] = *outcome;
	sweep->done++;
	sweep->found += crash__fault_is_found(outcome->kind);
	return sweep->outcome ? sweep->outcome(sweep->context, number, outcome) : 0;
}

static int take_text(struct crash__fault_sweep *sweep, const struct answer *answer, const char *text)
{
	struct crash__fault_outcome outcome;
	json_t *object;
	bool good;

	if (answer->error < 0)
		return crash__fail(answer->error, "%s", text);
	object = json_loads(text, 0, NULL);
	good = crash__fault_outcome_take(object, &outcome);
	json_decref(object);
	if (!good || (answer->number != CONTROL && answer->number >= sweep->injections->list_count)) {
		crash__fault_outcome_clear(&outcome);
		return crash__fail(CRASH_EKEEPER, "a run with a fault did not say what came of it");
	}
	return keep(sweep, answer->number, &outcome);
}

static int take_answer(struct crash__fault_sweep *sweep, struct crash__run_child *child)
{
	struct answer answer;
	char *text = NULL;
	int error;

	child->busy = false;
	if (crash__receive_all(child->channel, &answer, sizeof answer))
		text = calloc(1, answer.bytes + 1u);
	if (!text || !crash__receive_all(child->channel, text, answer.bytes)) {
		free(text);
		return crash__fail(CRASH_EKEEPER, "a process that ran the program with a fault was killed");
	}
	error = take_text(sweep, &answer, text);
	free(text);
	return error;
}

/* ------------------------------------------------------------------ all of them */

static bool is_wanted(const struct crash__fault_sweep *sweep, uint32_t number)
{
	return crash__fault_is_mine(sweep, &sweep->injections->list[number]) &&
	       sweep->outcomes[number].kind == CRASH__FAULT_NONE;
}

/* Whether there is one more. The run without a fault comes alone. */
static bool has_next(struct children *children)
{
	const struct crash__fault_sweep *sweep = children->sweep;

	if (children->next == CONTROL || !children->accepted)
		return children->next == CONTROL;
	while (children->next < sweep->injections->list_count && !is_wanted(sweep, children->next))
		children->next++;
	return children->next < sweep->injections->list_count;
}

static uint64_t count_running(const struct children *children)
{
	uint64_t running = 0;

	for (unsigned int i = 0; i < children->count; i++)
		running += children->list[i].busy;
	return running;
}

/* Whether nothing more is to be begun. */
static bool is_over(struct children *children, uint64_t running)
{
	struct crash__fault_sweep *sweep = children->sweep;

	sweep->stopped = sweep->stop && atomic_load(sweep->stop);
	if (!has_next(children))
		return true;
	if ((sweep->budget_faults && sweep->done + running >= sweep->budget_faults) ||
	    (sweep->budget_ns && crash__now_ns() - sweep->began_ns >= sweep->budget_ns))
		sweep->out_of_budget = true;
	return sweep->out_of_budget || sweep->stopped;
}

static void hand_out(struct children *children)
{
	uint64_t running = count_running(children);

	for (unsigned int i = 0; i < children->count; i++) {
		struct crash__run_child *child = &children->list[i];

		if (!child->busy && !is_over(children, running)) {
			/* that a child is dead is said by reading from it */
			crash__send_all(child->channel, &children->next, sizeof children->next);
			child->busy = true;
			children->next = children->next == CONTROL ? 0 : children->next + 1;
			running++;
		}
		children->polled[i] =
			(struct pollfd){.fd = child->busy ? child->channel : -1, .events = POLLIN};
	}
}

static void show(const struct crash__fault_sweep *sweep)
{
	struct crash__progress progress = {.phase = "trying faults",
					   .model = "faults",
					   .tier = "runs",
					   .done = sweep->known + sweep->done,
					   .total = sweep->mine,
					   .checked = sweep->known + sweep->done,
					   .failed = sweep->found,
					   .ns = crash__now_ns() - sweep->began_ns};

	if (sweep->progress)
		sweep->progress(sweep->context, &progress);
}

static int take_answers(struct children *children)
{
	int error = 0;

	for (unsigned int i = 0; i < children->count && error == 0; i++)
		if (children->polled[i].fd >= 0 && children->polled[i].revents)
			error = take_answer(children->sweep, &children->list[i]);
	children->accepted = children->sweep->control.verdict == CRASH__VERDICT_PASSED;
	return error;
}

static int run_all(struct children *children)
{
	struct crash__fault_sweep *sweep = children->sweep;
	int error = 0;

	for (;;) {
		hand_out(children);
		if (error < 0 || sweep->stopped || count_running(children) == 0)
			return error;
		poll(children->polled, children->count, 100);
		error = take_answers(children);
		show(sweep);
	}
}

static void count_known(struct crash__fault_sweep *sweep)
{
	for (size_t i = 0; i < sweep->injections->list_count; i++) {
		if (!crash__fault_is_mine(sweep, &sweep->injections->list[i]))
			continue;
		sweep->mine++;
		sweep->known += sweep->outcomes[i].kind != CRASH__FAULT_NONE;
		sweep->found += crash__fault_is_found(sweep->outcomes[i].kind);
	}
}

int crash__fault_sweep_run(struct crash__fault_sweep *sweep)
{
	struct children children = {.sweep = sweep, .count = sweep->jobs, .next = CONTROL};
	uint64_t started = crash__now_ns();
	int error;

	count_known(sweep);
	children.list = calloc(sweep->jobs, sizeof *children.list);
	children.polled = calloc(sweep->jobs, sizeof *children.polled);
	error = children.list && children.polled ? crash__scratch_make(&children.place, 0) :
						   crash__fail(CRASH_ENOMEM, "no memory for runs");
	if (error == 0)
		error = keep_original(&children);
	for (unsigned int i = 0; i < sweep->jobs && error == 0; i++)
		error = start_child(&children, i);
	if (error == 0)
		error = run_all(&children);
	end_children(&children);
	sweep->ns = crash__now_ns() - started;
	return error;
}

void crash__fault_sweep_clear(struct crash__fault_sweep *sweep)
{
	for (size_t i = 0; sweep->outcomes && i < sweep->injections->list_count; i++)
		crash__fault_outcome_clear(&sweep->outcomes[i]);
	crash__fault_outcome_clear(&sweep->control);
	free(sweep->outcomes);
	sweep->outcomes = NULL;
}
