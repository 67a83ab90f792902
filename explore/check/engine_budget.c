/* SPDX-License-Identifier: MIT */
/*
 * Method. A budget is for everything: for the recording, for checks that are repeated, and for those that
 * explain failures. So where there is something to explain, a part of it is kept for that. What is under way
 * when it ends is waited for as long as the longest check has taken so far: a checker that hangs is left.
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

static bool keeps_some(const struct crash__engine *engine)
{
	return engine->failed && !engine->explaining;
}

static uint64_t time_limit(const struct crash__engine *engine)
{
	uint64_t budget = engine->options.budget_ns, kept = budget / EXPLAINING_SHARE;

	if (kept > MOST_EXPLAINING_NS)
		kept = MOST_EXPLAINING_NS;
	return keeps_some(engine) ? budget - kept : budget;
}

static uint64_t state_limit(const struct crash__engine *engine)
{
	uint64_t budget = engine->options.budget_states;

	return keeps_some(engine) ? budget - budget / EXPLAINING_SHARE : budget;
}

bool crash__engine_time_is_up(struct crash__engine *engine)
{
	if (engine->options.budget_ns && elapsed(engine) >= time_limit(engine)) {
		if (engine->explaining)
			engine->cut_short = true;
		else
			engine->out_of_budget = true;
	}
	return engine->explaining ? engine->cut_short : engine->out_of_budget;
}

uint64_t crash__engine_left(const struct crash__engine *engine)
{
	uint64_t limit = time_limit(engine), spent = elapsed(engine);

	return limit > spent ? limit - spent : 0;
}

bool crash__engine_spent(struct crash__engine *engine)
{
	/* there is none yet where what has come so far was known */
	unsigned int busy = engine->pool ? crash__pool_busy(engine->pool) : 0;

	if (engine->options.most_failures && engine->failed >= engine->options.most_failures &&
	    !engine->explaining)
		engine->out_of_budget = true;
	if (engine->options.budget_states && engine->checked + busy >= state_limit(engine)) {
		if (engine->explaining)
			engine->cut_short = true;
		else
			engine->out_of_budget = true;
	}
	return crash__engine_time_is_up(engine);
}

bool crash__engine_is_late(const struct crash__engine *engine)
{
	uint64_t patience = engine->longest_ns > LEAST_PATIENCE_NS ? engine->longest_ns : LEAST_PATIENCE_NS;

	return engine->options.budget_ns && elapsed(engine) > time_limit(engine) + patience;
}

void crash__engine_give_up_late(struct crash__engine *engine)
{
	if (!engine->pool || !crash__pool_busy(engine->pool) || !crash__engine_is_late(engine))
		return;
	crash__engine_time_is_up(engine);
	crash__pool_free(engine->pool);
	engine->pool = NULL;
	crash__engine_forget_pending(engine);
}
