/* SPDX-License-Identifier: MIT */
#include "supervisor/leader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#define MOST_THREADS 64

static struct {
	pthread_mutex_t lock;
	pthread_cond_t vacant; /* there is no leader */
	bool has_leader;
	unsigned int followers;
	_Atomic unsigned int threads;
	void *(*serve)(void *);
} turn = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.vacant = PTHREAD_COND_INITIALIZER,
};

/* Whether this thread is the one that receives. */
static _Thread_local bool leads;

static void start_thread(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 512 << 10);
	if (pthread_create(&thread, &attributes, turn.serve, NULL) == 0)
		atomic_fetch_add(&turn.threads, 1);
	pthread_attr_destroy(&attributes);
}

bool crash__leader_start(void *(*serve)(void *))
{
	turn.serve = serve;
	start_thread();
	return atomic_load(&turn.threads) > 0;
}

void crash__leader_become(void)
{
	if (leads)
		return;
	pthread_mutex_lock(&turn.lock);
	turn.followers++;
	while (turn.has_leader)
		pthread_cond_wait(&turn.vacant, &turn.lock);
	turn.followers--;
	turn.has_leader = leads = true;
	pthread_mutex_unlock(&turn.lock);
}

void crash__leader_hand_over(void)
{
	bool alone;

	if (!leads)
		return;
	pthread_mutex_lock(&turn.lock);
	turn.has_leader = leads = false;
	alone = turn.followers == 0 && turn.threads < MOST_THREADS;
	pthread_cond_signal(&turn.vacant);
	pthread_mutex_unlock(&turn.lock);
	if (alone)
		start_thread();
}
