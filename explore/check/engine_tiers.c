/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/error.h"
#include "explore/check/engine_parts.h"

/* Counting how many states a tier has must not take longer than checking some of them. */
#define MOST_COUNTING_NS UINT64_C(5000000000)

struct pass {
	struct crash__engine *engine;
	struct crash__tier_result *result;
	crash__tier_emit *take;
	uint64_t until;	    /* when counting is to end */
	uint64_t looked_at; /* states, whether or not they have to be checked */
};

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
}

static int take_wanted(void *context, struct crash__view *view, const struct crash__state *state)
{
	const struct pass *pass = context;
	struct crash__state other;
	int error = crash__engine_interrupted(pass->engine) ? END_TIER : GO_ON;

	if (crash__engine_wants(pass->engine, pass->result->model, state))
		error = pass->take(context, view, state);
	if (error == GO_ON && crash__engine_also(pass->engine, pass->result->model, state, &other))
		error = pass->take(context, view, &other);
	return error;
}

/* ------------------------------------------------------------------ names */

static int hash_state(const struct pass *pass, struct crash__view *view, const struct crash__state *state,
		      struct crash__hash *hash)
{
	int error = crash__view_hash_flipped(view, state->flipped, state->count, hash);

	*hash = crash__engine_identity(pass->engine, *hash, state->acked);
	return error;
}

/* The first tier that names a state has it, whatever has named or checked it out of turn. */
static int name(struct pass *pass, struct crash__entry *entry, const struct crash__state *state)
{
	struct crash__tier_result *result = pass->result;

	entry->models |= 1u << result->model;
	if (entry->number && !entry->provisional)
		return 0;
	if (!crash__engine_describe(entry, result->model, result->tier, state))
		return no_memory();
	/* by its place among its tier's: what is known from before must not change it */
	entry->number = (uint32_t)pass->looked_at;
	entry->provisional = false;
	entry->used |= !entry->elsewhere;
	result->checked += entry->kind != CRASH__VERDICT_NONE && !entry->elsewhere;
	return 0;
}

/* ------------------------------------------------------------------ counting */

static bool counted_enough(void *context)
{
	const struct pass *pass = context;

	return crash__engine_interrupted(pass->engine) || crash__now_ns() > pass->until;
}

static int count_state(void *context, struct crash__view *view, const struct crash__state *state)
{
	struct pass *pass = context;
	struct crash__engine *engine = pass->engine;
	struct crash__entry *entry;
	struct crash__hash hash;
	enum crash__added added;
	int error = hash_state(pass, view, state, &hash);

	if (error < 0)
		return error;
	if (++pass->looked_at % CRASH__LOOK_EVERY == 0 && counted_enough(pass))
		return END_TIER;
	added = crash__hash_set_add(&engine->distinct, hash);
	if (added == CRASH__NO_ROOM)
		return END_TIER;
	pass->result->named++;
	pass->result->fresh += added == CRASH__ADDED;
	entry = crash__engine_entry(engine, hash);
	crash__engine_show(engine, false);
	return entry ? name(pass, entry, state) : GO_ON;
}

static int count_tier(struct crash__engine *engine, struct crash__tier_result *result, uint64_t until)
{
	struct pass pass = {.engine = engine, .result = result, .take = count_state, .until = until};
	struct crash__tier_options options = engine->options.tier_options;
	int error;

	if (engine->counting_over || result->counted)
		return 0;
	options.is_over = counted_enough;
	error = crash__tier_run(result->tier, &engine->atoms[result->model], &options, take_wanted, &pass);
	result->counted = error == GO_ON;
	engine->counting_over = error == END_TIER;
	return error < 0 ? error : 0;
}

int crash__engine_count_states(struct crash__engine *engine, uint64_t most_ns)
{
	uint64_t until = crash__now_ns() + (most_ns < MOST_COUNTING_NS ? most_ns : MOST_COUNTING_NS);
	int error = 0;

	for (size_t i = 0; i < engine->results_count && error == 0; i++)
		error = count_tier(engine, &engine->results[i], until);
	engine->counted = error == 0 && !engine->counting_over;
	engine->now.distinct = engine->counted ? engine->distinct.count : 0;
	return error;
}

/* ------------------------------------------------------------------ checking */

/* Where it was not counted, it is now, as far as it comes. */
static void count_anyway(struct pass *pass, const struct crash__entry *entry)
{
	struct crash__tier_result *result = pass->result;
	enum crash__added added;

	if (result->counted)
		return;
	added = crash__hash_set_add(&pass->engine->distinct, entry->hash);
	if (pass->looked_at > result->named) /* it may have been counted in part */
		result->named = pass->looked_at;
	result->fresh +=
		added == CRASH__ADDED || (added == CRASH__NO_ROOM && (!entry->number || entry->provisional));
}

static bool is_over(void *context)
{
	const struct pass *pass = context;

	return crash__engine_interrupted(pass->engine) || crash__engine_time_is_up(pass->engine);
}

