/* SPDX-License-Identifier: MIT */
/*
 * Method. Explaining a failure asks for one state after the other, and which comes next depends on what came
 * of the one before. So that no worker waits, states are asked for ahead that may be the next ones. A verdict
 * counts when it would have been asked for: it is kept aside until then, and what comes of an exploration
 * does not depend on how many workers there are.
 */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "explore/check/engine_parts.h"
#include "explore/states/view_new.h"

/* The one that is nearest before a step; or else the one that was not used last, made anew: questions go to
 * and fro between the point of a failure and those where it may begin. */
static struct crash__probe *choose_probe(struct crash__engine *engine, uint32_t model, int64_t step)
{
	struct crash__probe *best = NULL;

	for (int i = 0; i < 2; i++) {
		struct crash__probe *probe = &engine->probes[i];

		if (probe->view && probe->model == model && crash__view_step(probe->view) <= step &&
		    (!best || crash__view_step(probe->view) > crash__view_step(best->view)))
			best = probe;
	}
	if (!best) {
		best = &engine->probes[!engine->probed];
		crash__view_free(best->view);
		best->view = NULL;
		best->model = model;
		if (crash__view_new(&engine->atoms[model], CRASH__EVERYTHING, &best->view) < 0)
			return NULL;
	}
	engine->probed = (int)(best - engine->probes);
	return best;
}

/* ------------------------------------------------------------------ ahead */

struct crash__ahead {
	bool over;
	int error;
	struct crash__check_result result;
	char *output;
};

void crash__engine_keep_ahead(struct crash__entry *entry, int error, const struct crash__check_result *result,
			      const char *output)
{
	struct crash__ahead *ahead = entry->ahead;

	ahead->over = true;
	ahead->error = error;
	ahead->result = *result;
	ahead->output = strdup(output);
}

void crash__engine_clear_ahead(struct crash__entry *entry)
{
	if (entry->ahead)
		free(entry->ahead->output);
	free(entry->ahead);
	entry->ahead = NULL;
}

void crash__engine_take_ahead(struct crash__engine *engine, struct crash__entry *entry)
{
	struct crash__ahead ahead = *entry->ahead;

	free(entry->ahead);
	entry->ahead = NULL;
	if (ahead.over)
		crash__engine_take(engine, entry, ahead.error, &ahead.result,
				   ahead.output ? ahead.output : "");
	free(ahead.output);
}

unsigned int crash__engine_at_once(const struct crash__engine *engine)
{
	return engine->options.budget_states || engine->options.passive ? 1 : engine->options.jobs;
}

bool crash__engine_is_idle(const struct crash__engine *engine)
{
	return !engine->pool || crash__pool_busy(engine->pool) < engine->options.jobs;
}

int crash__engine_finish_ahead(struct crash__engine *engine)
{
	uint64_t until = crash__now_ns() + crash__engine_patience(engine);
	int error = 0;

	while (engine->pool && crash__pool_busy(engine->pool) && error >= 0 &&
	       !crash__engine_interrupted(engine) && crash__now_ns() < until)
		error = crash__pool_wait(engine->pool, 10);
	if (engine->pool && crash__pool_busy(engine->pool)) {
		crash__pool_free(engine->pool);
		engine->pool = NULL;
		crash__engine_forget_pending(engine);
	}
	return error < 0 ? error : 0;
}

/* ------------------------------------------------------------------ asking */

/* Has an entry checked, and waits for nothing. */
static void begin_check(struct crash__engine *engine, struct crash__entry *entry, uint32_t model,
			const struct crash__state *state)
{
	struct crash__ahead *ahead;

	if (entry->ahead || crash__engine_interrupted(engine) || entry->error || crash__engine_spent(engine))
		return;
	ahead = calloc(1, sizeof *ahead);
	if (ahead && crash__engine_submit(engine, entry, model, state) == GO_ON)
		entry->ahead = ahead;
	else
		free(ahead);
}

/* Waits for it. Its name is what a verdict is told with. */
static void end_check(struct crash__engine *engine, struct crash__entry *entry, uint32_t model,
		      const struct crash__state *state)
{
	if (!entry->ahead ||
	    (!entry->state.flipped && !crash__engine_describe(entry, model, CRASH__TIER_OMIT, state)))
		return;
	while (entry->pending && !crash__engine_interrupted(engine) && !crash__engine_is_late(engine)) {
		if (crash__pool_wait(engine->pool, 100) < 0)
			break;
		crash__engine_show(engine, false);
	}
	crash__engine_give_up_late(engine);
	if (!entry->pending)
		crash__engine_take_ahead(engine, entry);
}

