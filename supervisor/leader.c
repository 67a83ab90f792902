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
} team = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.vacant = PTHREAD_COND_INITIALIZER,
};

/* Whether this thread is the leader. */
static _Thread_local bool leads;

static void start_thread(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 512 << 10);
	if (pthread_create(&thread, &attributes, team.serve, NULL) == 0)
		atomic_fetch_add(&team.threads, 1);
	pthread_attr_destroy(&attributes);
}

bool crash__leader_start(void *(*serve)(void *))
{
	team.serve = serve;
	start_thread();
	return atomic_load(&team.threads) > 0;
}

void crash__leader_become(void)
{
	if (leads)
		return;
	pthread_mutex_lock(&team.lock);
	team.followers++;
	while (team.has_leader)
		pthread_cond_wait(&team.vacant, &team.lock);
	team.followers--;
	team.has_leader = leads = true;
	pthread_mutex_unlock(&team.lock);
}

void crash__leader_hand_over(void)
{
	bool alone;

	if (!leads)
		return;
	pthread_mutex_lock(&team.lock);
	team.has_leader = leads = false;
	alone = team.followers == 0 && team.threads < MOST_THREADS;
	pthread_cond_signal(&team.vacant);
	pthread_mutex_unlock(&team.lock);
	if (alone)
		start_thread();
}
