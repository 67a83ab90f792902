/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "explore/check/engine_parts.h"

/* After the first of these each call site of an op that can be lost was looked at, where the most survives
 * it. */
#define CROSSED_AFTER 2
/* After these, states are counted: by then whoever waits has a first answer. */
#define COUNT_AFTER 4
/* Counting takes that part of a budget at most. */
#define COUNTING_SHARE 20

struct sweep {
	struct crash__engine *engine;
	uint32_t model;
	uint64_t looked_at;
};

static void saw(struct crash__engine *engine, uint32_t model, uint32_t class, bool failed)
{
	uint32_t before = crash__representatives_seen(engine->representatives[model]);

	crash__representatives_saw(engine->representatives[model], class, failed);
	engine->seen += crash__representatives_seen(engine->representatives[model]) - before;
	engine->now.seen = engine->seen;
}

void crash__engine_saw(struct crash__engine *engine, const struct crash__entry *entry)
{
	if (entry->class && engine->representatives[entry->model])
		saw(engine, entry->model, entry->class - 1, crash__verdict_failed(entry->kind));
}

/* ------------------------------------------------------------------ one representative */

/* Another class has it, or an earlier exploration, or another shard. */
static bool is_settled(struct sweep *sweep, const struct crash__entry *entry, struct crash__hash hash,
		       uint32_t class)
{
	struct crash__engine *engine = sweep->engine;

	if (entry && entry->kind != CRASH__VERDICT_NONE) {
		saw(engine, sweep->model, class, crash__verdict_failed(entry->kind));
		return true;
	}
	if (engine->options.passive)
		return true;
	if (crash__engine_is_elsewhere(engine, hash)) {
		saw(engine, sweep->model, class, false);
		return true;
	}
	return entry && (entry->pending || entry->error);
}

static int await(struct sweep *sweep, const struct crash__entry *entry, uint32_t class)
{
	if (!entry || !entry->pending ||
	    CRASH__ADD(sweep->engine, awaited, (struct crash__awaited){entry, sweep->model, class}))
		return GO_ON;
	return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
}

/* What other classes have had checked has its verdicts now. */
static void see_awaited(struct crash__engine *engine)
{
	for (size_t i = 0; i < engine->awaited_count; i++) {
		const struct crash__awaited *awaited = &engine->awaited[i];

		if (awaited->entry->kind != CRASH__VERDICT_NONE)
			saw(engine, awaited->model, awaited->class,
			    crash__verdict_failed(awaited->entry->kind));
	}
	engine->awaited_count = 0;
}

/* Until its tier names it, this is its name. */
static int name(struct sweep *sweep, struct crash__entry *entry, const struct crash__state *state,
		enum crash__tier tier, uint32_t class)
{
	if (!entry->after) {
		entry->after = ++sweep->engine->taken;
		entry->class = class + 1;
	}
	if (entry->number)
		return 0;
	if (!crash__engine_describe(entry, sweep->model, tier, state))
		return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
	/* behind all that are named by their tiers */
	entry->number = UINT32_MAX / 2 + ++sweep->engine->early;
	entry->provisional = entry->used = true;
	entry->models |= 1u << sweep->model;
	return 0;
}

static int take_representative(void *context, struct crash__view *view, const struct crash__state *state,
			       enum crash__tier tier, uint32_t class)
{
	struct sweep *sweep = context;
	struct crash__engine *engine = sweep->engine;
	struct crash__entry *entry;
	struct crash__hash hash;
	struct crash__state other;
	int error;

	if (crash__engine_interrupted(engine) ||
	    (++sweep->looked_at % CRASH__LOOK_EVERY == 0 && crash__engine_time_is_up(engine)))
		return END_TIER;
	if (!crash__engine_wants(engine, sweep->model, state)) {
		if (!crash__engine_also(engine, sweep->model, state, &other))
			return GO_ON;
		state = &other;
	}
	error = crash__view_hash_flipped(view, state->flipped, state->count, &hash);
	if (error < 0)
		return error;
	hash = crash__engine_identity(engine, hash, state->acked);
	entry = crash__engine_entry(engine, hash);
	/* what explaining failures has asked for is known, too, and named by nobody yet */
	if (entry && entry->kind != CRASH__VERDICT_NONE && entry != engine->final && !entry->elsewhere)
		error = name(sweep, entry, state, tier, class);
	if (error < 0)
		return error;
	if (is_settled(sweep, entry, hash, class))
		return await(sweep, entry, class);
	if (crash__engine_spent(engine))
		return END_TIER;
	entry = crash__engine_entry(engine, hash);
	if (!entry && !(entry = crash__engine_new_entry(engine, hash)))
		return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
	error = name(sweep, entry, state, tier, class);
	if (error == 0)
		error = crash__engine_submit(engine, entry, sweep->model, state);
	crash__engine_show(engine, false);
	return error;
}

/* ------------------------------------------------------------------ sweeps */

/* All verdicts are in before the next one begins: what that passes over is then the same every time. */
static int sweep_model(struct crash__engine *engine, uint32_t model, unsigned int number)
{
	struct sweep sweep = {.engine = engine, .model = model};
	int error, drained;

	engine->now.model = engine->options.models[model].name;
	engine->now.tier = "";
	engine->now.sweep = number + 1;
	error = crash__representatives_sweep(engine->representatives[model], number, take_representative,
					     &sweep);
	if (error < 0)
		return error;
	drained = crash__engine_drain(engine);
	see_awaited(engine);
	return drained < 0 ? drained : engine->stopped ? END_TIER : error;
}

static int make_representatives(struct crash__engine *engine)
{
	const struct crash__engine_options *options = &engine->options;
	int error = 0;

	for (uint32_t model = 0; model < options->model_count && error == 0; model++) {
		error = crash__representatives_new(&engine->atoms[model], options->tiers, options->sites,
						   &engine->representatives[model]);
		if (error == 0)
			engine->classes += crash__representatives_classes(engine->representatives[model]);
	}
	engine->now.classes = engine->classes;
	return error;
}

/* One sweep, over the states of every model. */
static int sweep_all(struct crash__engine *engine, unsigned int number, bool *more)
{
	int error = GO_ON;

	*more = false;
	for (uint32_t model = 0; model < engine->options.model_count && error == GO_ON; model++) {
		unsigned int sweeps = crash__representatives_sweeps(engine->representatives[model]);

		if (number < sweeps)
			error = sweep_model(engine, model, number);
		*more |= number + 1 < sweeps;
	}
	return error;
}

static int count(struct crash__engine *engine)
{
	uint64_t budget = engine->options.budget_ns;

	return engine->stopped || crash__engine_time_is_up(engine) ?
		       0 :
		       crash__engine_count_states(engine, budget ? budget / COUNTING_SHARE : UINT64_MAX);
}

int crash__engine_sweep(struct crash__engine *engine)
{
	int error = make_representatives(engine), counted = 0;
	bool more = true, asked = false;

	for (unsigned int number = 0; more && error == GO_ON; number++) {
		error = sweep_all(engine, number, &more);
		if (error != GO_ON)
			break;
		engine->sweeps = number + 1;
		engine->crossed |= engine->sweeps == CROSSED_AFTER;
		if (engine->sweeps != COUNT_AFTER)
			continue;
		asked = true;
		error = count(engine);
	}
	if (error >= 0 && !asked)
		counted = count(engine);
	return error < 0 ? error : counted;
}
