/* SPDX-License-Identifier: MIT */
#include "common/ring.h"

#include <errno.h>
#include <string.h>

#define GUARD 0x5bd1e9955bd1e995u

void crash__ring_init(struct crash__ring *ring)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&ring->owner, &attributes);
	pthread_mutexattr_destroy(&attributes);
	ring->guard = GUARD;
	atomic_store_explicit(&ring->state, CRASH__RING_FREE, memory_order_release);
}

bool crash__ring_claim(struct crash__ring *ring)
{
	uint32_t expected = CRASH__RING_FREE;

	if (!atomic_compare_exchange_strong_explicit(&ring->state, &expected, CRASH__RING_OWNED,
						     memory_order_acq_rel, memory_order_relaxed))
		return false;
	/* Nobody else can hold it; it marks our death for the keeper. */
	pthread_mutex_lock(&ring->owner);
	ring->busy = 0;
	ring->announced = 0;
	return true;
}

bool crash__ring_reclaim(struct crash__ring *ring)
{
	if (atomic_load_explicit(&ring->state, memory_order_acquire) != CRASH__RING_OWNED ||
	    atomic_load_explicit(&ring->head, memory_order_acquire) !=
		    atomic_load_explicit(&ring->tail, memory_order_relaxed))
		return false;
	switch (pthread_mutex_trylock(&ring->owner)) {
	case EOWNERDEAD:
		pthread_mutex_consistent(&ring->owner);
		pthread_mutex_unlock(&ring->owner);
		atomic_store_explicit(&ring->state, CRASH__RING_FREE, memory_order_release);
		return true;
	case 0: /* its new owner stands between claiming and locking */
		pthread_mutex_unlock(&ring->owner);
		return false;
	default:
		return false;
	}
}

static void copy_in(struct crash__ring *ring, uint64_t at, const void *from, size_t count)
{
	size_t start = at % CRASH__RING_BYTES, first = CRASH__RING_BYTES - start;

	if (first > count)
		first = count;
	memcpy(ring->bytes + start, from, first);
	memcpy(ring->bytes, (const char *)from + first, count - first);
}

void crash__ring_abandon(struct crash__ring *ring)
{
	ring->generation++;
	ring->busy = 0;
}

bool crash__ring_begin(struct crash__ring *ring, struct crash__append *append, uint32_t bytes)
{
	uint64_t head;

	ring->frame = (uintptr_t)__builtin_frame_address(0);
	ring->busy = 1;
	atomic_signal_fence(memory_order_seq_cst);
	head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	if (head + bytes - atomic_load_explicit(&ring->tail, memory_order_acquire) > CRASH__RING_BYTES) {
		ring->busy = 0;
		return false;
	}
	append->ring = ring;
	append->at = head;
	append->bytes = bytes;
	append->generation = ring->generation;
	return true;
}

void crash__ring_put(const struct crash__append *append, uint32_t offset, const void *from, size_t count)
{
	copy_in(append->ring, append->at + offset, from, count);
}

bool crash__ring_commit(const struct crash__append *append, uint16_t type, uint16_t flags)
{
	struct crash__record header = {.bytes = append->bytes, .type = type, .flags = flags};
	struct crash__ring *ring = append->ring;

	if (append->generation != ring->generation)
		return false;
	copy_in(ring, append->at, &header, sizeof header);
	atomic_store_explicit(&ring->head, append->at + append->bytes, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	ring->busy = 0;
	return true;
}

size_t crash__ring_peek(const struct crash__ring *ring, struct iovec pieces[2])
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
	size_t count = head - tail, start = tail % CRASH__RING_BYTES;
	size_t first = CRASH__RING_BYTES - start < count ? CRASH__RING_BYTES - start : count;
	unsigned char *bytes = (unsigned char *)(uintptr_t)ring->bytes;

	pieces[0] = (struct iovec){bytes + start, first};
	pieces[1] = (struct iovec){bytes, count - first};
	return count;
}

/* libc writes to where a broken mutex points. */
static bool is_mutex(const pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t model;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&model, &attributes);
	return mutex->__data.__kind == model.__data.__kind;
}

static void copy_out(const struct crash__ring *ring, uint64_t at, void *to, size_t count)
{
	size_t start = at % CRASH__RING_BYTES, first = CRASH__RING_BYTES - start;

	if (first > count)
		first = count;
	memcpy(to, ring->bytes + start, first);
	memcpy((char *)to + first, ring->bytes, count - first);
}

bool crash__ring_is_sound(const struct crash__ring *ring, uint64_t tail)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
	struct crash__record record;

	if (ring->guard != GUARD || atomic_load_explicit(&ring->tail, memory_order_relaxed) != tail ||
	    head - tail > CRASH__RING_BYTES || atomic_load(&ring->state) > CRASH__RING_OWNED ||
	    !is_mutex(&ring->owner))
		return false;
	for (uint64_t at = tail; at != head; at += record.bytes) {
		if (head - at < sizeof record)
			return false;
		copy_out(ring, at, &record, sizeof record);
		if (record.bytes < sizeof record || record.bytes % 8 || record.bytes > head - at ||
		    record.bytes > CRASH__RING_LARGEST || record.type == CRASH__RECORD_NONE ||
		    record.type >= CRASH__RECORD_TYPES)
			return false;
	}
	return true;
}

void crash__ring_pass_over(struct crash__ring *ring)
{
	atomic_store_explicit(&ring->tail, atomic_load_explicit(&ring->head, memory_order_acquire),
			      memory_order_release);
}

void crash__ring_consume(struct crash__ring *ring, size_t count)
{
	atomic_store_explicit(&ring->tail, atomic_load_explicit(&ring->tail, memory_order_relaxed) + count,
			      memory_order_release);
}
