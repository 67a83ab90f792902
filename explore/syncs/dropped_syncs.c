/* SPDX-License-Identifier: MIT */
#include "explore/syncs/dropped_syncs.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "explore/syncs/dropped_failures.h"

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for what syncs are worth");
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

static int begin(struct crash__dropped_look *look, const struct crash__dropping_how *how,
		 uint64_t most_failures, bool *idle)
{
	struct crash__engine_options options = look->dropping->with->options;
	int error;

	options.dropped = how->dropped;
	options.most_failures = most_failures;
	options.budget_states = how->budget_states;
	options.budget_ns = how->budget_ns;
	options.began_ns = crash__now_ns();
	options.finding = NULL;
	options.verdict = NULL;
	options.wants = crash__dropped_is_new;
	options.also = crash__dropped_also;
	options.wishes = look;
	options.looks_not = true; /* the exploration with all syncs has asked what the checker sees */
	error = crash__engine_new(&options, &look->engine);
	if (error == 0)
		error = crash__dropped_begin(look, idle);
	for (size_t i = 0; i < look->dropping->verdicts_count && error == 0 && !*idle; i++)
		error = crash__engine_know(look->engine, &look->dropping->verdicts[i]);
	return error;
}

static void count(const struct crash__dropped_look *look, struct crash__dropped *dropped)
{
	const struct crash__engine *engine = look->engine;
	struct crash__counts counts;

	dropped->states = dropped->checked = dropped->failed = dropped->masked = 0;
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
		dropped->failed += crash__dropped_is_failure(entry);
	}
	crash__engine_count(engine, &counts);
	dropped->flaky = counts.flaky;
	dropped->errors += engine->errors;
	dropped->stopped = engine->stopped;
	dropped->complete &= !engine->errors && !counts.flaky && !engine->unlike && engine->results_count;
}

/* @param prevented one of the failures is for want of the syncs */
static int look_once(struct crash__dropped_look *look, bool explain, struct crash__dropped *dropped,
		     bool *prevented)
{
	struct crash__entry *failure = NULL;
	int error = crash__engine_run(look->engine);

	count(look, dropped);
	if (error == 0 && dropped->failed)
		error = crash__dropped_find_failure(look, &failure);
	*prevented = failure != NULL;
	if (!failure) {
		dropped->masked = dropped->failed;
		dropped->failed = 0;
	}
	if (error == 0 && failure && explain)
		error = crash__dropped_explain(look, failure, dropped);
	dropped->now += look->engine->checked;
	return error;
}

/* What is left of the budget; false: nothing. */
static bool spend(struct crash__dropping_how *left, const struct crash__dropping_how *how, uint64_t began,
		  uint64_t checked)
{
	uint64_t spent = crash__now_ns() - began;

	left->budget_ns = how->budget_ns > spent ? how->budget_ns - spent : 0;
	left->budget_states = how->budget_states > checked ? how->budget_states - checked : 0;
	return (!how->budget_ns || left->budget_ns) && (!how->budget_states || left->budget_states);
}

int crash__dropping_look(struct crash__dropping *dropping, const struct crash__dropping_how *how,
			 struct crash__dropped *dropped)
{
	struct crash__dropped_look look = {.dropping = dropping};
	struct crash__dropping_how left = *how;
	uint64_t began = crash__now_ns();
	bool again = true;
	int error = 0;

	*dropped = (struct crash__dropped){0};
	/* it ends at failures that turn out to have other reasons: then it goes on to more of them */
	for (uint64_t most = 1; again && error == 0; most *= 2) {
		bool prevented = false;

		error = begin(&look, &left, most, &dropped->idle);
		again = false;
		if (error == 0 && dropped->idle) {
			dropped->complete = dropped->counted = true;
		} else if (error == 0) {
			error = look_once(&look, how->explain, dropped, &prevented);
			again = !prevented && !dropped->complete && !dropped->stopped &&
				look.engine->failed >= most && spend(&left, how, began, dropped->now);
		}
		if (error == 0 && !dropped->idle)
			error = remember(dropping, look.engine);
		crash__dropped_end(&look);
	}
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
