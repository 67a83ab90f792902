/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "explore/check/engine_parts.h"
#include "explore/states/view_new.h"

static int move_probe(struct crash__engine *engine, uint32_t model, int64_t step)
{
	if (engine->probe && (engine->probe_model != model || crash__view_step(engine->probe) > step)) {
		crash__view_free(engine->probe);
		engine->probe = NULL;
	}
	if (!engine->probe) {
		int error = crash__view_new(&engine->atoms[model], CRASH__EVERYTHING, &engine->probe);

		if (error < 0)
			return error;
		engine->probe_model = model;
	}
	return crash__view_advance(engine->probe, step);
}

/* Has an entry checked, and waits for what comes of it. */
static void check_probed(struct crash__engine *engine, struct crash__entry *entry, uint32_t model,
			 const struct crash__state *state)
{
	if (crash__engine_interrupted(engine) || entry->error || crash__engine_spent(engine))
		return;
	if (!entry->state.flipped && !crash__engine_describe(entry, model, CRASH__TIER_OMIT, state))
		return;
	if (crash__engine_submit(engine, entry, model, state) != GO_ON)
		return;
	while (entry->pending && !crash__engine_interrupted(engine) && !crash__engine_is_late(engine)) {
		if (crash__pool_wait(engine->pool, 100) < 0)
			break;
		crash__engine_show(engine, false);
	}
	crash__engine_give_up_late(engine);
}

/* The hash of a state that has lost some atoms. */
static int hash_probed(struct crash__engine *engine, uint32_t model, const struct crash__state *state,
		       struct crash__hash *hash)
{
	int error = move_probe(engine, model, state->step);

	if (error < 0)
		return error;
	crash__view_choose(engine->probe, state->choice);
	error = crash__view_hash_flipped(engine->probe, state->flipped, state->count, hash);
	crash__view_choose(engine->probe, 0);
	*hash = crash__engine_identity(engine, *hash, state->acked);
	return error;
}

struct crash__entry *crash__engine_probe(struct crash__engine *engine, uint32_t model,
					 const struct crash__state *probed, bool check)
{
	struct crash__state state = *probed;
	struct crash__entry *entry;
	struct crash__hash hash;

	assert(state.reference == CRASH__EVERYTHING);
	/* to name a state of a long recording takes as long as a check */
	if (crash__engine_time_is_up(engine))
		return NULL;
	state.acked = state.step < 0 ? 0 : engine->options.fs->steps[state.step].acked;
	if (hash_probed(engine, model, &state, &hash) < 0)
		return NULL;
	entry = crash__engine_entry(engine, hash);
	if (check && (!entry || entry->kind == CRASH__VERDICT_NONE)) {
		engine->unknown_probes += engine->options.passive;
		if (engine->options.passive || (!entry && !(entry = crash__engine_new_entry(engine, hash))))
			return NULL;
		check_probed(engine, entry, model, &state);
	}
	/* what an earlier run has asked for, and this one has not, must not change what comes of it */
	if (!entry || entry->kind == CRASH__VERDICT_NONE || (!check && !entry->used))
		return NULL;
	if (!entry->state.flipped && !crash__engine_describe(entry, model, CRASH__TIER_OMIT, &state))
		return NULL;
	entry->models |= 1u << model;
	entry->used |= check;
	return entry;
}

struct crash__entry *crash__engine_named(struct crash__engine *engine, uint32_t model,
					 struct crash__view *view, const struct crash__state *state,
					 bool check)
{
	struct crash__entry *entry;
	struct crash__hash hash;

	if (crash__view_hash_flipped(view, state->flipped, state->count, &hash) < 0)
		return NULL;
	entry = crash__engine_entry(engine, crash__engine_identity(engine, hash, state->acked));
	if (check && entry && entry->elsewhere && entry->kind == CRASH__VERDICT_NONE &&
	    !engine->options.passive)
		check_probed(engine, entry, model, state);
	return entry;
}

const struct crash__entry *crash__engine_find(struct crash__engine *engine, const struct crash__atoms *atoms,
					      const struct crash__state *state)
{
	uint64_t acked = state->step < 0 ? 0 : engine->options.fs->steps[state->step].acked;
	struct crash__entry *entry = NULL;
	struct crash__view *view = NULL;
	struct crash__hash hash;

	if (crash__view_new_choice(atoms, CRASH__EVERYTHING, state->choice, &view) == 0 &&
	    crash__view_advance(view, state->step) == 0 &&
	    crash__view_hash_flipped(view, state->flipped, state->count, &hash) == 0)
		entry = crash__engine_entry(engine, crash__engine_identity(engine, hash, acked));
	crash__view_free(view);
	return entry;
}

bool crash__engine_is_over(struct crash__engine *engine)
{
	return crash__engine_spent(engine);
}
