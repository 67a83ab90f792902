/* SPDX-License-Identifier: MIT */
#include "explore/check/engine.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/error.h"
#include "common/plan.h"
#include "explore/atoms/make_atoms.h"
#include "explore/states/state_name.h"
#include "explore/states/view_new.h"

/* Counting how many states a tier has must not take longer than checking some of them. */
#define MOST_COUNTING_NS UINT64_C(5000000000)
/* What the checker said is kept of so many failures: a person reads the first. */
#define MOST_OUTPUTS 1000
/* After so many states that cost no check, the clock is looked at. */
#define LOOK_EVERY 64
#define PROGRESS_EVERY_NS UINT64_C(100000000)

/* ------------------------------------------------------------------ entries */

/* What the checker can see: the tree, and what was acknowledged by then. */
static struct crash__hash identity(const struct crash__engine *engine, struct crash__hash tree,
				   uint64_t acked)
{
	uint64_t parts[3] = {tree.low, tree.high, engine->options.acks_matter ? acked : 0};
	XXH128_hash_t hash = XXH3_128bits(parts, sizeof parts);

	return (struct crash__hash){hash.low64, hash.high64};
}

static struct crash__entry *find_entry(struct crash__engine *engine, struct crash__hash hash)
{
	struct crash__entry *found;

	HASH_FIND(hh, engine->entries, &hash, sizeof hash, found);
	return found;
}

static struct crash__entry *new_entry(struct crash__engine *engine, struct crash__hash hash)
{
	struct crash__entry *entry = calloc(1, sizeof *entry);

	if (!entry)
		return NULL;
	entry->hash = hash;
	entry->elsewhere =
		engine->options.shards > 1 && hash.low % engine->options.shards != engine->options.shard - 1;
	HASH_ADD(hh, engine->entries, hash, sizeof entry->hash, entry);
	if (CRASH__HASHED(entry))
		return entry;
	free(entry);
	return NULL;
}

/* Notes by which state an entry was named first. */
static bool describe(struct crash__entry *entry, uint32_t model, enum crash__tier tier,
		     const struct crash__state *state)
{
	crash__atom_id *atoms = malloc((state->count + 1) * sizeof *atoms);

	if (!atoms)
		return false;
	if (state->count)
		memcpy(atoms, state->flipped, state->count * sizeof *atoms);
	free((void *)(uintptr_t)entry->state.flipped);
	entry->state = *state;
	entry->state.flipped = atoms;
	entry->model = model;
	entry->tier = tier;
	return true;
}

int crash__engine_know(struct crash__engine *engine, const struct crash__known *known)
{
	struct crash__entry *entry = find_entry(engine, known->hash);

	if (!entry)
		entry = new_entry(engine, known->hash);
	if (!entry)
		return crash__fail(CRASH_ENOMEM, "no memory for verdicts");
	/* shards may have looked at the same state, to explain failures: they should agree */
	if (entry->known && crash__verdict_failed(entry->kind) != crash__verdict_failed(known->kind))
		entry->kind = CRASH__VERDICT_FLAKY;
	if (entry->known)
		return 0;
	entry->known = true;
	entry->kind = known->kind;
	entry->exit_code = known->exit_code;
	entry->signal = known->signal;
	entry->checker_ns = known->checker_ns;
	if (known->output && engine->outputs++ < MOST_OUTPUTS)
		entry->output = strdup(known->output);
	return 0;
}

void crash__engine_count(const struct crash__engine *engine, struct crash__counts *counts)
{
	*counts = (struct crash__counts){0};
	for (const struct crash__entry *entry = engine->entries; entry; entry = entry->hh.next) {
		if (!entry->used || entry->kind == CRASH__VERDICT_NONE)
			continue;
		counts->checked++;
		counts->known += entry->known;
		counts->failed += crash__verdict_failed(entry->kind);
		counts->flaky += entry->kind == CRASH__VERDICT_FLAKY;
		counts->checker_ns += entry->checker_ns;
	}
}

/* ------------------------------------------------------------------ the pool */

enum { GO_ON, END_TIER };

