/* SPDX-License-Identifier: MIT */
#include "explore/check/engine.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/clock.h"
#include "base/error.h"
#include "common/plan.h"
#include "explore/atoms/make_atoms.h"
#include "explore/check/engine_parts.h"
#include "explore/states/state_name.h"
#include "explore/states/view_new.h"

/* What the checker said is kept of so many failures: a person reads the first. */
#define MOST_OUTPUTS 1000
#define PROGRESS_EVERY_NS UINT64_C(100000000)

/* ------------------------------------------------------------------ entries */

struct crash__hash crash__engine_identity(const struct crash__engine *engine, struct crash__hash tree,
					  uint64_t acked)
{
	const struct crash__engine_options *options = &engine->options;
	uint64_t said = options->acks ? options->acked : acked;
	uint64_t parts[] = {tree.low, tree.high, options->acks_matter ? said : 0, options->mark.low,
			    options->mark.high};
	/* of a recovery alone, as verdicts that are kept have the others without */
	size_t count = options->acks ? 5 : 3;
	XXH128_hash_t hash = XXH3_128bits(parts, count * sizeof *parts);

	return (struct crash__hash){hash.low64, hash.high64};
}

static struct crash__entry *find(const struct crash__engine *engine, struct crash__hash hash)
{
	struct crash__entry *found;

	HASH_FIND(hh, engine->entries, &hash, sizeof hash, found);
	return found;
}

struct crash__entry *crash__engine_entry(struct crash__engine *engine, struct crash__hash hash)
{
	struct crash__entry *found = find(engine, hash);
	const struct crash__entry *other =
		!found && engine->options.before ? find(engine->options.before, hash) : NULL;

	if (!other || !other->known)
		return found;
	return crash__engine_know(engine, &(struct crash__known){.hash = hash,
								 .kind = other->kind,
								 .exit_code = other->exit_code,
								 .signal = other->signal,
								 .checker_ns = other->checker_ns,
								 .output = other->output}) == 0 ?
		       find(engine, hash) :
		       NULL;
}

bool crash__engine_wants(const struct crash__engine *engine, uint32_t model, const struct crash__state *state)
{
	const struct crash__engine_options *options = &engine->options;

	return !options->wants || options->wants(options->wishes, model, state);
}

bool crash__engine_also(const struct crash__engine *engine, uint32_t model, const struct crash__state *state,
			struct crash__state *other)
{
	const struct crash__engine_options *options = &engine->options;

	return options->also && options->also(options->wishes, model, state, other);
}

bool crash__engine_is_elsewhere(const struct crash__engine *engine, struct crash__hash hash)
{
	return engine->options.shards > 1 && hash.low % engine->options.shards != engine->options.shard - 1;
}

struct crash__entry *crash__engine_new_entry(struct crash__engine *engine, struct crash__hash hash)
{
	struct crash__entry *entry = calloc(1, sizeof *entry);

	if (!entry)
		return NULL;
	entry->hash = hash;
	entry->elsewhere = crash__engine_is_elsewhere(engine, hash);
	HASH_ADD(hh, engine->entries, hash, sizeof entry->hash, entry);
	if (CRASH__HASHED(entry))
		return entry;
	free(entry);
	return NULL;
}

bool crash__engine_describe(struct crash__entry *entry, uint32_t model, enum crash__tier tier,
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
	struct crash__entry *entry = find(engine, known->hash);

	if (!entry)
		entry = crash__engine_new_entry(engine, known->hash);
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
		counts->equal += entry->equal;
		counts->checker_ns += entry->checker_ns;
	}
}

/* ------------------------------------------------------------------ the pool */

void crash__engine_take(struct crash__engine *engine, struct crash__entry *entry, int error,
			const struct crash__check_result *result, const char *output)
{
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
	crash__engine_recovered(engine, entry, result);
	if (entry->equal && entry->alike)
		output = entry->alike->output ? entry->alike->output : "";
	engine->checked++;
	engine->now.equal += entry->equal;
	if (result->checker_ns > engine->longest_ns)
		engine->longest_ns = result->checker_ns;
	engine->failed += crash__verdict_failed(entry->kind);
	if (crash__verdict_failed(entry->kind) && !engine->first_failure)
		engine->first_failure = crash__now_ns() - engine->started;
	if (crash__verdict_failed(entry->kind) && engine->outputs++ < MOST_OUTPUTS)
		entry->output = strdup(output);
	if (entry == engine->final && entry->kind != CRASH__VERDICT_PASSED)
		engine->final_output = strdup(output);
	crash__engine_saw(engine, entry);
	if (engine->options.verdict)
		engine->options.verdict(engine->options.context, entry, result, output);
}

