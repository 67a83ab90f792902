/* SPDX-License-Identifier: MIT */
#include "runner/block_watch.h"

#include <string.h>

/* Of the one keeper that there is in a process. */
static unsigned char constant[CRASH__CONTROL_CONSTANT];
static uint64_t tails[CRASH__MAX_RINGS];

/* Behind the members that shims of other versions write to. */
#define FIRST offsetof(struct crash__control, bytes)

void crash__block_remember(const struct crash__job *job)
{
	memcpy(constant, job->control, sizeof constant);
}

void crash__block_incomplete(struct crash__report *report, enum crash__incomplete why, const char *detail)
{
	struct crash__reason *reason = report->reasons;

	while (reason < report->reasons + CRASH__REASONS && atomic_load(&reason->state)) {
		if (reason->why == why)
			return;
		reason++;
	}
	if (reason == report->reasons + CRASH__REASONS)
		return;
	reason->why = why;
	if (detail)
		memccpy(reason->detail, detail, '\0', sizeof reason->detail - 1);
	atomic_store(&reason->state, 2);
}

void crash__block_look(const struct crash__job *job)
{
	for (int i = 0; i < CRASH__REASONS; i++) {
		struct crash__reason reason;

		if (atomic_load(&job->control->reasons[i].state) != 2)
			continue;
		memcpy(&reason, &job->control->reasons[i], sizeof reason);
		reason.detail[sizeof reason.detail - 1] = '\0';
		if (reason.why < CRASH__INCOMPLETES)
			crash__block_incomplete(job->report, reason.why, reason.detail);
	}
	if (!crash__control_is_sound(job->control))
		crash__block_incomplete(job->report, CRASH__INCOMPLETE_DAMAGED,
					"what the shim shares with us");
}

void crash__block_settle(const struct crash__job *job)
{
	unsigned char *block = (unsigned char *)job->control;

	crash__block_look(job);
	if (memcmp(block + FIRST, constant + FIRST, sizeof constant - FIRST) == 0)
		return;
	crash__block_incomplete(job->report, CRASH__INCOMPLETE_DAMAGED, "the rules");
	memcpy(block + FIRST, constant + FIRST, sizeof constant - FIRST);
}

bool crash__block_check_ring(const struct crash__job *job, struct crash__ring *ring, uint32_t number)
{
	if (crash__ring_is_sound(ring, tails[number]))
		return true;
	crash__block_incomplete(job->report, CRASH__INCOMPLETE_DAMAGED, "a ring");
	crash__ring_pass_over(ring);
	crash__block_consumed(ring, number);
	return false;
}

void crash__block_consumed(const struct crash__ring *ring, uint32_t number)
{
	tails[number] = atomic_load_explicit(&ring->tail, memory_order_relaxed);
}