static void take_verdict(void *context, void *ticket, int error, const struct crash__check_result *result,
			 const char *output)
{
	struct crash__engine *engine = context;
	struct crash__entry *entry = ticket;

	entry->pending = false;
	if (error < 0) {
		engine->errors++;
		entry->error = strdup(output);
		if (!engine->first_error)
			engine->first_error = strdup(output);
		return;
	}
	entry->kind = result->kind;
	entry->exit_code = result->exit_code;
	entry->signal = result->signal;
	entry->checker_ns = result->checker_ns;
	engine->checked++;
	engine->failed += crash__verdict_failed(entry->kind);
	if (crash__verdict_failed(entry->kind) && !engine->first_failure)
		engine->first_failure = crash__now_ns() - engine->started;
	if (crash__verdict_failed(entry->kind) && engine->outputs++ < MOST_OUTPUTS)
		entry->output = strdup(output);
	if (entry == engine->final && entry->kind != CRASH__VERDICT_PASSED)
		engine->final_output = strdup(output);
	/* a state that lacks something was not the state: a later run looks at it again */
	if (engine->options.verdict && !crash__attributes_lost())
		engine->options.verdict(engine->options.context, entry, result, output);
}

static bool interrupted(struct crash__engine *engine)
{
	if (engine->options.stop && atomic_load(engine->options.stop))
		engine->stopped = true;
	return engine->stopped;
}

/* Waits until so many workers at most are busy. END_TIER: it was interrupted, which a slow checker delays by
 * nothing. */
static int await_workers(struct crash__engine *engine, unsigned int busy)
{
	int error = 0;

	while (engine->pool && crash__pool_busy(engine->pool) > busy && error >= 0) {
		if (interrupted(engine))
			return END_TIER;
		error = crash__pool_wait(engine->pool, 100);
	}
	return error < 0 ? error : GO_ON;
}

/* Workers share the atoms of one model. */
static int need_pool(struct crash__engine *engine, uint32_t model)
{
	int error;

	if (engine->pool && engine->pool_model == model)
		return 0;
	error = await_workers(engine, 0);
	if (error != GO_ON)
		return error;
	crash__pool_free(engine->pool);
	engine->pool = NULL;
	engine->pool_model = model;
	engine->config = (struct crash__worker_config){
		.fs = engine->options.fs,
		.atoms = &engine->atoms[model],
		.checker = &engine->options.checker,
		.directory = engine->options.directory,
		.scratch = engine->options.scratch,
		.namespaces = engine->options.namespaces,
		.mounted = engine->options.mounted,
		.same_pids = engine->options.same_pids,
	};
	return crash__pool_new(&engine->config, engine->options.jobs, take_verdict, engine, &engine->pool);
}

static bool time_is_up(struct crash__engine *engine)
{
	if (engine->options.budget_ns && crash__now_ns() - engine->started >= engine->options.budget_ns)
		engine->out_of_budget = true;
	return engine->out_of_budget;
}

static bool spent(struct crash__engine *engine)
{
	const struct crash__engine_options *options = &engine->options;
	/* there is none yet where what has come so far was known */
	unsigned int busy = engine->pool ? crash__pool_busy(engine->pool) : 0;

	if (options->budget_states && engine->checked + busy >= options->budget_states)
		engine->out_of_budget = true;
	return time_is_up(engine);
}

static void show_progress(struct crash__engine *engine, bool now)
{
	uint64_t time = crash__now_ns();

	if (!engine->options.progress || (!now && time - engine->shown < PROGRESS_EVERY_NS))
		return;
	engine->shown = time;
	engine->now.checked = engine->checked;
	engine->now.failed = engine->failed;
	engine->now.ns = time - engine->started;
	engine->options.progress(engine->options.context, &engine->now);
}

/* END_TIER: it was interrupted before there was a worker for it. */
static int submit(struct crash__engine *engine, struct crash__entry *entry, uint32_t model,
		  const struct crash__state *state)
{
	char point[CRASH__NAME + 48];
	char *name;
	int error = need_pool(engine, model);

	if (error == GO_ON)
		error = await_workers(engine, engine->options.jobs - 1);
	if (error != GO_ON)
		return error;
	name = crash__state_name(&engine->atoms[model], state);
	if (!name)
		return crash__fail(CRASH_ENOMEM, "no memory for a state");
	crash__point_name(engine->options.fs, state->step, point, sizeof point);
	entry->pending = true;
	error = crash__pool_submit(engine->pool, state, point, name, entry);
	if (error < 0)
		entry->pending = false;
	free(name);
	return error;
}

