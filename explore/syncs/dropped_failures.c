/* SPDX-License-Identifier: MIT */
/*
 * Method. A failure that is possible only without the syncs may have another reason than their absence, where
 * something fails with them as well. So the same state is asked for with what they make durable, and all else
 * lost as it is. What is durable has all that persists before it, so this is a state that is possible with
 * the syncs. If it passes, the syncs prevent the failure: two checks, whatever else the state has lost, and
 * whatever is not known of the exploration with all syncs.
 *
 * What is explained is not that state, which may have lost a hundred ops, but what is left if only the syncs'
 * own atoms are lost, with what depends on them, where that fails alike.
 */
#include "explore/syncs/dropped_failures.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "explore/findings/find_causes.h"

struct lost {
	CRASH__VECTOR(crash__atom_id, list);
};

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for what syncs are worth");
}

/* ------------------------------------------------------------------ whether the syncs prevent it */

/* @param early what a state has lost that was durable with the syncs; or the rest of what it has lost */
static int list_lost(const struct crash__dropped_look *look, const struct crash__entry *entry, bool early,
		     struct lost *lost)
{
	const struct crash__atoms *atoms = &look->engine->atoms[entry->model];
	const struct crash__state *state = &entry->state;
	bool kept = state->reference == CRASH__DURABLE;
	uint32_t at = 0;

	for (crash__atom_id id = 0; id < atoms->first[state->step + 1]; id++) {
		bool was_durable = (int64_t)look->since[entry->model][id] <= state->step, flipped;

		while (at < state->count && state->flipped[at] < id)
			at++;
		flipped = at < state->count && state->flipped[at] == id;
		if (!crash__atom_is_open(&atoms->list[id], state->step) || flipped == kept ||
		    was_durable != early)
			continue;
		if (!CRASH__ADD(lost, list, id))
			return no_memory();
	}
	return 0;
}

/* Another state at the same point. */
static struct crash__entry *probe(struct crash__dropped_look *look, const struct crash__entry *entry,
				  const crash__atom_id *flipped, size_t count)
{
	static const crash__atom_id none;
	struct crash__state state = {.step = entry->state.step,
				     .reference = CRASH__EVERYTHING,
				     .choice = entry->state.choice,
				     .flipped = flipped ? flipped : &none,
				     .count = (uint32_t)count};

	return crash__engine_probe(look->engine, entry->model, &state, true);
}

static int is_prevented(struct crash__dropped_look *look, const struct crash__entry *entry, bool *prevented)
{
	const struct crash__entry *with;
	struct lost lost = {0};
	int error = list_lost(look, entry, false, &lost);

	with = error == 0 ? probe(look, entry, lost.list, lost.list_count) : NULL;
	*prevented = with && with->kind == CRASH__VERDICT_PASSED;
	free(lost.list);
	return error;
}

/* In the order of their points: to name a state a view moves there, and only forward. */
static int by_step(const void *a, const void *b)
{
	const struct crash__entry *x = *(struct crash__entry *const *)a,
				  *y = *(struct crash__entry *const *)b;

	if (x->model != y->model)
		return x->model < y->model ? -1 : 1;
	if (x->state.step != y->state.step)
		return x->state.step < y->state.step ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

int crash__dropped_find_failure(struct crash__dropped_look *look, struct crash__entry **failure)
{
	struct crash__entry **list = calloc(HASH_COUNT(look->engine->entries) + 1, sizeof *list);
	size_t count = 0;
	int error = list ? 0 : no_memory();

	*failure = NULL;
	for (struct crash__entry *entry = look->engine->entries; list && entry; entry = entry->hh.next)
		if (crash__dropped_is_failure(entry))
			list[count++] = entry;
	if (count)
		qsort(list, count, sizeof *list, by_step);
	for (size_t i = 0; i < count && error == 0 && !*failure; i++) {
		bool prevented = look->dropping->clean; /* all that is possible with the syncs passes */

		if (!prevented)
			error = is_prevented(look, list[i], &prevented);
		if (prevented)
			*failure = list[i];
	}
	free(list);
	return error;
}

/* ------------------------------------------------------------------ what is said of it */

/* What the syncs make durable is lost alone, with what depends on it. */
static int lose_alone(struct crash__dropped_look *look, struct crash__entry **failure)
{
	struct crash__entry *entry = *failure, *alone = NULL;
	struct crash__set set = {0};
	struct lost early = {0};
	int error = list_lost(look, entry, true, &early);

	if (error == 0)
		error = crash__set_init(&set, &look->engine->atoms[entry->model]);
	if (error == 0)
		crash__set_begin(&set, entry->state.step);
	for (size_t i = 0; i < early.list_count && error == 0; i++)
		error = crash__set_omit(&set, early.list[i]);
	if (error == 0) {
		crash__set_sort(&set);
		alone = probe(look, entry, set.list, set.list_count);
	}
	if (alone && crash__cause_alike(alone->kind, entry->kind))
		*failure = alone;
	crash__set_clear(&set);
	free(early.list);
	return error < 0 ? no_memory() : 0;
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void take_cause(const struct crash__dropped_look *look, const struct crash__cause *cause,
		       struct crash__dropped *dropped)
{
	free(dropped->state);
	free(dropped->kind);
	free(dropped->model);
	dropped->id = copy(cause->id);
	dropped->kind = copy(crash__verdict_name(cause->kind));
	dropped->sentence = copy(cause->sentence);
	dropped->state = copy(cause->state_name);
	dropped->model = copy(look->engine->options.models[cause->model].name);
}

int crash__dropped_explain(struct crash__dropped_look *look, struct crash__entry *failure,
			   struct crash__dropped *dropped)
{
	struct crash__cause_search *search = NULL;
	struct crash__causes causes = {0};
	int error = lose_alone(look, &failure);

	for (struct crash__entry *entry = look->engine->entries; entry; entry = entry->hh.next)
		entry->number = entry == failure;
	failure->tier = CRASH__TIER_OMIT; /* a killed process loses nothing that was durable */
	dropped->kind = copy(crash__verdict_name(failure->kind));
	dropped->state = crash__engine_state_name(look->engine, failure->model, &failure->state);
	dropped->model = copy(look->engine->options.models[failure->model].name);
	if (error == 0)
		error = crash__causes_begin(look->engine, &causes, &search);
	if (error == 0)
		error = crash__causes_find(search);
	crash__causes_end(search);
	/* of another reason it is not said that the syncs prevent it */
	for (size_t i = 0; i < causes.list_count && !dropped->sentence; i++)
		if (crash__dropped_is_new(look, causes.list[i].model, &causes.list[i].state))
			take_cause(look, &causes.list[i], dropped);
	crash__causes_clear(&causes);
	return error;
}