/* The hash of a state that has lost some atoms, with what was acknowledged. False: it has none, or there is
 * no time. */
static bool name(struct crash__engine *engine, uint32_t model, struct crash__state *state,
		 struct crash__hash *hash)
{
	struct crash__probe *probe;
	int error;

	assert(state->reference == CRASH__EVERYTHING);
	/* to name a state of a long recording takes as long as a check */
	if (crash__engine_time_is_up(engine))
		return false;
	probe = choose_probe(engine, model, state->step);
	if (!probe || crash__view_advance(probe->view, state->step) < 0)
		return false;
	state->acked = state->step < 0 ? 0 : engine->options.fs->steps[state->step].acked;
	crash__view_choose(probe->view, state->choice);
	error = crash__view_hash_flipped(probe->view, state->flipped, state->count, hash);
	crash__view_choose(probe->view, 0);
	*hash = crash__engine_identity(engine, *hash, state->acked);
	return error == 0;
}

/* What has a verdict is one of an explored model. */
static struct crash__entry *take_name(struct crash__entry *entry, uint32_t model,
				      const struct crash__state *state)
{
	if (!entry->state.flipped && !crash__engine_describe(entry, model, CRASH__TIER_OMIT, state))
		return NULL;
	entry->models |= 1u << model;
	return entry;
}

void crash__engine_ask(struct crash__engine *engine, uint32_t model, const struct crash__state *asked,
		       struct crash__question *question)
{
	struct crash__state state = *asked;
	struct crash__entry *entry;
	crash__atom_id *atoms;
	struct crash__hash hash;

	*question = (struct crash__question){.model = model};
	if (!name(engine, model, &state, &hash))
		return;
	entry = crash__engine_entry(engine, hash);
	if (!entry || entry->kind == CRASH__VERDICT_NONE) {
		engine->unknown_probes += engine->options.passive;
		if (engine->options.passive || (!entry && !(entry = crash__engine_new_entry(engine, hash))))
			return;
		begin_check(engine, entry, model, &state);
	}
	atoms = malloc((state.count + 1) * sizeof *atoms);
	if (!atoms)
		return;
	if (state.count)
		memcpy(atoms, state.flipped, state.count * sizeof *atoms);
	question->entry = entry;
	question->state = state;
	question->state.flipped = atoms;
}

void crash__engine_forget(struct crash__question *question)
{
	free((void *)(uintptr_t)question->state.flipped);
	*question = (struct crash__question){0};
}

struct crash__entry *crash__engine_answer(struct crash__engine *engine, struct crash__question *question)
{
	struct crash__entry *entry = question->entry;

	if (entry)
		end_check(engine, entry, question->model, &question->state);
	if (entry && entry->kind != CRASH__VERDICT_NONE)
		entry = take_name(entry, question->model, &question->state);
	else
		entry = NULL;
	if (entry)
		entry->used = true;
	crash__engine_forget(question);
	return entry;
}

struct crash__entry *crash__engine_probe(struct crash__engine *engine, uint32_t model,
					 const struct crash__state *probed, bool check)
{
	struct crash__state state = *probed;
	struct crash__question question;
	struct crash__entry *entry;
	struct crash__hash hash;

	if (check) {
		crash__engine_ask(engine, model, probed, &question);
		return crash__engine_answer(engine, &question);
	}
	if (!name(engine, model, &state, &hash))
		return NULL;
	entry = crash__engine_entry(engine, hash);
	/* what an earlier run has asked for, and this one has not, must not change what comes of it */
	if (!entry || entry->kind == CRASH__VERDICT_NONE || !entry->used)
		return NULL;
	return take_name(entry, model, &state);
}

struct crash__entry *crash__engine_named(struct crash__engine *engine, uint32_t model,
					 struct crash__view *view, const struct crash__state *state,
					 bool check)
{
	struct crash__entry *entry;
	struct crash__hash hash;

	if (crash__view_hash_flipped(view, state->flipped, state->count, &hash) < 0)
		return NULL;
	entry = crash__engine_entry(engine, crash__engine_identity(engine, hash, state->acked));
	if (check && entry && entry->elsewhere && entry->kind == CRASH__VERDICT_NONE &&
	    !engine->options.passive) {
		begin_check(engine, entry, model, state);
		end_check(engine, entry, model, state);
	}
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
		entry = crash__engine_entry(engine, crash__engine_identity(engine, hash, acked));
	crash__view_free(view);
	return entry;
}

bool crash__engine_is_over(struct crash__engine *engine)
{
	return crash__engine_spent(engine);
}
