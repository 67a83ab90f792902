/* SPDX-License-Identifier: MIT */
#include "explore/syncs/sync_worth.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"

/* So many failures are explained to say for what a sync is needed. */
#define ENOUGH_FAILURES 8

struct judging {
	struct crash__syncs *syncs;
	struct crash__dropping dropping;
	const struct crash__engine *with;
	bool *dropped; /* of each step */
	struct crash__syncs_budget budget;
	uint64_t began, until;
	uint64_t looks; /* that are expected to come */
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

static uint64_t share(uint64_t left, uint64_t looks)
{
	return left / looks + (left % looks != 0);
}

/* What the next look may cost; false: there is nothing left for it. */
static bool find_share(struct judging *judging, struct crash__dropping_how *how, uint64_t looks)
{
	uint64_t now = crash__now_ns();

	if (judging->budget.ns) {
		if (now >= judging->until)
			return false;
		how->budget_ns = share(judging->until - now, looks);
	}
	if (judging->budget.states) {
		if (judging->syncs->checked >= judging->budget.states)
			return false;
		how->budget_states = share(judging->budget.states - judging->syncs->checked, looks);
	}
	return true;
}

/*
 * Looks at what fails without the syncs that are left out now.
 * @param part of the share that a look has; 1: all of it
 */
static int look(struct judging *judging, uint64_t failures, bool explain, uint64_t part,
		struct crash__dropped *dropped)
{
	struct crash__dropping_how how = {
		.dropped = judging->dropped, .most_failures = failures, .explain = explain};
	uint64_t looks = (judging->looks ? judging->looks : 1) * part;
	int error;

	*dropped = (struct crash__dropped){0};
	if (judging->stopped || !find_share(judging, &how, looks)) {
		judging->syncs->interrupted = true;
		return 0;
	}
	error = crash__dropping_look(&judging->dropping, &how, dropped);
	judging->syncs->checked += dropped->now;
	judging->syncs->errors += dropped->errors;
	judging->syncs->flaky += dropped->flaky;
	judging->stopped |= dropped->stopped;
	judging->syncs->interrupted |= !dropped->complete && !dropped->failed && !dropped->errors;
	return error;
}

static void looked(struct judging *judging)
{
	judging->looks -= judging->looks > 1;
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

/* Each sync that is left out alone, or of many some that lie evenly among them. */
static int try_each(struct judging *judging, struct crash__sync_site *site)
{
	size_t count = site->steps_count < CRASH__SYNCS_TRIED ? site->steps_count : CRASH__SYNCS_TRIED;
	int error = 0;

	if (count == 1) {
		site->tried = site->needed = 1;
		return 0;
	}
	for (size_t i = 0; i < count && error == 0; i++) {
		uint32_t step = site->steps[i * site->steps_count / count];
		struct crash__dropped dropped;

		judging->dropped[step] = true;
		error = look(judging, 1, false, count - i, &dropped);
		judging->dropped[step] = false;
		site->tried += dropped.failed || dropped.complete;
		site->needed += dropped.failed != 0;
		crash__dropped_clear(&dropped);
	}
	return error;
}

static int judge_site(struct judging *judging, struct crash__sync_site *site)
{
	struct crash__dropped dropped;
	int error;

	drop(judging, site, true);
	error = look(judging, ENOUGH_FAILURES, true, 1, &dropped);
	drop(judging, site, false);
	looked(judging);
	site->idle = dropped.idle;
	site->states = dropped.states;
	site->checked = dropped.checked;
	site->counted = dropped.counted;
	site->masked = dropped.masked;
	if (dropped.failed)
		site->value = CRASH__SYNC_NEEDED;
	else if (dropped.complete && !dropped.masked)
		site->value = CRASH__SYNC_REDUNDANT;
	take_finding(site, &dropped);
	crash__dropped_clear(&dropped);
	if (error == 0 && site->value == CRASH__SYNC_NEEDED)
		error = try_each(judging, site);
	looked(judging);
	return error;
}

/* ------------------------------------------------------------------ all that is redundant */

/* Leaves out as much of it as can be left out at once, one site after the other. */
static int drop_one_by_one(struct judging *judging)
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
		error = look(judging, 1, false, 1, &dropped);
		looked(judging);
		site->alone = dropped.failed || dropped.masked || !dropped.complete;
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
	bool good;
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
	judging->looks = redundant;
	error = look(judging, 1, false, 1, &dropped);
	good = dropped.complete && !dropped.failed && !dropped.masked;
	crash__dropped_clear(&dropped);
	return error == 0 && !good ? drop_one_by_one(judging) : error;
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
	error = look(judging, 1, false, 1, &dropped);
	looked(judging);
	drop_nothing(judging);
	syncs->blind = judging->dropping.clean && !dropped.idle && !dropped.failed && dropped.checked;
	syncs->blind_counted = dropped.counted;
	syncs->blind_states = dropped.states;
	syncs->blind_checked = dropped.checked;
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
		.looks = 2 * syncs->sites_count + 2,
	};
	int error = judging.dropped ? crash__dropping_begin(&judging.dropping, with, clean) :
				      crash__fail(CRASH_ENOMEM, "no memory for what syncs are worth");

	if (error == 0 && syncs->sites_count)
		error = judge_checker(&judging);
	for (size_t i = 0; i < syncs->sites_count && error == 0; i++)
		error = judge_site(&judging, &syncs->sites[i]);
	if (error == 0 && syncs->blind)
		doubt(syncs);
	if (error == 0)
		error = judge_together(&judging);
	free(judging.dropped);
	crash__dropping_clear(&judging.dropping);
	return error;
}
