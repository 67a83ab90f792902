/* SPDX-License-Identifier: MIT */
#include "explore/findings/find_causes.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "explore/findings/cause_search.h"
#include "explore/findings/repair.h"
#include "explore/states/state_name.h"

/* ------------------------------------------------------------------ causes */

/* Failures are of one class if the same repair would help: how the checker noticed them does not matter. */
static const char *class_of(enum crash__verdict_kind kind)
{
	return kind == CRASH__VERDICT_LOST						 ? "lost" :
	       kind == CRASH__VERDICT_TIMEOUT || kind == CRASH__VERDICT_RECOVERY_TIMEOUT ? "hang" :
	       kind == CRASH__VERDICT_RECOVERY						 ? "recovery" :
	       kind == CRASH__VERDICT_LEFTOVER						 ? "leftover" :
											   "inconsistent";
}

static void make_id(struct crash__cause_search *search, const struct crash__cause *cause, char id[12])
{
	const struct crash__event *lost = crash__search_event(search, cause->lost),
				  *survivor = crash__search_event(search, cause->survivor);
	char *signatures[2] = {lost ? crash__callsite_signature(search->callsites, lost) : strdup(""),
			       survivor ? crash__callsite_signature(search->callsites, survivor) :
					  strdup("")};

	crash__cause_id(id, "%s/%d/%d/%s/%s", class_of(cause->kind), cause->process, cause->torn,
			signatures[0] ? signatures[0] : "", signatures[1] ? signatures[1] : "");
	free(signatures[0]);
	free(signatures[1]);
}

/* The cause of the same kind from the same callsites, or a new one. Returns its index, or SIZE_MAX. */
static size_t enter_cause(struct crash__cause_search *search, struct crash__cause *cause,
			  const struct crash__state *state)
{
	struct crash__causes *causes = search->causes;
	struct crash__cause *made;
	crash__atom_id *atoms;

	make_id(search, cause, cause->id);
	for (size_t i = 0; i < causes->list_count; i++)
		if (strcmp(causes->list[i].id, cause->id) == 0)
			return i;
	atoms = malloc((state->count + 1) * sizeof *atoms);
	made = atoms ? CRASH__PUSH(causes, list) : NULL;
	if (!made) {
		free(atoms);
		return SIZE_MAX;
	}
	*made = *cause;
	if (state->count)
		memcpy(atoms, state->flipped, state->count * sizeof *atoms);
	made->model = search->model;
	made->state = *state;
	made->state.flipped = atoms;
	made->state_name = crash__state_name(crash__search_atoms(search), &made->state);
	return causes->list_count - 1;
}

static int attribute(struct crash__cause_search *search, size_t cause, struct crash__entry *entry)
{
	if (!CRASH__ADD(&search->causes->list[cause], entries, entry))
		return crash__fail(CRASH_ENOMEM, "no memory for a cause");
	search->causes->list[cause].states++;
	return 0;
}

/* ------------------------------------------------------------------ a process crash */

static bool changes(const struct crash__fs *fs, uint32_t step)
{
	return fs->steps[step].effects != 0;
}

/*
 * Everything is there, and it is wrong: between two ops the files do not fit together. Failures come in order
 * of their points, so the first that is found of a run of wrong points is where the run begins.
 */
static int explain_prefix(struct crash__cause_search *search, struct crash__entry *entry)
{
	const struct crash__fs *fs = crash__search_fs(search);
	int64_t first = entry->state.step;
	uint32_t next = (uint32_t)(first + 1), *known = &search->prefix_cause[first + 1];
	struct crash__cause cause = {.kind = entry->kind, .process = true, .lost = CRASH__NEVER};
	struct crash__state state = {.step = first, .acked = first < 0 ? 0 : fs->steps[first].acked};
	size_t index;

	if (*known)
		return attribute(search, *known - 1, entry);
	while (next < fs->steps_count && (!changes(fs, next) || !crash__tier_is_point(fs, next) ||
					  crash__verdict_failed(crash__search_try(search, next, NULL, 0))))
		next++;
	cause.survivor = first < 0 ? CRASH__NEVER : (uint32_t)first;
	cause.lost = next < fs->steps_count ? next : CRASH__NEVER;
	index = enter_cause(search, &cause, &state);
	if (index == SIZE_MAX)
		return crash__fail(CRASH_ENOMEM, "no memory for a cause");
	for (int64_t step = first; step < (int64_t)next; step++)
		search->prefix_cause[step + 1] = (uint32_t)index + 1;
	return attribute(search, index, entry);
}

/* The op whose data a failed sync has dropped from memory by a step; CRASH__NEVER: there is none. */
static uint32_t find_dropped(const struct crash__cause_search *search, int64_t step)
{
	const struct crash__atoms *atoms = crash__search_atoms(search);

	for (crash__atom_id id = step < 0 ? 0 : atoms->first[step + 1]; id-- > 0;)
		if ((int64_t)atoms->list[id].dropped <= step)
			return atoms->list[id].step;
	return CRASH__NEVER;
}