static void take_verdict(void *context, void *ticket, int error, const struct crash__check_result *result,
			 const char *output)
{
	struct crash__engine *engine = context;
	struct crash__entry *entry = ticket;

	if (crash__engine_took_look(engine, ticket, error, result))
		return;
	entry->pending = false;
	if (entry->ahead)
		crash__engine_keep_ahead(entry, error, result, output);
	else
		crash__engine_take(engine, entry, error, result, output);
}

bool crash__engine_interrupted(struct crash__engine *engine)
{
	if (engine->options.stop && atomic_load(engine->options.stop))
		engine->stopped = true;
	return engine->stopped;
}

/* Waits until so many workers at most are busy. END_TIER: it was interrupted, or the time is up, which a slow
 * checker delays by nothing. */
static int await_workers(struct crash__engine *engine, unsigned int busy)
{
	int error = 0;

	while (engine->pool && crash__pool_busy(engine->pool) > busy && error >= 0) {
		if (crash__engine_interrupted(engine) || crash__engine_time_is_up(engine))
			return END_TIER;
		error = crash__pool_wait(engine->pool, 100);
	}
	return error < 0 ? error : GO_ON;
}

static int need_pool(struct crash__engine *engine)
{
	if (engine->pool)
		return 0;
	engine->config = (struct crash__worker_config){
		.fs = engine->options.fs,
		.atoms = engine->atoms,
		.checker = &engine->options.checker,
		.directory = engine->options.directory,
		.scratch = engine->options.scratch,
		.namespaces = engine->options.namespaces,
		.mounted = engine->options.mounted,
		.same_pids = engine->options.same_pids,
		.sight = &engine->sight,
		.acks = engine->options.acks,
		.acked = engine->options.acked,
		/* with a server it is not the tree alone that is checked */
		.asks = engine->options.checker.recover && !engine->options.checker.server.ready &&
			!engine->options.states_matter,
	};
	return crash__pool_new(&engine->config, engine->options.jobs, take_verdict, crash__engine_asked,
			       engine, &engine->pool);
}

void crash__engine_show(struct crash__engine *engine, bool now)
{
	uint64_t time = crash__now_ns();

	if (!engine->options.progress || (!now && time - engine->shown < PROGRESS_EVERY_NS))
		return;
	engine->shown = time;
	engine->now.checked = engine->checked;
	engine->now.failed = engine->failed;
	engine->now.ns = time - engine->started;
	engine->now.limited = engine->options.budget_ns != 0;
	engine->now.left_ns = crash__engine_left(engine);
	engine->now.phase = engine->explaining ? "explaining failures" : "exploring";
	engine->options.progress(engine->options.context, &engine->now);
}

char *crash__engine_state_name(const struct crash__engine *engine, uint32_t model,
			       const struct crash__state *state)
{
	char *name = crash__state_name(&engine->atoms[model], state), *whole = name;

	if (name && engine->options.from) {
		if (asprintf(&whole, "%s/%s", engine->options.from, name) < 0)
			whole = NULL;
		free(name);
	}
	return whole;
}

/* A worker is free. */
static int submit(struct crash__engine *engine, void *ticket, uint32_t model,
		  const struct crash__state *state, const struct crash__look *look)
{
	char point[CRASH__NAME + 48];
	char *name;
	int error = need_pool(engine);

	if (error < 0)
		return error;
	name = crash__engine_state_name(engine, model, state);
	if (!name)
		return crash__fail(CRASH_ENOMEM, "no memory for a state");
	crash__point_name(engine->options.fs, state->step, point, sizeof point);
	error = crash__pool_submit(engine->pool, model, state, look, point, name, ticket);
	free(name);
	return error;
}

int crash__engine_submit_look(struct crash__engine *engine, void *ticket, const struct crash__state *state,
			      const struct crash__look *look)
{
	int error = await_workers(engine, engine->options.jobs - 1);

	return error == GO_ON ? submit(engine, ticket, engine->options.model_count, state, look) : error;
}

int crash__engine_submit(struct crash__engine *engine, struct crash__entry *entry, uint32_t model,
			 const struct crash__state *state)
{
	struct crash__look look = {.kind = entry == engine->final ? CRASH__LOOK_WATCHED :
								    CRASH__LOOK_AT_STATE};
	int error = await_workers(engine, engine->options.jobs - 1);

	if (error != GO_ON)
		return error;
	if (entry->ahead)
		crash__engine_take_ahead(engine, entry);
	if (entry->kind != CRASH__VERDICT_NONE || entry->error) {
		crash__engine_saw(engine, entry);
		return GO_ON;
	}
	entry->pending = true;
	error = submit(engine, entry, model, state, &look);
	if (error != GO_ON)
		entry->pending = false;
	return error;
}

