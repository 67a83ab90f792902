/* SPDX-License-Identifier: MIT */
#include "common/ring_append.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include "common/sys.h"

#define WAITS 600 /* tenths of a second until a keeper that makes no room is given up */

static void futex_wait(_Atomic uint32_t *word, uint32_t expected, long milliseconds)
{
	struct timespec most = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};

	crash__sys6(SYS_futex, (long)word, FUTEX_WAIT, expected, (long)&most, 0, 0);
}

struct crash__ring *crash__ring_find(struct crash__control *control)
{
	for (int tries = 0; tries < 100 && !crash__control_is_dead(control); tries++) {
		uint32_t ready = atomic_load_explicit(&control->rings_ready, memory_order_acquire);

		if (ready > control->ring_count) {
			crash__control_incomplete(control, CRASH__INCOMPLETE_DAMAGED, "the rings");
			return NULL;
		}
		for (uint32_t i = 0; i < ready; i++)
			if (crash__ring_claim(crash__control_ring(control, i)))
				return crash__control_ring(control, i);
		if (tries && atomic_load(&control->rings_denied))
			break;
		crash__control_ring_bell(control);
		futex_wait(&control->rings_ready, ready, 20);
	}
	crash__control_incomplete(control, CRASH__INCOMPLETE_RINGS_FULL, NULL);
	return NULL;
}

static bool begin(struct crash__control *control, struct crash__ring *ring, struct crash__append *append,
		  uint32_t bytes)
{
	for (int waits = 0; !crash__ring_begin(ring, append, bytes); waits++) {
		uint32_t room = atomic_load_explicit(&ring->room, memory_order_acquire);

		if (waits == WAITS || crash__control_is_dead(control))
			return false;
		atomic_store(&ring->waiting, 1);
		crash__control_ring_bell(control);
		futex_wait(&ring->room, room, 100);
	}
	return true;
}

bool crash__append(struct crash__control *control, struct crash__ring *ring, uint16_t type, uint16_t flags,
		   const struct crash__part *parts, int count)
{
	static const char zeros[8];
	struct crash__append append;
	uint32_t bytes = 0, at;

	for (int i = 0; i < count; i++)
		bytes += (uint32_t)parts[i].count;
	do {
		if (!begin(control, ring, &append, (bytes + 7) & ~7u))
			return false;
		at = 0;
		for (int i = 0; i < count; i++) {
			if (parts[i].count) /* one that is not there has no address either */
				crash__ring_put(&append, at, parts[i].bytes, parts[i].count);
			at += (uint32_t)parts[i].count;
		}
		crash__ring_put(&append, at, zeros, append.bytes - at);
	} while (!crash__ring_commit(&append, type, flags));
	/* The keeper looks in every now and then by itself, but a ring that is half full cannot wait. */
	if (append.at + append.bytes - atomic_load_explicit(&ring->tail, memory_order_relaxed) >
		    CRASH__RING_BYTES / 2 &&
	    !atomic_exchange(&ring->waiting, 1))
		crash__control_ring_bell(control);
	return true;
}
