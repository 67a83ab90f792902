/* SPDX-License-Identifier: MIT */
#include "supervisor/held_ops.h"

#include <pthread.h>
#include <string.h>

#define MOST_HELD 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct held {
	pid_t tid; /* 0: free */
	unsigned int call;
	uint64_t pc, occurrence, call_occurrence;
	struct crash__decision decision;
	uint32_t flags;
	long args[6];
} held[MOST_HELD];

bool crash__held_add(const struct crash__notification *notification, const struct crash__decision *decision)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < MOST_HELD && !found; i++) {
		found = held[i].tid == 0 || held[i].tid == notification->remote.tid;
		if (!found)
			continue;
		held[i] = (struct held){
			.tid = notification->remote.tid,
			.call = notification->call,
			.pc = notification->pc,
			.decision = *decision,
			.occurrence = notification->occurrence,
			.call_occurrence = notification->call_occurrence,
			.flags = notification->flags,
		};
		memcpy(held[i].args, notification->args, sizeof held[i].args);
	}
	pthread_mutex_unlock(&lock);
	return found;
}

bool crash__held_resume(struct crash__notification *notification, struct crash__decision *decision)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < MOST_HELD && !found; i++) {
		found = held[i].tid == notification->remote.tid && held[i].call == notification->call &&
			held[i].pc == notification->pc &&
			memcmp(held[i].args, notification->args, sizeof held[i].args) == 0;
		if (!found)
			continue;
		held[i].tid = 0;
		*decision = held[i].decision;
		notification->family = notification->kernel->family;
		notification->occurrence = held[i].occurrence;
		notification->call_occurrence = held[i].call_occurrence;
		notification->flags = held[i].flags;
	}
	pthread_mutex_unlock(&lock);
	return found;
}