int crash__engine_drain(struct crash__engine *engine)
{
	int error = 0;

	while (engine->pool && crash__pool_busy(engine->pool) && error >= 0 &&
	       !crash__engine_interrupted(engine) && !crash__engine_is_late(engine)) {
		error = crash__pool_wait(engine->pool, 100);
		crash__engine_show(engine, false);
	}
	crash__engine_give_up_late(engine);
	return error < 0 ? error : 0;
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
	if (error == 0 && !engine->options.passive)
		error = crash__sight_find(view, engine->options.fs, &engine->sight);
	if (error < 0) {
		crash__view_free(view);
		return error;
	}
	state.acked = state.step < 0 ? 0 : engine->options.fs->steps[state.step].acked;
	hash = crash__engine_identity(engine, crash__view_hash(view), state.acked);
	crash__view_free(view);
	engine->final = crash__engine_entry(engine, hash);
	if (!engine->final && !(engine->final = crash__engine_new_entry(engine, hash)))
		return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
	engine->final->elsewhere = false;
	engine->final->used = true;
	if (engine->final->known && engine->final->kind != CRASH__VERDICT_PASSED && engine->final->output)
		engine->final_output = strdup(engine->final->output);
	if (engine->final->known || engine->options.passive)
		return 0;
	error = crash__engine_submit(engine, engine->final, model, &state);
	while (error == GO_ON && engine->final->pending && !crash__engine_interrupted(engine) &&
	       !crash__engine_is_late(engine))
		error = crash__pool_wait(engine->pool, 100) < 0 ? CRASH_EKEEPER : 0;
	crash__engine_give_up_late(engine);
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
	engine->began = options->began_ns ? options->began_ns : engine->started;
	engine->points = options->fs->steps_count + 1;
	error = check_final(engine);
	if (error == 0 && engine->final->kind == CRASH__VERDICT_PASSED)
		error = crash__engine_look(engine);
	if (error == 0 && engine->final->kind == CRASH__VERDICT_PASSED) {
		error = crash__engine_make_results(engine);
		if (error == 0 && !options->in_trace_order)
			error = crash__engine_sweep(engine);
		if (error == 0)
			error = crash__engine_run_tiers(engine);
		crash__engine_finish_results(engine);
	}
	if (error >= 0 && engine->failure < 0)
		error = engine->failure;
	for (struct crash__entry *entry = engine->entries; entry; entry = entry->hh.next) {
		engine->elsewhere += entry->elsewhere && entry->number;
		engine->unknown_states +=
			options->passive && entry->number && entry->kind == CRASH__VERDICT_NONE;
	}
	crash__engine_show(engine, true);
	engine->spent = crash__now_ns() - engine->started;
	engine->explaining = true;
	engine->failure = error;
	return error;
}

/* ------------------------------------------------------------------ making one */

int crash__engine_new(const struct crash__engine_options *options, struct crash__engine **out)
{
	struct crash__engine *engine = calloc(1, sizeof *engine);
	int error = 0;

	if (!engine)
		return crash__fail(CRASH_ENOMEM, "no memory for an exploration");
	engine->options = *options;
	engine->atoms = calloc(options->model_count + 1, sizeof *engine->atoms);
	if (!engine->atoms)
		error = crash__fail(CRASH_ENOMEM, "no memory for an exploration");
	for (uint32_t i = 0; i < options->model_count && error == 0; i++)
		error = crash__atoms_make_dropping(&engine->atoms[i], options->fs, &options->models[i],
						   options->dropped);
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
	for (int i = 0; i < 2; i++)
		crash__view_free(engine->probes[i].view);
	HASH_ITER(hh, engine->entries, entry, next) {
		HASH_DEL(engine->entries, entry);
		free((void *)(uintptr_t)entry->state.flipped);
		crash__engine_clear_ahead(entry);
		free(entry->error);
		free(entry->output);
		free(entry);
	}
	for (uint32_t i = 0; engine->atoms && i <= engine->options.model_count; i++)
		crash__atoms_clear(&engine->atoms[i]);
	for (uint32_t i = 0; i < CRASH__MOST_MODELS; i++)
		crash__representatives_free(engine->representatives[i]);
	crash__engine_forget_recovered(engine);
	crash__hash_set_clear(&engine->distinct);
	crash__sight_clear(&engine->sight);
	free(engine->atoms);
	free(engine->results);
	free(engine->awaited);
	free(engine->final_output);
	free(engine->first_error);
	free(engine);
}