/* What is lost was lost when a sync failed: it is gone without any crash. */
static int explain_dropped(struct crash__cause_search *search, struct crash__entry *entry, uint32_t lost)
{
	struct crash__cause cause = {.kind = entry->kind,
				     .failed_sync = true,
				     .lost = lost,
				     .survivor = (uint32_t)entry->state.step};
	size_t index = enter_cause(search, &cause, &entry->state);

	return index == SIZE_MAX ? crash__fail(CRASH_ENOMEM, "no memory for a cause") :
				   attribute(search, index, entry);
}

/* Ops that overlapped, one of them not done: the state itself says which. */
static int explain_overlap(struct crash__cause_search *search, struct crash__entry *entry)
{
	struct crash__cause cause = {.kind = entry->kind,
				     .process = true,
				     .lost = crash__search_atoms(search)->list[entry->state.flipped[0]].step,
				     .survivor = (uint32_t)entry->state.step};
	size_t index = enter_cause(search, &cause, &entry->state);

	return index == SIZE_MAX ? crash__fail(CRASH_ENOMEM, "no memory for a cause") :
				   attribute(search, index, entry);
}

/* ------------------------------------------------------------------ a power loss */

static int make_cause(struct crash__cause_search *search, struct crash__entry *entry, int64_t step)
{
	const struct crash__atoms *atoms = crash__search_atoms(search);
	enum crash__verdict_kind kind = crash__search_try(search, step, search->lost, search->lost_count);
	struct crash__state state = {.step = step,
				     .reference = CRASH__EVERYTHING,
				     .count = (uint32_t)search->set.list_count,
				     .flipped = search->set.list,
				     .acked = crash__search_fs(search)->steps[step].acked};
	struct crash__cause cause = {.kind = crash__verdict_failed(kind) ? kind : entry->kind,
				     .lost = atoms->list[search->lost[0]].step,
				     .survivor = (uint32_t)step};
	size_t index;

	cause.torn = cause.lost == cause.survivor;
	cause.process = atoms->model->process_only;
	index = enter_cause(search, &cause, &state);
	if (index == SIZE_MAX)
		return crash__fail(CRASH_ENOMEM, "no memory for a cause");
	if (search->lost_count == 1) {
		search->cause_of[search->lost[0]] = (uint32_t)index + 1;
		search->since[search->lost[0]] = (uint32_t)step;
	}
	return attribute(search, index, entry);
}

static int explain_loss(struct crash__cause_search *search, struct crash__entry *entry)
{
	const struct crash__state *state = &entry->state;
	int error = crash__search_list_lost(search, state);

	if (error < 0)
		return error;
	/*
	 * A shard looks at each failure of its own for itself: put together, the shards then know every
	 * verdict that one exploration asks for, whichever failures it takes the short way with.
	 */
	for (size_t i = 0; i < search->lost_count && search->engine->options.shards <= 1; i++) {
		uint32_t cause = search->cause_of[search->lost[i]];

		if (cause && (int64_t)search->since[search->lost[i]] <= state->step)
			return attribute(search, cause - 1, entry);
	}
	crash__search_minimise(search, state->step);
	if (search->lost_count == 0) {
		search->causes->unexplained++;
		return 0;
	}
	crash__search_narrow(search, state->step);
	return make_cause(search, entry, crash__search_first_failure(search, state->step));
}

static int explain(struct crash__cause_search *search, struct crash__entry *entry)
{
	enum crash__verdict_kind whole;

	search->probes = 0;
	if (entry->tier == CRASH__TIER_PREFIX && entry->state.count)
		return explain_overlap(search, entry);
	whole = crash__search_try(search, entry->state.step, NULL, 0);
	if (crash__verdict_failed(whole) && find_dropped(search, entry->state.step) != CRASH__NEVER)
		return explain_dropped(search, entry, find_dropped(search, entry->state.step));
	if (crash__verdict_failed(whole))
		return explain_prefix(search, entry);
	if (whole == CRASH__VERDICT_NONE) {
		search->causes->unexplained++;
		return 0;
	}
	return explain_loss(search, entry);
}

static void describe(struct crash__cause_search *search, struct crash__cause *cause)
{
	const struct crash__event *lost = crash__search_event(search, cause->lost),
				  *survivor = crash__search_event(search, cause->survivor);

	cause->lost_text = lost ? crash__callsite_text(search->callsites, lost) : NULL;
	cause->survivor_text = survivor ? crash__callsite_text(search->callsites, survivor) : NULL;
	cause->sentence = crash__cause_sentence(search, cause);
	crash__repair_find(search->engine, search->callsites, cause);
}

/* ------------------------------------------------------------------ causes that are one */

static bool are_alike(const struct crash__cause *one, const struct crash__cause *other)
{
	return !one->process && !other->process && !one->torn && !other->torn && one->remedy &&
	       strcmp(class_of(one->kind), class_of(other->kind)) == 0;
}

static bool loses_the_same(struct crash__cause_search *search, const struct crash__cause *one,
			   const struct crash__cause *other)
{
	char *signatures[2];
	bool same;

	signatures[0] = crash__callsite_signature(search->callsites, crash__search_event(search, one->lost));
	signatures[1] =
		crash__callsite_signature(search->callsites, crash__search_event(search, other->lost));
	same = signatures[0] && signatures[1] && strcmp(signatures[0], signatures[1]) == 0;
	free(signatures[0]);
	free(signatures[1]);
	return same;
}

