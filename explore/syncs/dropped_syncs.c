/* SPDX-License-Identifier: MIT */
#include "explore/syncs/dropped_syncs.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "explore/atoms/match_atoms.h"
#include "explore/findings/find_causes.h"

/* One look. */
struct look {
	struct crash__dropping *dropping;
	struct crash__engine *engine;
	uint32_t *since[CRASH__MOST_MODELS]; /* of each atom: durable with the syncs; or CRASH__NEVER */
	uint32_t
		*early[CRASH__MOST_MODELS]; /* of each step: atoms durable by then, and only with the syncs */
};

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for what syncs are worth");
}

/* ------------------------------------------------------------------ which states are new */

/* From a step on, and up to another one, an atom can be lost that could not be. */
static void note_window(uint32_t *early, uint32_t from, uint32_t to, uint32_t steps)
{
	early[from]++;
	if (to < steps)
		early[to]--;
}

static int compare(struct look *look, uint32_t model, bool *idle)
{
	const struct crash__atoms *with = &look->dropping->with->atoms[model],
				  *without = &look->engine->atoms[model];
	uint32_t steps = (uint32_t)with->fs->steps_count;
	uint32_t *since = look->since[model] = calloc(without->list_count + 1, sizeof *since);
	uint32_t *early = look->early[model] = calloc(steps + 1, sizeof *early);

	/* a size that only is there without the syncs shows only where something else is lost that was
	 * durable with them */
	if (!since || !early || crash__atoms_match(without, with, CRASH__NEVER, since) < 0)
		return no_memory();
	for (crash__atom_id id = 0; id < without->list_count; id++) {
		const struct crash__atom *atom = &without->list[id];

		if (since[id] >= atom->durable)
			continue;
		note_window(early, since[id], atom->durable, steps);
		*idle = false;
	}
	for (uint32_t step = 1; step < steps; step++)
		early[step] += early[step - 1];
	return 0;
}

/* Whether a state has lost what was durable with the syncs. */
static bool is_new(void *wishes, uint32_t model, const struct crash__state *state)
{
	const struct look *look = wishes;
	uint32_t early, of_these = 0;

	if (state->step < 0 || (early = look->early[model][state->step]) == 0)
		return false;
	for (uint32_t i = 0; i < state->count; i++)
		of_these += (int64_t)look->since[model][state->flipped[i]] <= state->step;
	/* lost ones, or kept ones: what is durable in any case is in neither list */
	return state->reference == CRASH__EVERYTHING ? of_these > 0 : of_these < early;
}

/* ------------------------------------------------------------------ what is known */

static int remember(struct crash__dropping *dropping, const struct crash__engine *engine)
{
	for (const struct crash__entry *entry = engine->entries; entry; entry = entry->hh.next) {
		struct crash__known known = {.hash = entry->hash,
					     .kind = entry->kind,
					     .exit_code = entry->exit_code,
					     .signal = entry->signal,
					     .checker_ns = entry->checker_ns};

		if (entry->kind == CRASH__VERDICT_NONE || entry->elsewhere ||
		    crash__hash_set_add(&dropping->known, entry->hash) == CRASH__WAS_IN)
			continue;
		if (!CRASH__ADD(dropping, verdicts, known))
			return no_memory();
	}
	return 0;
}

int crash__dropping_begin(struct crash__dropping *dropping, const struct crash__engine *with, bool clean)
{
	*dropping = (struct crash__dropping){.with = with, .clean = clean};
	return remember(dropping, with);
}

void crash__dropping_clear(struct crash__dropping *dropping)
{
	free(dropping->verdicts);
	crash__hash_set_clear(&dropping->known);
	*dropping = (struct crash__dropping){0};
}

/* ------------------------------------------------------------------ one look */

static int begin(struct look *look, const struct crash__dropping_how *how, struct crash__dropped *dropped)
{
	struct crash__engine_options options = look->dropping->with->options;
	int error;

	options.dropped = how->dropped;
	options.most_failures = look->dropping->clean ? how->most_failures : 0;
	options.budget_states = how->budget_states;
	options.budget_ns = how->budget_ns;
	options.began_ns = crash__now_ns();
	options.finding = NULL;
	options.verdict = NULL;
	options.wants = is_new;
	options.wishes = look;
	error = crash__engine_new(&options, &look->engine);
	dropped->idle = true;
	for (uint32_t model = 0; model < options.model_count && error == 0; model++)
		error = compare(look, model, &dropped->idle);
	for (size_t i = 0; i < look->dropping->verdicts_count && error == 0 && !dropped->idle; i++)
		error = crash__engine_know(look->engine, &look->dropping->verdicts[i]);
	return error;
}

