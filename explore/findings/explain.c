/* SPDX-License-Identifier: MIT */
/*
 * Method. Where everything that was done is there and the state fails alike, a killed process is enough.
 * Otherwise fewer and fewer of the ops that the state has lost are lost, until none can be given back without
 * it passing: those are the guilty ones. The first point at which losing them is a failure names the op that
 * survived them.
 *
 * A state that has lost much may show several mistakes, and its verdict only one. So what has been found to
 * be guilty is given back, and the rest is lost alone: if that fails, it is a failure of its own.
 */
#include "base/error.h"
#include "explore/findings/cause_search.h"

/* For each cause so many states are checked at most for what else they have lost, one at a point. */
#define MOST_CREDIT 200

static int enter_and_attribute(struct crash__cause_search *search, struct crash__cause *cause,
			       const struct crash__state *state, struct crash__entry *entry)
{
	search->lost_count = 0;
	return crash__search_attribute(search, crash__search_enter(search, cause, state), entry);
}

/* ------------------------------------------------------------------ a process crash */

static bool changes(const struct crash__fs *fs, uint32_t step)
{
	return fs->steps[step].effects != 0;
}

static bool is_wrong(struct crash__cause_search *search, uint32_t step)
{
	const struct crash__entry *entry = crash__search_try(search, step, NULL, 0, true);

	return entry && crash__verdict_failed(entry->kind);
}

/*
 * Everything is there, and it is wrong: between two ops the files do not fit together, in one way or another.
 * Failures come in order of their points, so the first that is found of a run of wrong points is where the
 * run begins.
 */
static int explain_prefix(struct crash__cause_search *search, struct crash__entry *entry)
{
	const struct crash__fs *fs = crash__search_fs(search);
	int64_t first = entry->state.step;
	uint32_t next = (uint32_t)(first + 1), *known = &search->prefix_cause[first + 1];
	struct crash__cause cause = {.kind = entry->kind, .process = true, .lost = CRASH__NEVER};
	struct crash__state state = {.step = first, .acked = first < 0 ? 0 : fs->steps[first].acked};
	int error;

	if (*known)
		return crash__search_attribute(search, *known, entry);
	while (next < fs->steps_count &&
	       (!changes(fs, next) || !crash__tier_is_point(fs, next) || is_wrong(search, next)))
		next++;
	cause.survivor = first < 0 ? CRASH__NEVER : (uint32_t)first;
	cause.lost = next < fs->steps_count ? next : CRASH__NEVER;
	error = enter_and_attribute(search, &cause, &state, entry);
	for (int64_t step = first; step < (int64_t)next && error == 0; step++)
		search->prefix_cause[step + 1] = entry->cause;
	return error;
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

	return enter_and_attribute(search, &cause, &entry->state, entry);
}

/* Ops that overlapped, one of them not done: the state itself says which. */
static int explain_overlap(struct crash__cause_search *search, struct crash__entry *entry)
{
	struct crash__cause cause = {.kind = entry->kind,
				     .process = true,
				     .lost = crash__search_atoms(search)->list[entry->state.flipped[0]].step,
				     .survivor = (uint32_t)entry->state.step};

	return enter_and_attribute(search, &cause, &entry->state, entry);
}

/* ------------------------------------------------------------------ a power loss */

/* The cause of what is in `lost`, which is a failure from a step on. */
static int make_cause(struct crash__cause_search *search, struct crash__entry *entry, int64_t step)
{
	const struct crash__atoms *atoms = crash__search_atoms(search);
	const struct crash__entry *smallest =
		crash__search_try(search, step, search->lost, search->lost_count, true);
	struct crash__state state = {.step = step,
				     .reference = CRASH__EVERYTHING,
				     .count = (uint32_t)search->set.list_count,
				     .flipped = search->set.list,
				     .choice = search->choice,
				     .acked = crash__search_fs(search)->steps[step].acked};
	struct crash__cause cause = {
		.kind = smallest && crash__verdict_failed(smallest->kind) ? smallest->kind : entry->kind,
		.lost = atoms->list[search->lost[0]].step,
		.survivor = (uint32_t)step,
		.process = atoms->model->process_only};
	int error;

	cause.torn = cause.lost == cause.survivor;
	error = crash__search_attribute(search, crash__search_enter(search, &cause, &state), entry);
	return error == 0 ? crash__guilty_note(search, entry->cause, step) : error;
}

static int minimise(struct crash__cause_search *search, struct crash__entry *entry)
{
	int64_t step = entry->state.step;

	search->lost_count = 0;
	for (size_t i = 0; i < search->whole_count; i++)
		if (!CRASH__ADD(search, lost, search->whole[i]))
			return crash__fail(CRASH_ENOMEM, "no memory for a cause");
	crash__search_minimise(search, step);
	if (search->lost_count == 0) {
		search->causes->unexplained++;
		return 0;
	}
	crash__search_narrow(search, step);
	return make_cause(search, entry, crash__search_first_failure(search, step));
}

/* Whether a state may be checked only to see what else it has lost. Of those at a point, the plain power cut
 * comes first, which has lost most. */
static bool take_credit(struct crash__cause_search *search, uint32_t cause, int64_t step)
{
	struct crash__credit *credit;

	while (search->credits_count <= cause)
		if (!CRASH__ADD(search, credits, (struct crash__credit){.step = INT64_MIN}))
			return false;
	credit = &search->credits[cause];
	if (crash__search_is_thorough(search))
		return true;
	if (credit->spent == MOST_CREDIT || credit->step == step)
		return false;
	credit->spent++;
	credit->step = step;
	return true;
}

/* What the state has lost besides, alone: that may be another mistake. */
static int look_at_rest(struct crash__cause_search *search, const struct crash__entry *entry)
{
	int error = crash__guilty_give_back(search, entry->state.step);
	struct crash__entry *rest;

	if (error < 0 || search->lost_count == 0)
		return error;
	search->probes = 0;
	rest = crash__search_try(search, entry->state.step, search->lost, search->lost_count, false);
	if (!rest && take_credit(search, entry->cause, entry->state.step))
		rest = crash__search_try(search, entry->state.step, search->lost, search->lost_count, true);
	return rest && crash__verdict_failed(rest->kind) ? crash__search_queue(search, rest) : 0;
}

static int explain_loss(struct crash__cause_search *search, struct crash__entry *entry)
{
	const struct crash__guilty *known;
	int error = crash__search_list_lost(search, &entry->state);

	if (error < 0)
		return error;
	if (crash__search_is_thorough(search))
		crash__guilty_forget(search);
	known = crash__guilty_find(search, entry->state.step);
	if (known)
		error = crash__search_attribute(search, known->cause, entry);
	else
		error = minimise(search, entry);
	return error == 0 && entry->cause ? look_at_rest(search, entry) : error;
}

int crash__search_explain(struct crash__cause_search *search, struct crash__entry *entry)
{
	const struct crash__entry *whole;
	uint32_t dropped;

	search->probes = 0;
	search->kind = entry->kind;
	search->choice = entry->state.choice;
	if (entry->tier == CRASH__TIER_PREFIX && entry->state.count)
		return explain_overlap(search, entry);
	whole = crash__search_try(search, entry->state.step, NULL, 0, true);
	if (!whole) {
		search->causes->unexplained++;
		return 0;
	}
	if (!crash__cause_alike(whole->kind, entry->kind))
		return explain_loss(search, entry);
	dropped = find_dropped(search, entry->state.step);
	if (dropped != CRASH__NEVER)
		return explain_dropped(search, entry, dropped);
	return explain_prefix(search, entry);
}
