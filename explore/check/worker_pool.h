/* SPDX-License-Identifier: MIT */
/*
 * worker_pool.h - workers, and the states that they are busy with.
 */
#ifndef CRASH_WORKER_POOL_H
#define CRASH_WORKER_POOL_H

#include "explore/check/worker.h"

struct crash__pool;

/**
 * What a check gave. `error` is set where the state could not be checked at all; then `output` says why.
 * @param ticket what crash__pool_submit() was given
 */
typedef void crash__pool_done(void *context, void *ticket, int error,
			      const struct crash__check_result *result, const char *output);

/**
 * What is known of a tree that recovery has left on a state, of which a worker asks.
 * @param acked how much was acknowledged by then
 */
typedef void crash__pool_ask(void *context, void *ticket, uint64_t acked, const struct crash__hash *recovered,
			     struct crash__recovered_answer *answer);

/** Starts workers. The config must stay where it is. */
int crash__pool_new(const struct crash__worker_config *config, unsigned int workers, crash__pool_done *done,
		    crash__pool_ask *ask, void *context, struct crash__pool **pool);

/** Ends the workers, whatever they do. */
void crash__pool_free(struct crash__pool *pool);

/**
 * Has a state checked by the next worker that is free; waits for one, and calls done() for those that come
 * back meanwhile.
 * @param model which of the config's
 * @param point, name CRASH_POINT and CRASH_STATE
 */
int crash__pool_submit(struct crash__pool *pool, uint32_t model, const struct crash__state *state,
		       const struct crash__look *look, const char *point, const char *name, void *ticket);

/** How many states are out. */
unsigned int crash__pool_busy(const struct crash__pool *pool);

/**
 * Waits until one state at least is back, or `ms` are over (-1: however long it takes).
 * @return whether one came back; negative: no worker can be started any more
 */
int crash__pool_wait(struct crash__pool *pool, int ms);

#endif
