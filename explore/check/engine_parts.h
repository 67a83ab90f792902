/* SPDX-License-Identifier: MIT */
/*
 * engine_parts.h - what the files that make up the engine know of each other: engine_run.c, engine_budget.c,
 * engine_sweeps.c, engine_tiers.c, engine_probe.c, engine_recovered.c, engine_sight.c.
 */
#ifndef CRASH_ENGINE_PARTS_H
#define CRASH_ENGINE_PARTS_H

#include "explore/check/engine.h"

/* What whoever takes states answers; END_TIER also where the budget is spent or somebody wants an end. */
enum { GO_ON, END_TIER };

/* After so many states that cost no check, the clock is looked at. */
#define CRASH__LOOK_EVERY 64

/* ------------------------------------------------------------------ engine_run.c: entries */

/** What the checker can see: the tree, and what was acknowledged by then. */
struct crash__hash crash__engine_identity(const struct crash__engine *engine, struct crash__hash tree,
					  uint64_t acked);

struct crash__entry *crash__engine_entry(struct crash__engine *engine, struct crash__hash hash);
struct crash__entry *crash__engine_new_entry(struct crash__engine *engine, struct crash__hash hash);

/** Whether a state is looked at. */
bool crash__engine_also(const struct crash__engine *engine, uint32_t model, const struct crash__state *state,
			struct crash__state *other);
bool crash__engine_wants(const struct crash__engine *engine, uint32_t model,
			 const struct crash__state *state);

/** Whether another shard checks it. */
bool crash__engine_is_elsewhere(const struct crash__engine *engine, struct crash__hash hash);

/** Notes how an entry is named. False: there is no memory. */
bool crash__engine_describe(struct crash__entry *entry, uint32_t model, enum crash__tier tier,
			    const struct crash__state *state);

/* ------------------------------------------------------------------ engine_run.c: having them checked */

bool crash__engine_interrupted(struct crash__engine *engine);
/**
 * Has a state checked by the next worker that is free; not where explaining failures has had it checked,
 * while one was waited for. END_TIER: it was interrupted before there was one.
 */
int crash__engine_submit(struct crash__engine *engine, struct crash__entry *entry, uint32_t model,
			 const struct crash__state *state);

/** Has the final state, or what a look makes of it, checked by the next worker that is free. */
int crash__engine_submit_look(struct crash__engine *engine, void *ticket, const struct crash__state *state,
			      const struct crash__look *look);

/** An entry has a verdict, or cannot have one. */
void crash__engine_take(struct crash__engine *engine, struct crash__entry *entry, int error,
			const struct crash__check_result *result, const char *output);

/** Waits for all that are being checked. */
int crash__engine_drain(struct crash__engine *engine);

/** Says how far it is; not too often, if not `now`. */
void crash__engine_show(struct crash__engine *engine, bool now);

/* ------------------------------------------------------------------ engine_budget.c */

/**
 * Whether the time is over for what is being done: exploring leaves some of it for explaining failures. What
 * explaining leaves is for exploring again, so it may be done here: whatever had no verdict before may have
 * one.
 */
bool crash__engine_time_is_up(struct crash__engine *engine);

/** How much time is left for it; 0: none, or there is no limit. */
uint64_t crash__engine_left(const struct crash__engine *engine);

/** The same, or as many states were checked as may be. */
bool crash__engine_spent(struct crash__engine *engine);

/** For how long that is waited for, beyond its time, which is being checked: as long as the longest check. */
uint64_t crash__engine_patience(const struct crash__engine *engine);

/** Whether the time is over for so long that what is being checked must hang. */
bool crash__engine_is_late(const struct crash__engine *engine);

/** If so, ends the workers: what they are busy with has no verdict. */
void crash__engine_give_up_late(struct crash__engine *engine);

/* ------------------------------------------------------------------ engine_probe.c */

/** Keeps what a check has given until somebody waits for it. */
void crash__engine_keep_ahead(struct crash__entry *entry, int error, const struct crash__check_result *result,
			      const char *output);

/** What was asked for ahead counts, if its check is over; or else it is not checked any more. */
void crash__engine_take_ahead(struct crash__engine *engine, struct crash__entry *entry);

void crash__engine_clear_ahead(struct crash__entry *entry);

/* ------------------------------------------------------------------ engine_recovered.c */

/** A worker asks whether the tree that recovery has left on an entry's state was checked before. */
void crash__engine_asked(void *context, void *ticket, uint64_t acked, const struct crash__hash *recovered,
			 struct crash__recovered_answer *answer);

/** An entry has a verdict. */
void crash__engine_recovered(struct crash__engine *engine, struct crash__entry *entry,
			     const struct crash__check_result *result);

void crash__engine_forget_recovered(struct crash__engine *engine);

/* ------------------------------------------------------------------ engine_sight.c */

/** When the final state has passed: finds out what the checker sees of it. */
int crash__engine_look(struct crash__engine *engine);

/** Whether a ticket is that of a look, and not of an entry. */
bool crash__engine_is_look(const struct crash__engine *engine, const void *ticket);

/** Takes what came of a look. False: the ticket is not of one. */
bool crash__engine_took_look(struct crash__engine *engine, const void *ticket, int error,
			     const struct crash__check_result *result);

/* ------------------------------------------------------------------ engine_sweeps.c */

/** Has representatives of all classes checked, over the whole recording, as far as the budget goes. */
int crash__engine_sweep(struct crash__engine *engine);

/** A representative has a verdict. */
void crash__engine_saw(struct crash__engine *engine, const struct crash__entry *entry);

/* ------------------------------------------------------------------ engine_tiers.c */

/** Makes a result for each tier and model that is wanted. */
int crash__engine_make_results(struct crash__engine *engine);

/** Counts the states of all tiers, if that does not take longer than some time. */
int crash__engine_count_states(struct crash__engine *engine, uint64_t most_ns);

/** Has all states checked that have no verdict yet, tier after tier. */
int crash__engine_run_tiers(struct crash__engine *engine);

/** What was being checked is not, any more. */
void crash__engine_forget_pending(struct crash__engine *engine);

/** What only a representative has named counts for its tier, too. */
void crash__engine_finish_results(struct crash__engine *engine);

#endif