static int drain(struct crash__engine *engine)
{
	int error = 0;

	while (engine->pool && crash__pool_busy(engine->pool) && error >= 0 && !interrupted(engine)) {
		error = crash__pool_wait(engine->pool, 100);
		show_progress(engine, false);
	}
	return error < 0 ? error : 0;
}

/* ------------------------------------------------------------------ one tier */

struct pass {
	struct crash__engine *engine;
	struct crash__tier_result *result;
	uint64_t started;
	uint64_t looked_at; /* states, whether or not they have to be checked */
	bool counting;
};

static int take_state(void *context, struct crash__view *view, const struct crash__state *state)
{
	struct pass *pass = context;
	struct crash__engine *engine = pass->engine;
	struct crash__tier_result *result = pass->result;
	struct crash__entry *entry;
	struct crash__hash hash;
	int error = crash__view_hash_flipped(view, state->flipped, state->count, &hash);

	if (error < 0)
		return error;
	if (interrupted(engine) || (++pass->looked_at % LOOK_EVERY == 0 && time_is_up(engine)))
		return END_TIER;
	hash = identity(engine, hash, state->acked);
	entry = find_entry(engine, hash);
	if (!entry && !(entry = new_entry(engine, hash)))
		return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
	if (!entry->number) {
		result->fresh++;
		if (!describe(entry, result->model, result->tier, state))
			return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
		entry->number = ++engine->numbered;
		/* what is known from before need not be checked */
		entry->used |= !entry->elsewhere;
		result->checked += entry->kind != CRASH__VERDICT_NONE && !entry->elsewhere;
	}
	entry->models |= 1u << result->model;
	if (pass->counting) {
		result->named++;
		if (result->named % 1024 == 0 && crash__now_ns() - pass->started > MOST_COUNTING_NS)
			return END_TIER;
		show_progress(engine, false);
		return GO_ON;
	}
	if (!result->counted)
		result->named++;
	if (entry->kind != CRASH__VERDICT_NONE || entry->pending || entry->elsewhere || entry->error)
		return GO_ON;
	if (engine->options.passive) {
		result->missed = true;
		return GO_ON;
	}
	if (spent(engine))
		return END_TIER;
	error = submit(engine, entry, result->model, state);
	result->checked += error == GO_ON;
	engine->now.done = result->checked;
	show_progress(engine, false);
	return error;
}

static int run_tier(struct crash__engine *engine, uint32_t model, enum crash__tier tier)
{
	struct crash__tier_result *result = CRASH__PUSH(engine, results);
	struct pass pass = {.engine = engine, .counting = true, .started = crash__now_ns()};
	int error;

	if (!result)
		return crash__fail(CRASH_ENOMEM, "no memory for results");
	*result = (struct crash__tier_result){.model = model, .tier = tier, .started = true};
	pass.result = result;
	engine->now = (struct crash__progress){.model = engine->options.models[model].name,
					       .tier = crash__tiers[tier].name};
	error = crash__tier_run(tier, &engine->atoms[model], &engine->options.tier_options, take_state,
				&pass);
	if (error < 0)
		return error;
	result->counted = error == GO_ON;
	engine->now.total = result->counted ? result->fresh : 0;
	if (!result->counted && !engine->stopped)
		result->named = 0;
	pass.counting = false;
	if (!engine->stopped && !engine->out_of_budget)
		error = crash__tier_run(tier, &engine->atoms[model], &engine->options.tier_options,
					take_state, &pass);
	if (error < 0)
		return error;
	result->finished = error == GO_ON && !engine->stopped && !engine->out_of_budget && !result->missed;
	error = drain(engine);
	result->finished &= !engine->stopped;
	return error;
}

/* A tier that was wanted and never came to its turn is said to be so. */
static int skip_tier(struct crash__engine *engine, uint32_t model, enum crash__tier tier)
{
	struct crash__tier_result *result = CRASH__PUSH(engine, results);

	if (!result)
		return crash__fail(CRASH_ENOMEM, "no memory for results");
	*result = (struct crash__tier_result){.model = model, .tier = tier};
	return 0;
}

/* ------------------------------------------------------------------ all of it */

/* What the program left as long as the machine runs: whatever a model says of failed syncs, say. */
static const struct crash__model final_model = {.name = "kill", .process_only = 1};

