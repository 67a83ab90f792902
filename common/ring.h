/* SPDX-License-Identifier: MIT */
/*
 * ring.h - how a thread of the program hands records to the keeper.
 *
 * Method. A ring belongs to one thread at a time and is read by the keeper alone, so nobody waits
 * for anybody but for room. The owner holds the ring's robust mutex for as long as it lives: when
 * the thread ends, execs or is killed, the kernel marks the mutex, and the keeper takes the ring
 * back after emptying it. That works across pid namespaces, where thread ids would not.
 *
 * Only complete records are ever published: `head` moves when a record is finished, so a process
 * that dies in between leaves nothing half. A signal handler that interrupts an append must use
 * another ring (crash__ring_busy()). A handler that leaves with longjmp() abandons the append; who
 * is sure of that takes the ring over with crash__ring_abandon(), and what was being filled is
 * simply overwritten.
 */
#ifndef CRASH_RING_H
#define CRASH_RING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "common/op_record.h"

#define CRASH__RING_BYTES (256u << 10)
#define CRASH__RING_LARGEST (32u << 10) /* longest record */

enum crash__ring_state {
	CRASH__RING_ABSENT, /* no memory behind it yet */
	CRASH__RING_FREE,
	CRASH__RING_OWNED,
};

struct crash__ring {
	pthread_mutex_t owner;
	_Atomic uint32_t state;
	/* the owner's */
	volatile uint32_t busy; /* an append is under way */
	uint32_t generation;	/* counts abandoned appends */
	uintptr_t frame;	/* its stack frame */
	uint32_t announced;	/* thread id that the last THREAD record named */
	/* published */
	_Alignas(64) _Atomic uint64_t head;
	_Alignas(64) _Atomic uint64_t tail; /* the keeper's */
	_Atomic uint32_t room;		    /* futex: counts how often the keeper made room */
	_Atomic uint32_t waiting;	    /* the owner waits for room */
	uint64_t guard;			    /* never changes */
	_Alignas(4096) unsigned char bytes[CRASH__RING_BYTES];
};

/** One record under construction. */
struct crash__append {
	struct crash__ring *ring;
	uint64_t at;
	uint32_t bytes;
	uint32_t generation;
};

/** Makes a zeroed ring usable; done by the keeper. */
void crash__ring_init(struct crash__ring *ring);

/** Takes a free ring for the calling thread. */
bool crash__ring_claim(struct crash__ring *ring);

/** Gives the ring back if its owner is gone and it is empty; the keeper's. */
bool crash__ring_reclaim(struct crash__ring *ring);

/** Whether the calling thread interrupted an append to this ring. */
static inline bool crash__ring_busy(const struct crash__ring *ring)
{
	return ring->busy;
}

/** Declares the append under way dead. */
void crash__ring_abandon(struct crash__ring *ring);

/**
 * Begins a record of `bytes` (a multiple of 8, at most CRASH__RING_LARGEST). Returns false if there
 * is no room. The ring must not be busy. Async-signal-safe; only the owner may call it.
 */
bool crash__ring_begin(struct crash__ring *ring, struct crash__append *append, uint32_t bytes);

/** Copies `count` bytes to `offset` in the reserved record. */
void crash__ring_put(const struct crash__append *append, uint32_t offset, const void *from, size_t count);

/**
 * Publishes the record. Returns false if it was declared dead meanwhile, wrongly, as we see: then it
 * has to be appended again.
 */
bool crash__ring_commit(const struct crash__append *append, uint16_t type, uint16_t flags);

/**
 * The published bytes, which are whole records, in two pieces (the second is often empty). Returns how
 * many there are. The keeper's, as is the next function.
 */
size_t crash__ring_peek(const struct crash__ring *ring, struct iovec pieces[2]);

/**
 * Whether the ring can be what it says, which it cannot if its memory was overwritten. The keeper's; `tail`
 * is what it remembers, and everything between that and the head has to be whole records.
 */
bool crash__ring_is_sound(const struct crash__ring *ring, uint64_t tail);

/** Empties one that is not: what was in it is lost. */
void crash__ring_pass_over(struct crash__ring *ring);

/** Frees the first `count` of them. */
void crash__ring_consume(struct crash__ring *ring, size_t count);

#endif
