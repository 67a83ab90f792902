/* SPDX-License-Identifier: MIT */
#include "explore/faults/then_crash.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "explore/faults/fault_notice.h"
#include "explore/recording/prepare_recording.h"
#include "explore/recording/run_input.h"

bool crash__then_crash_wants(const struct crash__then_crash *then, size_t number)
{
	enum crash__fault_kind kind = then->sweep->outcomes[number].kind;

	return crash__fault_is_mine(then->sweep, &then->sweep->injections->list[number]) &&
	       (kind == CRASH__FAULT_GOOD || kind == CRASH__FAULT_ABORTED || kind == CRASH__FAULT_IGNORED);
}

/* Whether nothing more is to be begun. */
static bool is_over(struct crash__then_crash *then)
{
	const struct crash__engine_options *options = &then->explore.engine;

	const struct crash__fault_sweep *sweep = then->sweep;

	if ((options->stop && atomic_load(options->stop)) ||
	    (sweep->budget_faults && sweep->done + then->done - then->known_before >= sweep->budget_faults) ||
	    (options->budget_ns && crash__now_ns() - options->began_ns >= options->budget_ns))
		then->cut_short = true;
	return then->cut_short;
}

/* ------------------------------------------------------------------ one of them */

static bool is_met(const struct crash__then_crash *then, const struct crash__injection *injection,
		   const struct crash__recording *recording)
{
	const struct crash__recording *first = then->sweep->faulting.recording;
	struct crash__event_of now = {&recording->trace, NULL, recording->top},
			       recorded = {&first->trace, NULL, first->top};
	uint64_t hits;

	if (!injection)
		return true;
	recorded.event = first->fs.steps[injection->step].event;
	now.event = crash__fault_first(&recording->trace, &hits);
	return now.event && crash__fault_is_same_op(recorded, now);
}

static int explore(struct crash__then_crash *then, struct crash__explore_options *options,
		   const struct crash__injection *injection, struct crash__exploration *exploration)
{
	struct crash__counts counts;
	int error = crash__recording_prepare(&options->recording, &exploration->recording);

	if (error == 0 && !is_met(then, injection, &exploration->recording)) {
		then->not_met++;
		return 0;
	}
	if (error == 0)
		error = crash__explore_start(options, exploration);
	if (error == 0 && then->begun)
		error = then->begun(then->context, options, exploration);
	if (error == 0)
		error = crash__explore_run(exploration);
	if (error < 0)
		return error;
	then->done += injection != NULL;
	then->states += exploration->engine->fresh;
	crash__engine_count(exploration->engine, &counts); /* also those that were known */
	then->failed += counts.failed;
	then->cut_short =
		then->cut_short || exploration->engine->stopped || exploration->engine->out_of_budget;
	return then->explored(then->context, injection, exploration);
}

static int explore_fault(struct crash__then_crash *then, const struct crash__injection *injection)
{
	const struct crash__faulting *faulting = &then->sweep->faulting;
	struct crash__exploration exploration = {0};
	struct crash__explore_options options = then->explore;
	struct crash__request request = *faulting->request;
	int input = crash__input_open(faulting->input), error;
	char *rules = injection ? crash__injection_rules(&faulting->recording->fs, injection) : NULL;

	options.engine.looks_not = injection != NULL;
	request.in = input < 0 ? request.in : input;
	request.scenario = rules;
	request.hides_scenario = true;
	request.tell = NULL;
	request.every_ms = 0;
	request.trace = memfd_create("crashinject-fault", MFD_CLOEXEC);
	options.recording = (struct crash__recording_options){
		.request = &request, .directory = then->directory, .setup = then->setup, .copy = then->copy};
	error = request.trace < 0 || (injection && !rules) ?
			crash__fail(CRASH_ENOMEM, "no memory for the recording of a fault") :
			explore(then, &options, injection, &exploration);
	crash__explore_clear(&exploration);
	if (request.trace >= 0)
		close(request.trace);
	if (input >= 0)
		close(input);
	free(rules);
	return error;
}

int crash__then_crash_without(struct crash__then_crash *then)
{
	return explore_fault(then, NULL);
}

/* ------------------------------------------------------------------ all of them */

/* Whether it need not be explored. */
static bool is_known(struct crash__then_crash *then, const struct crash__injection *injection)
{
	uint64_t states = 0, failed = 0;

	if (!then->known || !then->known(then->context, injection, &states, &failed))
		return false;
	then->done += injection != NULL;
	then->known_before += injection != NULL;
	then->states += states;
	then->failed += failed;
	return true;
}

int crash__then_crash_run(struct crash__then_crash *then)
{
	const struct crash__injections *injections = then->sweep->injections;
	int error = 0;

	for (size_t i = 0; i < injections->list_count; i++)
		then->wanted += crash__then_crash_wants(then, i);
	if (!is_known(then, NULL) && !is_over(then))
		error = explore_fault(then, NULL);
	for (size_t i = 0; i < injections->list_count && error == 0; i++)
		if (crash__then_crash_wants(then, i) && !is_known(then, &injections->list[i]) &&
		    !is_over(then))
			error = explore_fault(then, &injections->list[i]);
	return error;
}