/* The state in which the program left everything: if that is wrong, it is not a crash that made it so. */
static int check_final(struct crash__engine *engine)
{
	struct crash__state state = {.step = (int64_t)engine->options.fs->steps_count - 1};
	uint32_t model = engine->options.model_count; /* behind the others: in it nothing is ever lost */
	struct crash__view *view = NULL;
	struct crash__hash hash;
	int error = crash__view_new(&engine->atoms[model], CRASH__EVERYTHING, &view);

	engine->now = (struct crash__progress){.model = final_model.name, .tier = "final state"};
	if (error == 0)
		error = crash__view_advance(view, state.step);
	if (error < 0) {
		crash__view_free(view);
		return error;
	}
	state.acked = state.step < 0 ? 0 : engine->options.fs->steps[state.step].acked;
	hash = identity(engine, crash__view_hash(view), state.acked);
	crash__view_free(view);
	engine->final = find_entry(engine, hash);
	if (!engine->final && !(engine->final = new_entry(engine, hash)))
		return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
	engine->final->elsewhere = false;
	engine->final->used = true;
	if (engine->final->known && engine->final->kind != CRASH__VERDICT_PASSED && engine->final->output)
		engine->final_output = strdup(engine->final->output);
	if (engine->final->known || engine->options.passive)
		return 0;
	error = submit(engine, engine->final, model, &state);
	while (error == GO_ON && engine->final->pending && !interrupted(engine))
		error = crash__pool_wait(engine->pool, 100) < 0 ? CRASH_EKEEPER : 0;
	if (error == 0 && engine->final->error)
		error = crash__fail(CRASH_ESYSTEM, "%s", engine->final->error);
	return error < 0 ? error : 0;
}

int crash__engine_run(struct crash__engine *engine)
{
	const struct crash__engine_options *options = &engine->options;
	int error;

	assert(options->jobs && options->model_count && options->model_count <= CRASH__MOST_MODELS);
	assert(options->shard >= 1 && options->shard <= options->shards);
	engine->started = crash__now_ns();
	engine->points = options->fs->steps_count + 1;
	error = check_final(engine);
	for (uint32_t tier = 0; tier < CRASH__TIERS && error == 0; tier++)
		for (uint32_t model = 0; model < options->model_count && error == 0; model++) {
			bool wanted = options->tiers & 1u << tier;

			/* nothing is lost, but for the rest of the write that is under way */
			if (options->models[model].process_only && !crash__tiers[tier].of_kill)
				wanted = false;
			if (!wanted || engine->final->kind != CRASH__VERDICT_PASSED)
				continue;
			if (engine->stopped || engine->out_of_budget)
				error = skip_tier(engine, model, (enum crash__tier)tier);
			else
				error = run_tier(engine, model, (enum crash__tier)tier);
		}
	for (size_t i = 0; i < engine->results_count; i++) {
		engine->named += engine->results[i].named;
		engine->fresh += engine->results[i].fresh;
	}
	for (struct crash__entry *entry = engine->entries; entry; entry = entry->hh.next) {
		engine->elsewhere += entry->elsewhere && entry->number;
		engine->unknown_states +=
			options->passive && entry->number && entry->kind == CRASH__VERDICT_NONE;
	}
	show_progress(engine, true);
	engine->spent = crash__now_ns() - engine->started;
	engine->failure = error;
	return error;
}

/* ------------------------------------------------------------------ probing */

static int move_probe(struct crash__engine *engine, uint32_t model, int64_t step)
{
	if (engine->probe && (engine->probe_model != model || crash__view_step(engine->probe) > step)) {
		crash__view_free(engine->probe);
		engine->probe = NULL;
	}
	if (!engine->probe) {
		int error = crash__view_new(&engine->atoms[model], CRASH__EVERYTHING, &engine->probe);

		if (error < 0)
			return error;
		engine->probe_model = model;
	}
	return crash__view_advance(engine->probe, step);
}

/* Failures are explained when the budget is spent: for as long again, at most. */
static bool explaining_is_over(const struct crash__engine *engine)
{
	uint64_t budget = engine->options.budget_ns;

	return budget && (crash__now_ns() - engine->started) / 2 >= budget;
}

/* Has an entry checked, and waits for what comes of it. */
static void check_probed(struct crash__engine *engine, struct crash__entry *entry, uint32_t model,
			 const struct crash__state *state)
{
	if (interrupted(engine) || explaining_is_over(engine) || entry->error)
		return;
	if (!entry->state.flipped && !describe(entry, model, CRASH__TIER_OMIT, state))
		return;
	if (submit(engine, entry, model, state) != GO_ON)
		return;
	while (entry->pending && !interrupted(engine))
		if (crash__pool_wait(engine->pool, 100) < 0)
			break;
}

