/* SPDX-License-Identifier: MIT */
#include "explore/check/worker_pool.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

/* A state that kills its worker is tried once more, by a fresh one. */
#define MOST_TRIES 2

struct slot {
	pid_t pid; /* 0: not running */
	int channel;
	bool busy;
	/* what it is busy with, kept for a second try */
	struct crash__check_request order;
	char *body;
	size_t body_bytes;
	void *ticket;
	unsigned int tries;
	/* where its trees stand, as far as we know */
	uint32_t model;
	int64_t step;
};

struct crash__pool {
	const struct crash__worker_config *config;
	crash__pool_done *done;
	crash__pool_ask *ask;
	void *context;
	uint64_t number;
	unsigned int count, busy;
	struct slot *slots;
	struct pollfd *polled;
	char *output;
};

static int start_worker(struct crash__pool *pool, unsigned int index)
{
	struct slot *slot = &pool->slots[index];
	pid_t pid = crash__worker_start(pool->config, index, &slot->channel);

	if (pid < 0)
		return (int)pid;
	slot->pid = pid;
	slot->step = -1;
	return 0;
}

static void end_worker(struct slot *slot)
{
	if (slot->pid <= 0)
		return;
	close(slot->channel);
	kill(slot->pid, SIGKILL);
	while (waitpid(slot->pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	slot->pid = 0;
}

int crash__pool_new(const struct crash__worker_config *config, unsigned int workers, crash__pool_done *done,
		    crash__pool_ask *ask, void *context, struct crash__pool **out)
{
	struct crash__pool *pool = calloc(1, sizeof *pool);
	int error = 0;

	assert(workers && done); /* without one, crash__pool_submit() would wait for ever */
	if (pool) {
		pool->config = config;
		pool->count = workers;
		pool->done = done;
		pool->ask = ask;
		pool->context = context;
		pool->slots = calloc(workers, sizeof *pool->slots);
		pool->polled = calloc(workers, sizeof *pool->polled);
		pool->output = malloc(4 * sizeof((struct crash__verdict *)NULL)->output + 1);
	}
	if (!pool || !pool->slots || !pool->polled || !pool->output) {
		crash__pool_free(pool);
		return crash__fail(CRASH_ENOMEM, "no memory for workers");
	}
	for (unsigned int i = 0; i < workers && error == 0; i++)
		error = start_worker(pool, i);
	if (error < 0)
		crash__pool_free(pool);
	else
		*out = pool;
	return error;
}

void crash__pool_free(struct crash__pool *pool)
{
	if (!pool)
		return;
	for (unsigned int i = 0; pool->slots && i < pool->count; i++) {
		end_worker(&pool->slots[i]);
		free(pool->slots[i].body);
	}
	free(pool->slots);
	free(pool->polled);
	free(pool->output);
	free(pool);
}

unsigned int crash__pool_busy(const struct crash__pool *pool)
{
	return pool->busy;
}

/* ------------------------------------------------------------------ orders */

static bool send_order(struct slot *slot)
{
	return crash__send_all(slot->channel, slot->body, slot->body_bytes);
}

/* Trees only go forward: a worker that is ahead would have to begin anew, and so would one of another model.
 */
static bool can_go_on(const struct slot *slot, uint32_t model, int64_t step)
{
	return slot->step <= step && (slot->model == model || slot->step < 0);
}

/* Who goes forward least. */
static struct slot *pick(struct crash__pool *pool, uint32_t model, int64_t step)
{
	struct slot *best = NULL;

	for (unsigned int i = 0; i < pool->count; i++) {
		struct slot *slot = &pool->slots[i];

		if (slot->busy || !slot->pid)
			continue;
		if (!best || (can_go_on(slot, model, step) &&
			      (!can_go_on(best, model, step) || slot->step > best->step)))
			best = slot;
	}
	return best;
}

/* The order and what follows it are one message: a worker that got the order alone would wait once more. */
static int pack(struct slot *slot, const struct crash__state *state, const char *point, const char *name)
{
	size_t atoms = state->count * sizeof *state->flipped, points = strlen(point) + 1,
	       names = strlen(name) + 1, head = sizeof slot->order;
	char *body = realloc(slot->body, head + atoms + points + names);

	if (!body)
		return crash__fail(CRASH_ENOMEM, "no memory for a state");
	slot->order.point_bytes = (uint32_t)points;
	slot->order.state_bytes = (uint32_t)names;
	memcpy(body, &slot->order, head);
	if (atoms)
		memcpy(body + head, state->flipped, atoms);
	memcpy(body + head + atoms, point, points);
	memcpy(body + head + atoms + points, name, names);
	slot->body = body;
	slot->body_bytes = head + atoms + points + names;
	return 0;
}

int crash__pool_submit(struct crash__pool *pool, uint32_t model, const struct crash__state *state,
		       const struct crash__look *look, const char *point, const char *name, void *ticket)
{
	struct slot *slot;
	int error;

	assert(state->step >= -1 && state->step < (int64_t)pool->config->fs->steps_count &&
	       (state->flipped || !state->count));
	while (!(slot = pick(pool, model, state->step))) {
		error = crash__pool_wait(pool, -1);
		if (error < 0)
			return error;
	}
	slot->order = (struct crash__check_request){
		.number = ++pool->number,
		.step = state->step,
		.acked = state->acked,
		.reference = state->reference,
		.choice = state->choice,
		.count = state->count,
		.look = look->kind,
		.timeout_ms = look->timeout_ms,
		.file = look->file,
		.model = model,
	};
	error = pack(slot, state, point, name);
	if (error < 0)
		return error;
	slot->ticket = ticket;
	slot->tries = 1;
	slot->model = model;
	slot->step = state->step;
	slot->busy = true;
	pool->busy++;
	send_order(slot); /* if it is dead, waiting for it says so */
	return 0;
}

/* ------------------------------------------------------------------ answers */

static void finish(struct crash__pool *pool, struct slot *slot, int error,
		   const struct crash__check_result *result, const char *output)
{
	assert(slot->busy && pool->busy);
	slot->busy = false;
	pool->busy--;
	pool->done(pool->context, slot->ticket, error, result, output);
}

/* A worker that ended before it answered: the state was too much for it, or somebody killed it. */
static int replace_worker(struct crash__pool *pool, struct slot *slot)
{
	struct crash__check_result none = {0};
	int error;

	end_worker(slot);
	error = start_worker(pool, (unsigned int)(slot - pool->slots));
	if (error == 0 && slot->tries++ < MOST_TRIES) {
		send_order(slot);
		return 0;
	}
	finish(pool, slot, CRASH_EKEEPER, &none, "the worker that checked it was killed");
	return error;
}

static int answer_question(struct crash__pool *pool, struct slot *slot,
			   const struct crash__check_result *question)
{
	struct crash__recovered_answer answer = {0};

	pool->ask(pool->context, slot->ticket, slot->order.acked, &question->recovered, &answer);
	crash__send_all(slot->channel, &answer, sizeof answer); /* if it is dead, waiting for it says so */
	return 0;
}

/* A NUL would end the text: it is shown as other control characters are. There is room for nothing else. */
static void end_text(char *text, size_t bytes)
{
	size_t nuls = 0, to;

	for (size_t i = 0; i < bytes; i++)
		nuls += text[i] == '\0';
	to = bytes + 3 * nuls;
	text[to] = '\0';
	while (nuls && bytes--)
		if (text[bytes]) {
			text[--to] = text[bytes];
		} else {
			to -= 4;
			memcpy(text + to, "\\000", 4);
			nuls--;
		}
}

static int take_answer(struct crash__pool *pool, struct slot *slot)
{
	struct crash__check_result result;

	if (!crash__receive_all(slot->channel, &result, sizeof result) ||
	    result.number != slot->order.number || result.kind >= CRASH__VERDICT_KINDS ||
	    result.output_bytes > sizeof((struct crash__verdict *)NULL)->output ||
	    !crash__receive_all(slot->channel, pool->output, result.output_bytes))
		return replace_worker(pool, slot);
	if (result.flags & CRASH__RESULT_ASKS)
		return answer_question(pool, slot, &result);
	end_text(pool->output, result.output_bytes);
	finish(pool, slot, result.error, &result, pool->output);
	return 1;
}

int crash__pool_wait(struct crash__pool *pool, int ms)
{
	nfds_t count = 0;
	int ready, result = 0;

	for (unsigned int i = 0; i < pool->count; i++)
		if (pool->slots[i].busy)
			pool->polled[count++] =
				(struct pollfd){.fd = pool->slots[i].channel, .events = POLLIN};
	if (count == 0)
		return 0;
	ready = poll(pool->polled, count, ms);
	if (ready <= 0)
		return 0; /* a signal: the caller knows what it means */
	for (nfds_t at = 0; at < count && result >= 0; at++) {
		for (unsigned int i = 0; i < pool->count && pool->polled[at].revents; i++) {
			struct slot *slot = &pool->slots[i];
			int taken;

			if (!slot->busy || slot->channel != pool->polled[at].fd)
				continue;
			taken = take_answer(pool, slot);
			result = taken < 0 ? taken : result | taken;
			break;
		}
	}
	return result;
}