static int take_state(void *context, struct crash__view *view, const struct crash__state *state)
{
	struct pass *pass = context;
	struct crash__engine *engine = pass->engine;
	struct crash__entry *entry;
	struct crash__hash hash;
	int error = hash_state(pass, view, state, &hash);

	if (error < 0)
		return error;
	if (crash__engine_interrupted(engine) ||
	    (++pass->looked_at % CRASH__LOOK_EVERY == 0 && crash__engine_time_is_up(engine)))
		return END_TIER;
	entry = crash__engine_entry(engine, hash);
	if (!entry && !(entry = crash__engine_new_entry(engine, hash)))
		return no_memory();
	count_anyway(pass, entry);
	if (!entry->after && !entry->elsewhere)
		entry->after = ++engine->taken;
	error = name(pass, entry, state);
	if (error < 0 || entry->kind != CRASH__VERDICT_NONE || entry->pending || entry->elsewhere ||
	    entry->error)
		return error;
	if (engine->options.passive) {
		pass->result->missed = true;
		return GO_ON;
	}
	if (crash__engine_spent(engine))
		return END_TIER;
	error = crash__engine_submit(engine, entry, pass->result->model, state);
	pass->result->checked += error == GO_ON;
	engine->now.done = pass->result->checked;
	crash__engine_show(engine, false);
	return error;
}

static int run_tier(struct crash__engine *engine, struct crash__tier_result *result)
{
	struct pass pass = {.engine = engine, .result = result, .take = take_state};
	struct crash__tier_options options = engine->options.tier_options;
	int error;

	options.is_over = is_over;
	result->started = true;
	engine->now.model = engine->options.models[result->model].name;
	engine->now.tier = crash__tiers[result->tier].name;
	engine->now.done = engine->now.total = 0;
	error = count_tier(engine, result, crash__now_ns() + MOST_COUNTING_NS);
	engine->now.total = result->counted ? result->fresh : 0;
	if (error == 0 && !engine->stopped)
		error = crash__tier_run(result->tier, &engine->atoms[result->model], &options, take_wanted,
					&pass);
	if (error < 0)
		return error;
	result->finished = error == GO_ON && !engine->stopped && !engine->out_of_budget && !result->missed;
	error = crash__engine_drain(engine);
	result->finished &= !engine->stopped;
	return error;
}

int crash__engine_run_tiers(struct crash__engine *engine)
{
	int error = 0;

	engine->now.sweep = 0;
	for (size_t i = 0; i < engine->results_count && error == 0; i++)
		if (!engine->stopped && !engine->out_of_budget)
			error = run_tier(engine, &engine->results[i]);
	return error;
}

/* ------------------------------------------------------------------ results */

int crash__engine_make_results(struct crash__engine *engine)
{
	const struct crash__engine_options *options = &engine->options;

	for (uint32_t tier = 0; tier < CRASH__TIERS; tier++)
		for (uint32_t model = 0; model < options->model_count; model++) {
			struct crash__tier_result *result;

			/* where only the process dies, nothing is lost but the rest of the write under way */
			if (!(options->tiers & 1u << tier) ||
			    (options->models[model].process_only && !crash__tiers[tier].of_kill))
				continue;
			result = CRASH__PUSH(engine, results);
			if (!result)
				return crash__fail(CRASH_ENOMEM, "no memory for results");
			*result = (struct crash__tier_result){.model = model, .tier = (enum crash__tier)tier};
		}
	return 0;
}

static struct crash__tier_result *result_of(struct crash__engine *engine, const struct crash__entry *entry)
{
	for (size_t i = 0; i < engine->results_count; i++)
		if (engine->results[i].tier == entry->tier && engine->results[i].model == entry->model)
			return &engine->results[i];
	return NULL;
}

void crash__engine_forget_pending(struct crash__engine *engine)
{
	for (struct crash__entry *entry = engine->entries; entry; entry = entry->hh.next) {
		struct crash__tier_result *result = entry->pending ? result_of(engine, entry) : NULL;

		/* what explains failures is checked for no tier */
		if (result && entry->number && !entry->provisional && !entry->ahead)
			result->checked--;
		entry->pending = false;
	}
}

/* A sweep takes a state for the tier in which it meets it. If more of a tier's were checked than are new
 * there, an earlier tier has the others among its own. */
static void move_excess(struct crash__engine *engine, size_t from)
{
	struct crash__tier_result *results = engine->results;

	for (size_t to = 0; to < from && results[from].checked > results[from].fresh; to++) {
		uint64_t excess = results[from].checked - results[from].fresh,
			 room = results[to].fresh > results[to].checked ?
					results[to].fresh - results[to].checked :
					0,
			 moved = excess < room ? excess : room;

		results[from].checked -= moved;
		results[to].checked += moved;
	}
}

void crash__engine_finish_results(struct crash__engine *engine)
{
	for (const struct crash__entry *entry = engine->entries; entry; entry = entry->hh.next) {
		struct crash__tier_result *result = entry->provisional ? result_of(engine, entry) : NULL;

		if (!result)
			continue;
		result->started = true;
		result->checked += entry->kind != CRASH__VERDICT_NONE;
		if (!result->counted &&
		    crash__hash_set_add(&engine->distinct, entry->hash) != CRASH__WAS_IN) {
			result->named++;
			result->fresh++;
		}
	}
	for (size_t i = 0; i < engine->results_count; i++) {
		move_excess(engine, i);
		engine->named += engine->results[i].named;
		engine->fresh += engine->results[i].fresh;
	}
}
