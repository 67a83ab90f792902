/* SPDX-License-Identifier: MIT */
#include "explore/syncs/sync_worth.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"

/* Of what is left of the budget, that part is for a first look at each site; the second one has the rest. */
#define FIRST_ROUND_SHARE 2
/* And that part is kept for what comes after both. */
#define AFTERWARDS_SHARE 5

struct judging {
	struct crash__syncs *syncs;
	struct crash__dropping dropping;
	const struct crash__engine *with;
	bool *dropped; /* of each step */
	struct crash__syncs_budget budget;
	uint64_t until;		       /* when it is spent */
	uint64_t kept_states, kept_ns; /* of it, for later */
	bool stopped;
};

/* ------------------------------------------------------------------ what is left out */

static void drop(struct judging *judging, const struct crash__sync_site *site, bool dropped)
{
	for (size_t i = 0; i < site->steps_count; i++)
		judging->dropped[site->steps[i]] = dropped;
}

static void drop_nothing(struct judging *judging)
{
	memset(judging->dropped, 0, judging->with->options.fs->steps_count * sizeof *judging->dropped);
}

/* ------------------------------------------------------------------ looks */

static uint64_t without(uint64_t whole, uint64_t part)
{
	return whole > part ? whole - part : 0;
}

/* What is left of the budget, but for what is kept of it; false: nothing. Unlimited is 0. */
static bool find_rest(const struct judging *judging, uint64_t *states, uint64_t *ns)
{
	*states = without(without(judging->budget.states, judging->syncs->checked), judging->kept_states);
	*ns = without(without(judging->until, crash__now_ns()), judging->kept_ns);
	if (!judging->budget.ns)
		*ns = 0;
	return (!judging->budget.states || *states) && (!judging->budget.ns || *ns);
}

static uint64_t share(uint64_t rest, uint64_t parts)
{
	return rest / parts + (rest % parts != 0);
}

/* Keeps a part of what is left. */
static void keep(struct judging *judging, uint64_t part)
{
	uint64_t states, ns;

	judging->kept_states = judging->kept_ns = 0;
	if (!part || !find_rest(judging, &states, &ns))
		return;
	judging->kept_states = states / part;
	judging->kept_ns = ns / part;
}

/*
 * Looks at what fails without the syncs that are left out now.
 * @param parts it has one of so many of what is left of the budget
 */
static int look(struct judging *judging, bool explain, uint64_t parts, struct crash__dropped *dropped)
{
	struct crash__dropping_how how = {.dropped = judging->dropped, .explain = explain};
	int error;

	*dropped = (struct crash__dropped){0};
	if (judging->stopped || !find_rest(judging, &how.budget_states, &how.budget_ns))
		return 0;
	how.budget_states = share(how.budget_states, parts);
	how.budget_ns = share(how.budget_ns, parts);
	error = crash__dropping_look(&judging->dropping, &how, dropped);
	judging->syncs->checked += dropped->now;
	judging->syncs->errors += dropped->errors;
	judging->syncs->flaky += dropped->flaky;
	judging->stopped |= dropped->stopped;
	return error;
}

static bool is_decided(const struct crash__dropped *dropped)
{
	return dropped->failed || dropped->complete;
}

/* Whether more of it would say the same. */
static bool is_settled(const struct crash__dropped *dropped)
{
	return is_decided(dropped) || dropped->errors || dropped->flaky;
}

/* Whether nothing fails in any state. */
static bool is_right(const struct crash__dropped *dropped)
{
	return dropped->complete && !dropped->failed && !dropped->masked;
}

/* ------------------------------------------------------------------ one call site */

static void take_finding(struct crash__sync_site *site, struct crash__dropped *dropped)
{
	site->id = dropped->id;
	site->kind = dropped->kind;
	site->sentence = dropped->sentence;
	site->state = dropped->state;
	site->model = dropped->model;
	dropped->id = dropped->kind = dropped->sentence = dropped->state = dropped->model = NULL;
}

/* @param settled more looks at it would say the same; untouched otherwise */
static int judge_site(struct judging *judging, struct crash__sync_site *site, uint64_t parts, bool *settled)
{
	struct crash__dropped dropped;
	int error;

	drop(judging, site, true);
	error = look(judging, true, parts, &dropped);
	drop(judging, site, false);
	/* what a later look has no time for was seen by an earlier one */
	if (dropped.states >= site->states && dropped.checked >= site->checked) {
		site->idle = dropped.idle;
		site->states = dropped.states;
		site->checked = dropped.checked;
		site->counted = dropped.counted;
		site->masked = dropped.masked;
	}
	if (dropped.failed)
		site->value = CRASH__SYNC_NEEDED;
	else if (is_right(&dropped))
		site->value = CRASH__SYNC_REDUNDANT;
	*settled |= is_settled(&dropped);
	take_finding(site, &dropped);
	crash__dropped_clear(&dropped);
	return error;
}

