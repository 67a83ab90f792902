/* SPDX-License-Identifier: MIT */
/*
 * Method: every thread commits once a round. In even rounds the threads meet after the append, so
 * that a group forms in every run, however fast the disk is: one of them syncs for all. In odd
 * rounds they go as they come, and appends, syncs and acknowledgements mix. In the middle round
 * the first thread makes a checkpoint with its own commit between the halves, so that the log it
 * shortens keeps at least one frame.
 *
 * A thread that fails tells the others and goes on attending the meetings without working, or
 * they would wait for it forever.
 */
#include "crew.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct crew {
	struct session *session;
	unsigned int size;
	unsigned int rounds;
	pthread_mutex_t gate; /* held until `meeting` is made */
	pthread_barrier_t meeting;
	atomic_int error; /* the first one */
};

struct worker {
	struct crew *crew;
	unsigned int index;
	pthread_t thread;
};

static void fail(struct crew *crew, int error)
{
	int none = 0;

	if (error)
		atomic_compare_exchange_strong(&crew->error, &none, error);
}

/* One commit, with or without a meeting in the middle. */
static void commit(struct crew *crew, bool works, bool meets)
{
	struct commit commit;
	int error;

	works = works && !atomic_load(&crew->error);
	if (works) {
		error = session_append(crew->session, &commit);
		works = error == 0;
		fail(crew, error);
	}
	if (meets)
		pthread_barrier_wait(&crew->meeting);
	if (works)
		fail(crew, session_finish(crew->session, &commit));
}

static void *work(void *argument)
{
	const struct worker *worker = argument;
	struct crew *crew = worker->crew;
	unsigned int round;
	bool works, checkpoints;

	pthread_mutex_lock(&crew->gate);
	pthread_mutex_unlock(&crew->gate);
	for (round = 0; round < crew->rounds; round++) {
		works = round * crew->size + worker->index < crew->session->commits;
		checkpoints = worker->index == 0 && round == crew->rounds / 2;
		if (checkpoints)
			fail(crew, store_checkpoint_begin(crew->session->store));
		commit(crew, works, round % 2 == 0);
		if (checkpoints && !atomic_load(&crew->error))
			fail(crew, store_checkpoint_finish(crew->session->store));
	}
	return NULL;
}

/* Starts the workers; a missing one is an error, after which the others only meet. */
static unsigned int start(struct crew *crew, struct worker *workers)
{
	unsigned int i;
	int error;

	for (i = 0; i < crew->size; i++) {
		workers[i] = (struct worker){.crew = crew, .index = i};
		error = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
		if (error) {
			fail(crew, -error);
			break;
		}
	}
	return i;
}

int crew_run(struct session *session)
{
	struct crew crew = {.session = session, .size = session->threads};
	struct worker *workers = calloc(crew.size, sizeof(*workers));
	unsigned int started, i;

	if (workers == NULL)
		return -ENOMEM;
	crew.rounds = (session->commits + crew.size - 1) / crew.size;
	pthread_mutex_init(&crew.gate, NULL);
	pthread_mutex_lock(&crew.gate);
	started = start(&crew, workers);
	pthread_barrier_init(&crew.meeting, NULL, started ? started : 1);
	pthread_mutex_unlock(&crew.gate);
	for (i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_barrier_destroy(&crew.meeting);
	pthread_mutex_destroy(&crew.gate);
	free(workers);
	return atomic_load(&crew.error);
}
