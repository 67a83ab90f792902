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

/* So many mistakes are looked for in one state. */
#define MOST_MISTAKES 64
/* So many of the power cuts are looked into. */
#define MOST_CUTS 200

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
static int explain_prefix(struct crash__cause_search *search, struct crash__entry *entry, int64_t first)
{
	const struct crash__fs *fs = crash__search_fs(search);
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

/* A failure that nothing explains yet has this cause. A cause without any would be strange. */
static int attribute_first(struct crash__cause_search *search, uint32_t number, struct crash__entry *entry)
{
	if (number && entry->cause && crash__search_cause(search, number)->states)
		return 0;
	return crash__search_attribute(search, number, entry);
}

static bool is_of_failed_sync(const struct crash__atom *atom)
{
	return atom->failed || atom->abandoned;
}

/* No budget is left: what is looked for now is not found, or not the least. */
static bool is_cut_short(const struct crash__cause_search *search)
{
	return crash__engine_is_over(search->engine) && !search->engine->options.passive;
}

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
		.process = atoms->model->process_only,
		.failed_sync = is_of_failed_sync(&atoms->list[search->lost[0]])};
	uint32_t number;
	int error;

	if (is_cut_short(search) && search->lost_count > 1)
		cause.suspects = (uint32_t)search->lost_count;
	cause.torn = cause.lost == cause.survivor;
	number = crash__search_enter(search, &cause, &state);
	error = attribute_first(search, number, entry);
	return error == 0 ? crash__guilty_note(search, number, step) : error;
}

/* Leaves in `whole` what is not in `lost`, and what that can be there without. */
static int give_back(struct crash__cause_search *search, int64_t step)
{
	size_t kept = 0;
	int error = 0;

	crash__set_begin(&search->set, step);
	for (size_t i = 0; i < search->lost_count && error == 0; i++)
		error = crash__set_keep(&search->set, search->lost[i]);
	for (size_t i = 0; i < search->whole_count; i++)
		if (!crash__set_has(&search->set, search->whole[i]))
			search->whole[kept++] = search->whole[i];
	search->whole_count = kept;
	return error;
}

/* Finds the fewest in `whole` that make the state fail as it does, and their cause. */
static int explain_one(struct crash__cause_search *search, struct crash__entry *entry, int64_t step)
{
	const struct crash__guilty *known;
	int64_t first;

	search->probes = 0;
	search->kind = entry->kind;
	search->lost_count = 0;
	for (size_t i = 0; i < search->whole_count; i++)
		if (!CRASH__ADD(search, lost, search->whole[i]))
			return crash__fail(CRASH_ENOMEM, "no memory for a cause");
	crash__search_minimise(search, step);
	if (search->lost_count == 0)
		return 0;
	crash__search_narrow(search, step);
	first = crash__search_first_failure(search, step);
	if (crash__search_only_undoes(search, first))
		return explain_prefix(search, entry, first - 1);
	known = is_cut_short(search) ? crash__guilty_find(search, step) : NULL;
	return known ? attribute_first(search, known->cause, entry) : make_cause(search, entry, first);
}

/* What is left of the failure, if it is one: the state that has lost what is in `whole`, and nothing else. */
static struct crash__entry *find_rest(struct crash__cause_search *search, int64_t step)
{
	struct crash__entry *rest;

	search->probes = 0;
	rest = crash__search_try(search, step, search->whole, search->whole_count, true);
	if (!rest || !crash__verdict_failed(rest->kind) ||
	    (rest->number && rest->tier == CRASH__TIER_PREFIX)) /* a killed process is enough for that */
		return NULL;
	return rest;
}

/* One mistake after the other, as long as what is left fails. */
static int explain_deeply(struct crash__cause_search *search, struct crash__entry *entry)
{
	int64_t step = entry->state.step;
	struct crash__entry *rest = entry;
	int error = 0;

	for (int i = 0; i < MOST_MISTAKES && rest && error == 0; i++) {
		error = explain_one(search, rest, step);
		if (error == 0 && search->lost_count)
			error = give_back(search, step);
		if (error < 0 || search->lost_count == 0 || search->whole_count == 0)
			break;
		rest = find_rest(search, step);
	}
	search->causes->unexplained += error == 0 && !entry->cause;
	return error;
}

/*
 * A plain power cut has lost most, and so it may show the most mistakes. Some of them are looked into, over
 * the whole run, and the first of those right after an acknowledgement.
 */
static bool is_looked_into(struct crash__cause_search *search, const struct crash__entry *entry)
{
	const struct crash__fs *fs = crash__search_fs(search);
	int64_t step = entry->state.step;

	if (entry->tier != CRASH__TIER_CUT || step < 0)
		return false;
	if ((uint64_t)step % (fs->steps_count / MOST_CUTS + 1) == 0)
		return true;
	return fs->steps[step].event->kind == CRASH__EVENT_ACK && search->looked_into++ < MOST_CUTS;
}

/* All that a state has lost would be its cause, if there were no budget left to look into it. */
static bool takes_short_way(struct crash__cause_search *search, const struct crash__entry *entry)
{
	if (is_cut_short(search))
		return true;
	return !crash__search_is_thorough(search) && !is_looked_into(search, entry);
}

static int explain_loss(struct crash__cause_search *search, struct crash__entry *entry)
{
	const struct crash__guilty *known = NULL;
	int error = crash__search_list_lost(search, &entry->state);

	if (error < 0)
		return error;
	if (takes_short_way(search, entry))
		known = crash__guilty_find(search, entry->state.step);
	return known ? crash__search_attribute(search, known->cause, entry) : explain_deeply(search, entry);
}

int crash__search_explain(struct crash__cause_search *search, struct crash__entry *entry)
{
	const struct crash__entry *whole;

	search->probes = 0;
	search->kind = entry->kind;
	search->choice = entry->state.choice;
	if (entry->tier == CRASH__TIER_PREFIX && entry->state.count)
		return explain_overlap(search, entry);
	whole = crash__search_try(search, entry->state.step, NULL, 0, true);
	/* with no budget left, what it has lost is the better guess: it is what was to be looked for */
	if (!whole && is_cut_short(search))
		return explain_loss(search, entry);
	if (!whole) {
		search->causes->unexplained++;
		return 0;
	}
	if (!crash__cause_alike(whole->kind, entry->kind))
		return explain_loss(search, entry);
	return explain_prefix(search, entry, entry->state.step);
}