/* Looks at each site that is not settled yet. @param parts each has one of so many of its share */
static int judge_round(struct judging *judging, bool *settled, uint64_t parts)
{
	struct crash__syncs *syncs = judging->syncs;
	uint64_t open = 0;
	int error = 0;

	for (size_t i = 0; i < syncs->sites_count; i++)
		open += !settled[i];
	for (size_t i = 0; i < syncs->sites_count && error == 0; i++)
		if (!settled[i])
			error = judge_site(judging, &syncs->sites[i], open-- * parts, &settled[i]);
	return error;
}

/*
 * Each site has its share of half of the budget, and what those that are settled soon have left of it goes to
 * the others. Looks that go on know all that was checked before.
 */
static int judge_sites(struct judging *judging)
{
	struct crash__syncs *syncs = judging->syncs;
	bool *settled = calloc(syncs->sites_count + 1, sizeof *settled);
	bool limited = judging->budget.states || judging->budget.ns;
	int error = settled ? 0 : crash__fail(CRASH_ENOMEM, "no memory for what syncs are worth");

	keep(judging, AFTERWARDS_SHARE);
	if (error == 0)
		error = judge_round(judging, settled, limited ? FIRST_ROUND_SHARE : 1);
	if (error == 0 && limited)
		error = judge_round(judging, settled, 1);
	keep(judging, 0);
	for (size_t i = 0; i < syncs->sites_count && error == 0; i++)
		syncs->interrupted |= !settled[i];
	free(settled);
	return error;
}

/* ------------------------------------------------------------------ all that is redundant */

/* Leaves out as much of it as can be left out at once, one site after the other. */
static int drop_one_by_one(struct judging *judging, uint64_t sites)
{
	struct crash__syncs *syncs = judging->syncs;
	int error = 0;

	drop_nothing(judging);
	for (size_t i = 0; i < syncs->sites_count && error == 0; i++) {
		struct crash__sync_site *site = &syncs->sites[i];
		struct crash__dropped dropped;

		if (site->value != CRASH__SYNC_REDUNDANT)
			continue;
		drop(judging, site, true);
		error = look(judging, false, sites--, &dropped);
		site->alone = !is_right(&dropped);
		site->unsure = site->alone && !dropped.failed;
		syncs->interrupted |= !is_settled(&dropped);
		if (site->alone)
			drop(judging, site, false);
		crash__dropped_clear(&dropped);
	}
	return error;
}

static int judge_together(struct judging *judging)
{
	struct crash__syncs *syncs = judging->syncs;
	struct crash__dropped dropped;
	size_t redundant = 0;
	bool right;
	int error;

	drop_nothing(judging);
	for (size_t i = 0; i < syncs->sites_count; i++) {
		if (syncs->sites[i].value != CRASH__SYNC_REDUNDANT)
			continue;
		drop(judging, &syncs->sites[i], true);
		redundant++;
	}
	if (redundant < 2)
		return 0;
	error = look(judging, false, 3, &dropped);
	right = is_right(&dropped);
	crash__dropped_clear(&dropped);
	return error == 0 && !right ? drop_one_by_one(judging, redundant) : error;
}

/* ------------------------------------------------------------------ each sync of a call site */

static size_t count_tries(const struct crash__sync_site *site)
{
	return site->steps_count < CRASH__SYNCS_TRIED ? site->steps_count : CRASH__SYNCS_TRIED;
}

/*
 * Each sync that is left out alone, or of many some that lie evenly among them. Those without which all is
 * right are `spare`, for now.
 */
static int try_each(struct judging *judging, struct crash__sync_site *site, uint64_t *looks)
{
	size_t count = count_tries(site);
	int error = 0;

	drop_nothing(judging);

	for (size_t i = 0; i < count && error == 0; i++) {
		uint32_t step = site->steps[i * site->steps_count / count];
		struct crash__dropped dropped;

		judging->dropped[step] = true;
		error = look(judging, false, (*looks)--, &dropped);
		judging->dropped[step] = false;
		site->tried += is_decided(&dropped);
		site->needed += dropped.failed != 0;
		judging->syncs->interrupted |= !is_settled(&dropped);
		if (is_right(&dropped) && !CRASH__ADD(site, spare, step))
			error = crash__fail(CRASH_ENOMEM, "no memory for what syncs are worth");
		crash__dropped_clear(&dropped);
	}
	return error;
}