/* The hash of a state that has lost some atoms. */
static int hash_probed(struct crash__engine *engine, uint32_t model, const struct crash__state *state,
		       struct crash__hash *hash)
{
	int error = move_probe(engine, model, state->step);

	if (error < 0)
		return error;
	crash__view_choose(engine->probe, state->choice);
	error = crash__view_hash_flipped(engine->probe, state->flipped, state->count, hash);
	crash__view_choose(engine->probe, 0);
	*hash = identity(engine, *hash, state->acked);
	return error;
}

struct crash__entry *crash__engine_probe(struct crash__engine *engine, uint32_t model,
					 const struct crash__state *probed, bool check)
{
	struct crash__state state = *probed;
	struct crash__entry *entry;
	struct crash__hash hash;

	assert(state.reference == CRASH__EVERYTHING);
	state.acked = state.step < 0 ? 0 : engine->options.fs->steps[state.step].acked;
	if (hash_probed(engine, model, &state, &hash) < 0)
		return NULL;
	entry = find_entry(engine, hash);
	if (check && (!entry || entry->kind == CRASH__VERDICT_NONE)) {
		engine->unknown_probes += engine->options.passive;
		if (engine->options.passive || (!entry && !(entry = new_entry(engine, hash))))
			return NULL;
		check_probed(engine, entry, model, &state);
	}
	/* what an earlier run has asked for, and this one has not, must not change what comes of it */
	if (!entry || entry->kind == CRASH__VERDICT_NONE || (!check && !entry->used))
		return NULL;
	if (!entry->state.flipped && !describe(entry, model, CRASH__TIER_OMIT, &state))
		return NULL;
	entry->models |= 1u << model;
	entry->used |= check;
	return entry;
}

const struct crash__entry *crash__engine_find(struct crash__engine *engine, const struct crash__atoms *atoms,
					      const struct crash__state *state)
{
	uint64_t acked = state->step < 0 ? 0 : engine->options.fs->steps[state->step].acked;
	struct crash__entry *entry = NULL;
	struct crash__view *view = NULL;
	struct crash__hash hash;

	if (crash__view_new_choice(atoms, CRASH__EVERYTHING, state->choice, &view) == 0 &&
	    crash__view_advance(view, state->step) == 0 &&
	    crash__view_hash_flipped(view, state->flipped, state->count, &hash) == 0)
		entry = find_entry(engine, identity(engine, hash, acked));
	crash__view_free(view);
	return entry;
}

/* ------------------------------------------------------------------ making one */

int crash__engine_new(const struct crash__engine_options *options, struct crash__engine **out)
{
	struct crash__engine *engine = calloc(1, sizeof *engine);
	int error = 0;

	if (!engine)
		return crash__fail(CRASH_ENOMEM, "no memory for an exploration");
	engine->options = *options;
	engine->pool_model = UINT32_MAX;
	engine->atoms = calloc(options->model_count + 1, sizeof *engine->atoms);
	if (!engine->atoms)
		error = crash__fail(CRASH_ENOMEM, "no memory for an exploration");
	for (uint32_t i = 0; i < options->model_count && error == 0; i++)
		error = crash__atoms_make(&engine->atoms[i], options->fs, &options->models[i]);
	if (error == 0)
		error = crash__atoms_make(&engine->atoms[options->model_count], options->fs, &final_model);
	if (error < 0)
		crash__engine_free(engine);
	else
		*out = engine;
	return error;
}

void crash__engine_free(struct crash__engine *engine)
{
	struct crash__entry *entry, *next;

	if (!engine)
		return;
	crash__pool_free(engine->pool);
	crash__view_free(engine->probe);
	HASH_ITER(hh, engine->entries, entry, next) {
		HASH_DEL(engine->entries, entry);
		free((void *)(uintptr_t)entry->state.flipped);
		free(entry->error);
		free(entry->output);
		free(entry);
	}
	for (uint32_t i = 0; engine->atoms && i <= engine->options.model_count; i++)
		crash__atoms_clear(&engine->atoms[i]);
	free(engine->atoms);
	free(engine->results);
	free(engine->final_output);
	free(engine->first_error);
	free(engine);
}