static void count(const struct look *look, struct crash__dropped *dropped)
{
	const struct crash__engine *engine = look->engine;
	struct crash__counts counts;

	dropped->complete = dropped->counted = true;
	for (size_t i = 0; i < engine->results_count; i++) {
		dropped->states += engine->results[i].fresh;
		dropped->counted &= engine->results[i].counted || engine->results[i].finished;
		dropped->complete &= engine->results[i].finished;
	}
	for (const struct crash__entry *entry = engine->entries; entry; entry = entry->hh.next) {
		if (!entry->number || entry->kind == CRASH__VERDICT_NONE)
			continue;
		dropped->checked++;
		dropped->failed += crash__verdict_failed(entry->kind);
	}
	crash__engine_count(engine, &counts);
	dropped->flaky = counts.flaky;
	dropped->errors = engine->errors;
	dropped->now = engine->checked;
	dropped->stopped = engine->stopped;
	dropped->complete &= !engine->errors && !counts.flaky && !engine->unlike && engine->results_count;
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void take_finding(const struct look *look, const struct crash__cause *cause,
			 struct crash__dropped *dropped)
{
	dropped->id = copy(cause->id);
	dropped->kind = copy(crash__verdict_name(cause->kind));
	dropped->sentence = copy(cause->sentence);
	dropped->state = copy(cause->state_name);
	dropped->model = copy(look->engine->options.models[cause->model].name);
}

/*
 * Whether what was durable with the syncs is what the state fails for: with it, the same state passes. What
 * is durable has all that persists before it, so what is left is closed.
 */
static int needs_it(struct look *look, const struct crash__cause *cause, bool *needs)
{
	const struct crash__entry *rest;
	struct crash__state state = cause->state;
	crash__atom_id *left;

	*needs = is_new(look, cause->model, &state);
	if (look->dropping->clean || !*needs || state.reference != CRASH__EVERYTHING)
		return 0;
	left = calloc(state.count + 1, sizeof *left);
	if (!left)
		return no_memory();
	state.count = 0;
	for (uint32_t i = 0; i < cause->state.count; i++)
		if ((int64_t)look->since[cause->model][cause->state.flipped[i]] > state.step)
			left[state.count++] = cause->state.flipped[i];
	state.flipped = left;
	rest = crash__engine_probe(look->engine, cause->model, &state, true);
	*needs = rest && rest->kind == CRASH__VERDICT_PASSED;
	free(left);
	return 0;
}

/* Those failures count that need the syncs' absence. Without an explanation of one, it does not. */
static int explain(struct look *look, struct crash__dropped *dropped)
{
	struct crash__causes causes = {0};
	int error = crash__causes_find(look->engine, &causes);
	uint64_t found = 0;

	for (size_t i = 0; i < causes.list_count && error == 0; i++) {
		struct crash__cause *cause = &causes.list[i];
		bool needs;

		error = needs_it(look, cause, &needs);
		if (!needs)
			continue;
		found += cause->states;
		if (!dropped->sentence)
			take_finding(look, cause, dropped);
	}
	if (!look->dropping->clean) {
		dropped->masked = dropped->failed > found ? dropped->failed - found : 0;
		dropped->failed = found;
	}
	dropped->now = look->engine->checked;
	crash__causes_clear(&causes);
	return error;
}

int crash__dropping_look(struct crash__dropping *dropping, const struct crash__dropping_how *how,
			 struct crash__dropped *dropped)
{
	struct look look = {.dropping = dropping};
	int error;

	*dropped = (struct crash__dropped){0};
	error = begin(&look, how, dropped);
	if (error == 0 && dropped->idle) {
		dropped->complete = dropped->counted = true;
	} else if (error == 0) {
		error = crash__engine_run(look.engine);
		count(&look, dropped);
		if (error == 0 && dropped->failed && (how->explain || !dropping->clean))
			error = explain(&look, dropped);
		if (error == 0)
			error = remember(dropping, look.engine);
	}
	for (uint32_t i = 0; i < CRASH__MOST_MODELS; i++) {
		free(look.since[i]);
		free(look.early[i]);
	}
	crash__engine_free(look.engine);
	return error;
}

void crash__dropped_clear(struct crash__dropped *dropped)
{
	free(dropped->id);
	free(dropped->kind);
	free(dropped->sentence);
	free(dropped->state);
	free(dropped->model);
	*dropped = (struct crash__dropped){0};
}
