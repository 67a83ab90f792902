/* SPDX-License-Identifier: MIT */
#include "explore/findings/exploration.h"

#include "base/attributes.h"
#include "base/clock.h"
#include "explore/atoms/uncovered.h"
#include "explore/findings/find_causes.h"
#include "explore/recording/missed.h"
#include "symbols/callsite.h"
#include "trace/event_text.h"

/* Where in the program each step comes from. */
static int find_sites(struct crash__exploration *exploration)
{
	const struct crash__fs *fs = &exploration->recording.fs;
	struct crash__callsites *callsites;
	int error = crash__callsites_new(fs->trace, fs->root, &callsites);

	if (error < 0)
		return error;
	exploration->sites = calloc(fs->steps_count + 1, sizeof *exploration->sites);
	for (size_t step = 0; exploration->sites && step < fs->steps_count; step++)
		exploration->sites[step] = crash__callsite_number(callsites, fs->steps[step].event);
	crash__callsites_free(callsites);
	return exploration->sites ? 0 : crash__fail(CRASH_ENOMEM, "no memory for an exploration");
}

int crash__explore_start(const struct crash__explore_options *options, struct crash__exploration *exploration)
{
	struct crash__engine_options engine = options->engine;

	engine.fs = &exploration->recording.fs;
	engine.models = options->models;
	engine.model_count = options->model_count;
	engine.directory = exploration->recording.directory;
	engine.scratch = exploration->recording.scratch.path;
	engine.namespaces = exploration->recording.namespaces;
	engine.mounted = exploration->recording.mounted;
	engine.same_pids = exploration->recording.same_pids;
	if (!engine.in_trace_order) {
		int error = find_sites(exploration);

		if (error < 0)
			return error;
	}
	engine.sites = exploration->sites;
	return crash__engine_new(&engine, &exploration->engine);
}

/* ------------------------------------------------------------------ running */

/* Stores to mapped files of which not every combination was looked at. */
static int note_stores(struct crash__exploration *exploration)
{
	const struct crash__engine_options *options = &exploration->engine->options;
	uint64_t many = 0;

	for (uint32_t model = 0; model < options->model_count; model++)
		if (options->models[model].process_only)
			many = crash__tier_many_stores(&exploration->engine->atoms[model]);
	return many ? crash__recording_incomplete(
			      &exploration->recording,
			      "a process crash among stores to mapped files was looked at %llu times with "
			      "each "
			      "of more than %d parts alone and missing, and not in every combination",
			      (unsigned long long)many, CRASH__TIER_STORES) :
		      0;
}

static int say_uncovered(struct crash__exploration *exploration, const struct crash__model *model,
			 uint32_t step, const char *format)
{
	char point[64];

	if (step == CRASH__FS_NEVER)
		return 0;
	crash__event_point(exploration->engine->options.fs->steps[step].event, point, sizeof point);
	return crash__recording_incomplete(&exploration->recording, format, model->name, point);
}

/* What a file system may leave and no state of its model is. */
static int note_uncovered(struct crash__exploration *exploration)
{
	const struct crash__engine_options *options = &exploration->engine->options;
	int error = 0;

	for (uint32_t i = 0; i < options->model_count && error == 0; i++) {
		const struct crash__model *model = &options->models[i];
		struct crash__uncovered uncovered;

		error = crash__uncovered(options->fs, model, &uncovered);
		if (error == 0)
			error = say_uncovered(
				exploration, model, uncovered.names,
				"%s may leave names after %s that are in no state of its model, as those of "
				"a synced file were changed again: see crashinject-models(5)");
		if (error == 0)
			error = say_uncovered(
				exploration, model, uncovered.blocks,
				"%s may leave bytes of another file after %s that are in no state of its "
				"model, as blocks were given back: see crashinject-models(5)");
	}
	return error;
}

/* What the budget was spent on. Only where no class is left out, and the end of the recording was reached,
 * does it say so. */
static int note_budget(struct crash__exploration *exploration)
{
	const struct crash__engine *engine = exploration->engine;
	uint64_t checked = 0;

	if (engine->final->kind == CRASH__VERDICT_NONE)
		return crash__recording_incomplete(&exploration->recording,
						   "the budget ran out before the final state was checked");
	if (engine->options.in_trace_order)
		return crash__recording_incomplete(
			&exploration->recording,
			"the budget ran out before all states were checked: they were checked from the "
			"trace's beginning on");
	/* of the tiers: what explains failures is checked besides */
	for (size_t i = 0; i < engine->results_count; i++)
		checked += engine->results[i].checked;
	return crash__recording_incomplete(
		&exploration->recording,
		"the budget ran out before all states were checked: %llu of %llu classes and %llu of %s%llu "
		"states were, over %s",
		(unsigned long long)engine->seen, (unsigned long long)engine->classes,
		(unsigned long long)checked, engine->counted ? "" : "at least ",
		(unsigned long long)engine->fresh,
		engine->crossed ? "the whole trace" : "a part of the trace");
}

