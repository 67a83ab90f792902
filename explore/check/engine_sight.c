/* SPDX-License-Identifier: MIT */
#include "explore/check/engine_parts.h"

/* What is accepted takes about as long as the final state; what takes so much longer is not. */
#define LEAST_MS 2000
#define TIMES_AS_LONG 10

/* Who looks at names looks at one of the first. */
#define MOST_MISSING 32

/* Which state is shown, or what is made of it. */
static struct crash__state state_of(const struct crash__engine *engine, enum crash__look_kind kind)
{
	const struct crash__fs *fs = engine->options.fs;
	int64_t last = (int64_t)fs->steps_count - 1;

	return (struct crash__state){.step = kind == CRASH__LOOK_UNDONE ? -1 : last,
				     .acked = last < 0 ? 0 : fs->steps[last].acked};
}

static bool is_pending(const struct crash__sight *sight)
{
	for (int i = 0; i < CRASH__LOOKS; i++)
		if (sight->pending[i])
			return true;
	return false;
}

static int await(struct crash__engine *engine)
{
	int error = 0;

	while (is_pending(&engine->sight) && error >= 0 && !crash__engine_interrupted(engine) &&
	       !crash__engine_is_late(engine))
		error = crash__pool_wait(engine->pool, 100);
	crash__engine_give_up_late(engine);
	return error < 0 ? error : 0;
}

static int submit(struct crash__engine *engine, enum crash__look_kind kind, uint32_t file)
{
	uint64_t most = LEAST_MS + engine->final->checker_ns / 1000000 * TIMES_AS_LONG,
		 limit = engine->options.checker.timeout_ms;
	struct crash__state state = state_of(engine, kind);
	struct crash__look look = {
		.kind = kind, .timeout_ms = (uint32_t)(most < limit ? most : limit), .file = file};

	if (crash__engine_interrupted(engine) || crash__engine_time_is_up(engine))
		return 0;
	engine->sight.pending[kind] = true;
	return crash__engine_submit_look(engine, &engine->sight.pending[kind], &state, &look);
}

bool crash__engine_is_look(const struct crash__engine *engine, const void *ticket)
{
	for (int i = 0; i < CRASH__LOOKS; i++)
		if (ticket == &engine->sight.pending[i])
			return true;
	return false;
}

bool crash__engine_took_look(struct crash__engine *engine, const void *ticket, int error,
			     const struct crash__check_result *result)
{
	struct crash__sight *sight = &engine->sight;

	for (int i = 0; i < CRASH__LOOKS; i++) {
		if (ticket != &sight->pending[i])
			continue;
		sight->pending[i] = false;
		sight->verdicts[i] = error < 0 ? CRASH__VERDICT_NONE : result->kind;
		sight->refused |=
			(i == CRASH__LOOK_MISSING || i == CRASH__LOOK_RETURNED || i == CRASH__LOOK_EMPTIED) &&
			sight->verdicts[i] > CRASH__VERDICT_PASSED;
		return true;
	}
	return false;
}

/* Who has opened nothing may look at names. */
static int look_for_names(struct crash__engine *engine)
{
	struct crash__sight *sight = &engine->sight;
	int error = submit(engine, CRASH__LOOK_REMOVED, 0);

	if (error == 0 && sight->gone_count)
		error = submit(engine, CRASH__LOOK_RETURNED, 0);
	if (error == 0)
		error = await(engine);
	for (uint32_t i = 0; i < MOST_MISSING && error == 0 &&
			     sight->verdicts[CRASH__LOOK_REMOVED] == CRASH__VERDICT_PASSED && !sight->refused;
	     i++) {
		sight->verdicts[CRASH__LOOK_MISSING] = CRASH__VERDICT_NONE;
		error = submit(engine, CRASH__LOOK_MISSING, i);
		if (error == 0)
			error = await(engine);
		if (sight->verdicts[CRASH__LOOK_MISSING] == CRASH__VERDICT_NONE)
			break; /* there are no more files */
	}
	return error;
}

bool crash__engine_is_blind(const struct crash__engine *engine)
{
	struct crash__counts counts;

	crash__engine_count(engine, &counts);
	return counts.failed == 0 && crash__sight_is_blind(&engine->sight);
}

int crash__engine_look(struct crash__engine *engine)
{
	struct crash__sight *sight = &engine->sight;
	const struct crash__state last = state_of(engine, CRASH__LOOK_WATCHED);
	bool unseen;
	int error = 0;

	if (engine->options.passive || engine->options.from || engine->options.looks_not || last.step < 0)
		return 0;
	sight->acked = engine->options.acks_matter && last.acked;
	if (!sight->seen->watched && engine->final->known) /* by an earlier exploration */
		error = submit(engine, CRASH__LOOK_WATCHED, 0);
	if (error == 0 && sight->any_bytes && !sight->too_many)
		error = submit(engine, CRASH__LOOK_EMPTIED, 0);
	if (error == 0)
		error = await(engine);
	unseen = !sight->seen->opened;
	if (error == 0 && unseen)
		error = look_for_names(engine);
	if (error == 0 && (unseen || sight->acked))
		error = submit(engine, CRASH__LOOK_UNDONE, 0);
	return error == 0 ? await(engine) : error;
}