/* What can be left out of all sites but one. */
static void drop_saved(struct judging *judging, const struct crash__sync_site *but)
{
	const struct crash__syncs *syncs = judging->syncs;

	drop_nothing(judging);
	for (size_t i = 0; i < syncs->sites_count; i++) {
		const struct crash__sync_site *site = &syncs->sites[i];

		if (crash__sync_is_saved(site))
			drop(judging, site, true);
		for (size_t at = 0; at < site->spare_count && site != but; at++)
			judging->dropped[site->spare[at]] = true;
	}
}

/* Of those that are not needed alone, as many as can be left out at once: all, or one after the other. */
static int find_spare(struct judging *judging, struct crash__sync_site *site, uint64_t looks)
{
	struct crash__dropped dropped;
	size_t count = site->spare_count;
	bool right;
	int error;

	drop_saved(judging, NULL);
	error = look(judging, false, 2 * looks, &dropped);
	right = is_right(&dropped);
	crash__dropped_clear(&dropped);
	if (error < 0 || right)
		return error;
	drop_saved(judging, site);
	site->spare_count = 0;
	for (size_t i = 0; i < count && error == 0; i++) {
		uint32_t step = site->spare[i];

		judging->dropped[step] = true;
		error = look(judging, false, looks * (count - i), &dropped);
		if (is_right(&dropped))
			site->spare[site->spare_count++] = step;
		else
			judging->dropped[step] = false;
		crash__dropped_clear(&dropped);
	}
	return error;
}

static bool is_tried(const struct crash__sync_site *site)
{
	return site->value == CRASH__SYNC_NEEDED && site->steps_count > 1;
}

static int try_all(struct judging *judging)
{
	struct crash__syncs *syncs = judging->syncs;
	uint64_t looks = 0, sites = 0;
	int error = 0;

	for (size_t i = 0; i < syncs->sites_count; i++)
		looks += is_tried(&syncs->sites[i]) ? count_tries(&syncs->sites[i]) : 0;
	looks += looks / 2; /* for those that are left out together */
	for (size_t i = 0; i < syncs->sites_count && error == 0; i++)
		if (is_tried(&syncs->sites[i]))
			error = try_each(judging, &syncs->sites[i], &looks);
		else if (syncs->sites[i].value == CRASH__SYNC_NEEDED)
			syncs->sites[i].tried = syncs->sites[i].needed = 1;
	for (size_t i = 0; i < syncs->sites_count; i++)
		sites += syncs->sites[i].spare_count != 0;
	for (size_t i = 0; i < syncs->sites_count && error == 0; i++)
		if (syncs->sites[i].spare_count)
			error = find_spare(judging, &syncs->sites[i], sites--);
	return error;
}

/* ------------------------------------------------------------------ all of it */

/* Whether anything fails where nothing is synced at all. */
static int judge_checker(struct judging *judging)
{
	struct crash__syncs *syncs = judging->syncs;
	struct crash__dropped dropped;
	int error;

	for (size_t i = 0; i < syncs->sites_count; i++)
		drop(judging, &syncs->sites[i], true);
	error = look(judging, false, syncs->sites_count + 1, &dropped);
	drop_nothing(judging);
	syncs->blind = judging->dropping.clean && !dropped.idle && !dropped.failed && dropped.checked;
	syncs->blind_counted = dropped.counted;
	syncs->blind_states = dropped.states;
	syncs->blind_checked = dropped.checked;
	syncs->interrupted |= !is_settled(&dropped);
	crash__dropped_clear(&dropped);
	return error;
}

/* Where the checker accepts everything, only that a sync makes nothing durable says something. */
static void doubt(struct crash__syncs *syncs)
{
	for (size_t i = 0; i < syncs->sites_count; i++)
		if (!syncs->sites[i].idle)
			syncs->sites[i].value = CRASH__SYNC_UNDECIDED;
}

int crash__syncs_judge(struct crash__syncs *syncs, const struct crash__engine *with, bool clean,
		       const struct crash__syncs_budget *budget)
{
	struct judging judging = {
		.syncs = syncs,
		.with = with,
		.dropped = calloc(with->options.fs->steps_count + 1, sizeof *judging.dropped),
		.budget = *budget,
		.until = crash__now_ns() + budget->ns,
	};
	int error = judging.dropped ? crash__dropping_begin(&judging.dropping, with, clean) :
				      crash__fail(CRASH_ENOMEM, "no memory for what syncs are worth");

	if (error == 0 && syncs->sites_count)
		error = judge_checker(&judging);
	if (error == 0)
		error = judge_sites(&judging);
	if (error == 0 && syncs->blind)
		doubt(syncs);
	if (error == 0)
		error = judge_together(&judging);
	if (error == 0)
		error = try_all(&judging);
	free(judging.dropped);
	crash__dropping_clear(&judging.dropping);
	return error;
}
