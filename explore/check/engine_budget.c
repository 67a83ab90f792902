/* SPDX-License-Identifier: MIT */
/*
 * Method. A budget is for everything: for the recording, for checks that are repeated, and for those that
 * explain failures. So where there is something to explain, a part of it is kept for that. When only that
 * part is left, failures are explained, and what this leaves is a budget again: exploring goes on where it
 * was, and keeps a part of it from the next failure on. It never takes what explaining one more failure may
 * need: as much as the dearest so far has taken.
 *
 * What is under way when it ends is waited for as long as the longest check has taken so far: a checker that
 * hangs is left.
 */
#include "base/clock.h"
#include "explore/check/engine_parts.h"

/* That part of a budget is for explaining failures, but no more than this. */
#define EXPLAINING_SHARE 4
#define MOST_EXPLAINING_NS UINT64_C(60000000000)
/* Whatever the checks have taken so far. */
#define LEAST_PATIENCE_NS UINT64_C(100000000)

static uint64_t elapsed(const struct crash__engine *engine)
{
	return crash__now_ns() - engine->began;
}

/* Up to where a budget may be spent, of which so much was spent when exploring went on last. */
static uint64_t limit(const struct crash__engine *engine, uint64_t budget, uint64_t from, uint64_t most_kept,
		      uint64_t dearest)
{
	uint64_t rest = budget > from ? budget - from : 0, kept = rest / EXPLAINING_SHARE;

	if (engine->explaining)
		return budget;
	if (kept > most_kept)
		kept = most_kept;
	if (engine->failed == engine->explained)
		kept = 0;
	if (kept < dearest)
		kept = dearest;
	return budget > kept ? budget - kept : 0;
}

static uint64_t time_limit(const struct crash__engine *engine)
{
	return limit(engine, engine->options.budget_ns, engine->went_on.ns, MOST_EXPLAINING_NS,
		     engine->dearest.ns + engine->besides.ns);
}

static uint64_t state_limit(const struct crash__engine *engine)
{
	return limit(engine, engine->options.budget_states, engine->went_on.checks, UINT64_MAX,
		     engine->dearest.checks + engine->besides.checks);
}

static bool is_time_up(const struct crash__engine *engine)
{
	return engine->options.budget_ns && elapsed(engine) >= time_limit(engine);
}

static bool are_states_up(const struct crash__engine *engine)
{
	/* there is none yet where what has come so far was known */
	unsigned int busy = engine->pool ? crash__pool_busy(engine->pool) : 0;

	return engine->options.budget_states && engine->checked + busy >= state_limit(engine);
}

/* ------------------------------------------------------------------ what explaining takes */

struct crash__cost crash__engine_cost(const struct crash__engine *engine)
{
	return (struct crash__cost){.ns = elapsed(engine), .checks = engine->checked};
}

static struct crash__cost cost_since(const struct crash__engine *engine, struct crash__cost before)
{
	struct crash__cost now = crash__engine_cost(engine);

	return (struct crash__cost){.ns = now.ns - before.ns, .checks = now.checks - before.checks};
}

void crash__engine_explained_one(struct crash__engine *engine, struct crash__cost before)
{
	struct crash__cost cost = cost_since(engine, before);

	engine->in_failures.ns += cost.ns;
	engine->in_failures.checks += cost.checks;
	if (cost.ns > engine->dearest.ns)
		engine->dearest.ns = cost.ns;
	if (cost.checks > engine->dearest.checks)
		engine->dearest.checks = cost.checks;
}

static int explain(struct crash__engine *engine)
{
	struct crash__cost before = crash__engine_cost(engine);
	int error;

	engine->in_failures = (struct crash__cost){0};
	engine->explaining = true;
	error = engine->options.explain(engine->options.explains);
	engine->explaining = false;
	engine->explained = engine->failed;
	engine->went_on = crash__engine_cost(engine);
	engine->besides = cost_since(engine, before);
	engine->besides.ns -= engine->in_failures.ns;
	engine->besides.checks -= engine->in_failures.checks;
	return error;
}

/* Explains what has failed since the last time. Whether there is something left for more states. */
static bool goes_on(struct crash__engine *engine)
{
	if (!engine->options.explain || engine->failed == engine->explained || engine->failure < 0)
		return false;
	engine->failure = crash__engine_drain(engine);
	if (engine->failure == 0)
		engine->failure = explain(engine);
	return engine->failure == 0 && !engine->cut_short && !engine->out_of_budget &&
	       !crash__engine_interrupted(engine) && !is_time_up(engine) && !are_states_up(engine);
}

static void end(struct crash__engine *engine)
{
	if (engine->explaining)
		engine->cut_short = true;
	else if (!engine->out_of_budget)
		engine->out_of_budget = !goes_on(engine);
}

/* ------------------------------------------------------------------ whether it is spent */

bool crash__engine_time_is_up(struct crash__engine *engine)
{
	if (is_time_up(engine))
		end(engine);
	return engine->explaining ? engine->cut_short : engine->out_of_budget;
}

uint64_t crash__engine_left(const struct crash__engine *engine)
{
	uint64_t most = time_limit(engine), spent = elapsed(engine);

	return most > spent ? most - spent : 0;
}

bool crash__engine_spent(struct crash__engine *engine)
{
	if (engine->options.most_failures && engine->failed >= engine->options.most_failures &&
	    !engine->explaining)
		engine->out_of_budget = true;
	if (are_states_up(engine))
		end(engine);
	return crash__engine_time_is_up(engine);
}

uint64_t crash__engine_patience(const struct crash__engine *engine)
{
	return engine->longest_ns > LEAST_PATIENCE_NS ? engine->longest_ns : LEAST_PATIENCE_NS;
}

bool crash__engine_is_late(const struct crash__engine *engine)
{
	return engine->options.budget_ns &&
	       elapsed(engine) > time_limit(engine) + crash__engine_patience(engine);
}

/* What hangs once may hang again: it is not gone on. */
void crash__engine_give_up_late(struct crash__engine *engine)
{
	if (!engine->pool || !crash__pool_busy(engine->pool) || !crash__engine_is_late(engine))
		return;
	if (engine->explaining)
		engine->cut_short = true;
	else
		engine->out_of_budget = true;
	crash__pool_free(engine->pool);
	engine->pool = NULL;
	crash__engine_forget_pending(engine);
}