/*
 * What one missing sync leaves undone can show at several ops that come later: at the rename over a file, and
 * at the unlink of what was there before. And it can leave several ops undone: two writes to a file, two
 * names in a directory. If the sync at the first makes the others impossible, there is one mistake.
 */
static bool are_one(struct crash__cause_search *search, const struct crash__cause *one,
		    const struct crash__cause *other)
{
	return are_alike(one, other) &&
	       (loses_the_same(search, one, other) ||
		crash__repair_is_same(search->engine->options.fs, one, other)) &&
	       crash__repair_covers(search->engine, search->callsites, one, other);
}

/* The other cause's states become this one's. */
static int take_over(struct crash__cause_search *search, size_t into, size_t from)
{
	struct crash__causes *causes = search->causes;
	int error = 0;

	for (size_t i = 0; i < causes->list[from].entries_count && error == 0; i++)
		error = attribute(search, into, causes->list[from].entries[i]);
	crash__cause_clear(&causes->list[from]);
	memmove(&causes->list[from], &causes->list[from + 1],
		(causes->list_count - from - 1) * sizeof *causes->list);
	causes->list_count--;
	return error;
}

static int unite(struct crash__cause_search *search)
{
	struct crash__causes *causes = search->causes;
	int error = 0;

	for (size_t i = 0; i < causes->list_count && error == 0; i++) {
		size_t before = causes->list_count;

		for (size_t j = causes->list_count; j-- > 0 && error == 0;)
			if (j != i && are_one(search, &causes->list[i], &causes->list[j])) {
				error = take_over(search, i, j);
				i -= j < i;
			}
		if (causes->list_count != before)
			crash__repair_find(search->engine, search->callsites, &causes->list[i]);
	}
	return error;
}

/* ------------------------------------------------------------------ all of them */

static int by_size(const void *a, const void *b)
{
	const struct crash__entry *x = *(struct crash__entry *const *)a,
				  *y = *(struct crash__entry *const *)b;

	if (x->model != y->model)
		return x->model < y->model ? -1 : 1;
	if (x->state.step != y->state.step)
		return x->state.step < y->state.step ? -1 : 1;
	if (x->tier != y->tier)
		return x->tier < y->tier ? -1 : 1;
	if (x->state.count != y->state.count)
		return x->state.count < y->state.count ? -1 : 1;
	/* what is known from before must not change the order */
	return x->number < y->number ? -1 : x->number > y->number;
}

static int begin_model(struct crash__cause_search *search, uint32_t model)
{
	size_t atoms = search->engine->atoms[model].list_count + 1;

	search->model = model;
	crash__set_clear(&search->set);
	free(search->cause_of);
	free(search->since);
	search->cause_of = calloc(atoms, sizeof *search->cause_of);
	search->since = calloc(atoms, sizeof *search->since);
	if (!search->cause_of || !search->since)
		return crash__fail(CRASH_ENOMEM, "no memory for causes");
	return crash__set_init(&search->set, &search->engine->atoms[model]);
}

static struct crash__entry **list_failures(struct crash__engine *engine, size_t *count)
{
	struct crash__entry **list = calloc(HASH_COUNT(engine->entries) + 1, sizeof *list);

	*count = 0;
	for (struct crash__entry *entry = engine->entries; list && entry; entry = entry->hh.next)
		if (crash__verdict_failed(entry->kind) && entry->number && !entry->elsewhere)
			list[(*count)++] = entry;
	if (list && *count)
		qsort(list, *count, sizeof *list, by_size);
	return list;
}

int crash__causes_find(struct crash__engine *engine, struct crash__causes *causes)
{
	struct crash__cause_search search = {.engine = engine, .causes = causes, .model = UINT32_MAX};
	size_t count = 0;
	struct crash__entry **failures = list_failures(engine, &count);
	int error = failures ? 0 : crash__fail(CRASH_ENOMEM, "no memory for causes");

	memset(causes, 0, sizeof *causes);
	search.prefix_cause = calloc(engine->options.fs->steps_count + 2, sizeof *search.prefix_cause);
	if (error == 0 && !search.prefix_cause)
		error = crash__fail(CRASH_ENOMEM, "no memory for causes");
	if (error == 0)
		error = crash__callsites_new(engine->options.fs->trace, engine->options.fs->root,
					     &search.callsites);
	for (size_t i = 0; i < count && error == 0; i++) {
		if (failures[i]->model != search.model)
			error = begin_model(&search, failures[i]->model);
		if (error == 0)
			error = explain(&search, failures[i]);
	}
	for (size_t i = 0; i < causes->list_count && error == 0; i++)
		describe(&search, &causes->list[i]);
	if (error == 0)
		error = unite(&search);
	free(failures);
	free(search.cause_of);
	free(search.since);
	free(search.prefix_cause);
	free(search.lost);
	crash__set_clear(&search.set);
	crash__callsites_free(search.callsites);
	return error;
}