/* Verdicts of equal trees were taken for those of others, and are not. */
static int note_unlike(struct crash__exploration *exploration)
{
	const struct crash__engine *engine = exploration->engine;
	const struct crash__entry *entry = engine->unlike;
	char *name = crash__state_name(&engine->atoms[entry->model], &entry->state);
	int error = crash__recording_incomplete(
		&exploration->recording,
		"recovery leaves the same tree of %s and of another state, and the checker says %s of one "
		"and %s "
		"of the other: it looks at something else, or is flaky; have --check do both",
		name ? name : "a state", crash__verdict_name(entry->kind),
		crash__verdict_name(entry->alike->kind));

	free(name);
	return error;
}

int crash__explore_note_blind(struct crash__recording *recording)
{
	return crash__recording_incomplete(
		recording,
		"the checker sees nothing: neither it nor recovery has opened a file of the data directory, "
		"and an empty one is accepted, too");
}

static int note_unchecked(struct crash__exploration *exploration)
{
	const struct crash__engine *engine = exploration->engine;
	struct crash__counts counts;
	int error = 0;

	crash__engine_count(engine, &counts);
	if (crash__engine_is_blind(engine))
		error = crash__explore_note_blind(&exploration->recording);
	if (error == 0 && engine->stopped)
		error = crash__recording_incomplete(&exploration->recording, "it was interrupted");
	if (error == 0 && engine->out_of_budget)
		error = note_budget(exploration);
	if (error == 0 && engine->cut_short)
		error = crash__recording_incomplete(
			&exploration->recording, "the budget ran out before all failures were explained: "
						 "what a finding names may not be "
						 "the least that it needs, and may be that of another one");
	if (error == 0 && engine->errors)
		error = crash__recording_incomplete(
			&exploration->recording, "%llu states could not be checked, the first: %s",
			(unsigned long long)engine->errors, engine->first_error ? engine->first_error : "?");
	if (error == 0 && crash__attributes_lost())
		error = crash__recording_incomplete(&exploration->recording, "states lack something: %s",
						    crash__attributes_lost());
	if (error == 0 && engine->options.passive && engine->final->kind == CRASH__VERDICT_NONE)
		error = crash__recording_incomplete(&exploration->recording,
						    "the final state has no verdict in any of the results");
	if (error == 0 && engine->unknown_states)
		error = crash__recording_incomplete(&exploration->recording,
						    "%llu states have no verdict in any of the results",
						    (unsigned long long)engine->unknown_states);
	if (error == 0 && engine->unknown_probes)
		error = crash__recording_incomplete(
			&exploration->recording,
			"to explain the failures, %llu verdicts would be needed that none of the results has",
			(unsigned long long)engine->unknown_probes);
	if (error == 0 && counts.flaky)
		error = crash__recording_incomplete(
			&exploration->recording,
			"the checker is flaky: %llu states failed once and passed when checked again",
			(unsigned long long)counts.flaky);
	if (error == 0 && engine->unlike)
		error = note_unlike(exploration);
	if (error == 0 && exploration->causes.unexplained)
		error = crash__recording_incomplete(&exploration->recording,
						    "the cause of %llu failing states was not found",
						    (unsigned long long)exploration->causes.unexplained);
	return error;
}

/* What a state lacks may be what somebody else has taken away. */
static int note_changed(struct crash__exploration *exploration)
{
	int error = crash__note_changed(&exploration->recording);

	if (exploration->recording.base_changed)
		crash__causes_clear(&exploration->causes);
	return error;
}

static int explain(void *search)
{
	return crash__causes_find(search);
}

/* Failures are explained in the end, and meanwhile, where the budget is to be spent. */
static int run(struct crash__exploration *exploration)
{
	struct crash__engine *engine = exploration->engine;
	struct crash__cause_search *search = NULL;
	int error = crash__causes_begin(engine, &exploration->causes, &search);

	engine->options.explain = explain;
	engine->options.explains = search;
	if (error == 0)
		error = crash__engine_run(engine);
	if (error == 0 && engine->final->kind == CRASH__VERDICT_PASSED)
		error = crash__causes_find(search);
	engine->options.explain = NULL;
	crash__causes_end(search);
	return error;
}

int crash__explore_run(struct crash__exploration *exploration)
{
	struct crash__engine *engine = exploration->engine;
	int error = run(exploration), changed;

	engine->spent = crash__now_ns() - engine->started;
	changed = note_changed(exploration);
	if (error == 0)
		error = changed < 0 ? changed : note_stores(exploration);
	if (error == 0)
		error = note_uncovered(exploration);
	return error == 0 ? note_unchecked(exploration) : error;
}

void crash__explore_clear(struct crash__exploration *exploration)
{
	crash__causes_clear(&exploration->causes);
	crash__engine_free(exploration->engine);
	free(exploration->sites);
	crash__recording_clear(&exploration->recording);
}
