/* SPDX-License-Identifier: MIT */
/*
 * check_ring.c - records go through a ring whole, in order and once, whoever dies.
 */
#include "common/ring.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support.h"

static struct crash__ring *new_ring(void)
{
	struct crash__ring *ring = support_shared(sizeof *ring);

	crash__ring_init(ring);
	return ring;
}

static struct crash__ring *own_ring(void)
{
	struct crash__ring *ring = new_ring();

	ck_assert(crash__ring_claim(ring));
	return ring;
}

/* A record of `bytes` that carries its number in every word. */
static bool append(struct crash__ring *ring, uint32_t number, uint32_t bytes)
{
	struct crash__append append;

	if (!crash__ring_begin(ring, &append, bytes))
		return false;
	for (uint32_t at = sizeof(struct crash__record); at < bytes; at += 8) {
		uint64_t word = (uint64_t)number << 32 | at;

		crash__ring_put(&append, at, &word, sizeof word);
	}
	return crash__ring_commit(&append, (uint16_t)(number % 60000), 7);
}

/* What is published, in one piece. */
static size_t peek(const struct crash__ring *ring, unsigned char *bytes)
{
	struct iovec pieces[2];
	size_t count = crash__ring_peek(ring, pieces);

	ck_assert_uint_eq(pieces[0].iov_len + pieces[1].iov_len, count);
	memcpy(bytes, pieces[0].iov_base, pieces[0].iov_len);
	memcpy(bytes + pieces[0].iov_len, pieces[1].iov_base, pieces[1].iov_len);
	return count;
}

/* Checks the records in memory, which are to be numbered from `next`; returns the number after the last. */
static uint32_t check_records(const unsigned char *bytes, size_t count, uint32_t next)
{
	size_t at = 0;

	while (at < count) {
		struct crash__record record;

		ck_assert_uint_ge(count - at, sizeof record);
		memcpy(&record, bytes + at, sizeof record);
		ck_assert_uint_eq(record.bytes % 8, 0);
		ck_assert_uint_le(record.bytes, count - at);
		ck_assert_uint_eq(record.type, next % 60000);
		ck_assert_uint_eq(record.flags, 7);
		for (uint32_t i = sizeof record; i < record.bytes; i += 8) {
			uint64_t word;

			memcpy(&word, bytes + at + i, sizeof word);
			ck_assert_uint_eq(word, (uint64_t)next << 32 | i);
		}
		at += record.bytes;
		next++;
	}
	return next;
}

START_TEST(a_ring_is_claimed_once)
{
	struct crash__ring *ring = support_shared(sizeof *ring);

	ck_assert(!crash__ring_claim(ring)); /* no memory behind it */
	crash__ring_init(ring);
	ck_assert(crash__ring_claim(ring));
	ck_assert(!crash__ring_claim(ring));
	ck_assert(!crash__ring_busy(ring));
}
END_TEST

/* Any lengths, as often round as it takes, with a reader that takes part of what there is. */
START_TEST(records_come_out_whole_and_in_order)
{
	static unsigned char bytes[CRASH__RING_BYTES];
	struct crash__ring *ring = own_ring();
	uint64_t random = support_seed();
	uint32_t written = 0, read = 0;
	uint64_t total = 0;

	while (total < 20 * CRASH__RING_BYTES) {
		uint32_t size = 8 + 8 * (uint32_t)support_below(&random, support_below(&random, 2) ?
										 16 :
										 CRASH__RING_LARGEST / 8);

		if (append(ring, written, size)) {
			written++;
			total += size;
		} else {
			ck_assert_uint_gt(peek(ring, bytes) + size, CRASH__RING_BYTES);
		}
		if (support_below(&random, 8) == 0) {
			size_t count = peek(ring, bytes);

			read = check_records(bytes, count, read);
			ck_assert_uint_eq(read, written);
			crash__ring_consume(ring, count);
		}
	}
	ck_assert_uint_gt(written, 100);
}
END_TEST

/* Stray stores of the program, to what it says or to what the keeper says, cost what is in it and no more. */
START_TEST(a_ring_that_was_overwritten_is_emptied)
{
	static unsigned char bytes[CRASH__RING_BYTES];

	for (int i = 0; i < 3; i++) {
		struct crash__ring *ring = own_ring();

		ck_assert(append(ring, 1, 64));
		ck_assert(crash__ring_is_sound(ring, 0));
		if (i == 2)
			memset(ring->bytes, 0, 64);
		else
			*(i ? &ring->head : &ring->tail) += UINT64_C(1) << 40;
		ck_assert(!crash__ring_is_sound(ring, 0));
		crash__ring_pass_over(ring);
		ck_assert(crash__ring_is_sound(ring, ring->tail));
		ck_assert_uint_eq(peek(ring, bytes), 0);
		ck_assert(append(ring, 1, 64));
		ck_assert_uint_eq(check_records(bytes, peek(ring, bytes), 1), 2);
	}
}
END_TEST

START_TEST(a_full_ring_takes_nothing_until_there_is_room)
{
	static unsigned char bytes[CRASH__RING_BYTES];
	struct crash__ring *ring = own_ring();
	uint32_t count = 0;

	while (append(ring, count, 4096))
		count++;
	ck_assert_uint_eq(count, CRASH__RING_BYTES / 4096);
	ck_assert(!append(ring, count, 8));
	ck_assert(!crash__ring_busy(ring));
	ck_assert_uint_eq(peek(ring, bytes), CRASH__RING_BYTES);
	crash__ring_consume(ring, 4096);
	ck_assert(append(ring, count, 4096));
	ck_assert(!append(ring, count + 1, 8));
	check_records(bytes, CRASH__RING_BYTES, 0);
	check_records(bytes, peek(ring, bytes), 1);
}
END_TEST

/* Nothing is seen of a record before it is finished, also if its writer dies in the middle. */
START_TEST(half_a_record_is_none)
{
	static unsigned char bytes[CRASH__RING_BYTES];
	struct crash__ring *ring = own_ring();
	struct crash__append half;

	ck_assert(append(ring, 0, 64));
	ck_assert(crash__ring_begin(ring, &half, 128));
	ck_assert(crash__ring_busy(ring));
	crash__ring_put(&half, 8, "half", 4);
	ck_assert_uint_eq(peek(ring, bytes), 64);
	ck_assert(crash__ring_commit(&half, 1, 7));
	ck_assert(!crash__ring_busy(ring));
	ck_assert_uint_eq(peek(ring, bytes), 64 + 128);
}
END_TEST

/* An append that was declared dead, and is not, is not published over what came after it. */
START_TEST(an_abandoned_append_is_made_again)
{
	static unsigned char bytes[CRASH__RING_BYTES];
	struct crash__ring *ring = own_ring();
	struct crash__append dead;

	ck_assert(crash__ring_begin(ring, &dead, 4096));
	crash__ring_put(&dead, 8, "dead", 4);
	crash__ring_abandon(ring);
	ck_assert(!crash__ring_busy(ring));
	ck_assert(append(ring, 0, 64));
	ck_assert(!crash__ring_commit(&dead, 9, 7));
	ck_assert(append(ring, 1, 64));
	ck_assert_uint_eq(check_records(bytes, peek(ring, bytes), 0), 2);
}
END_TEST

/* ---- who owns it ---- */

static void *claim_and_write(void *argument)
{
	struct crash__ring *ring = argument;

	ck_assert(crash__ring_claim(ring));
	ck_assert(append(ring, 0, 64));
	return NULL;
}

START_TEST(a_ring_comes_back_when_its_thread_is_gone_and_it_is_empty)
{
	struct crash__ring *ring = new_ring();
	pthread_t thread;

	ck_assert(!crash__ring_reclaim(ring)); /* nobody has it */
	ck_assert_int_eq(pthread_create(&thread, NULL, claim_and_write, ring), 0);
	pthread_join(thread, NULL);
	ck_assert(!crash__ring_reclaim(ring)); /* it is not empty */
	ck_assert(!crash__ring_claim(ring));
	crash__ring_consume(ring, 64);
	ck_assert(crash__ring_reclaim(ring));
	ck_assert(crash__ring_claim(ring));
}
END_TEST

/* Whose owner lives is never taken back. */
START_TEST(a_living_owner_keeps_its_ring)
{
	struct crash__ring *ring = own_ring();
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(crash__ring_reclaim(ring) ? 1 : 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(append(ring, 0, 64));
}
END_TEST

/* A process that is killed in the middle of a record leaves the ring as it was before it. */
START_TEST(a_killed_process_gives_its_ring_back)
{
	static unsigned char bytes[CRASH__RING_BYTES];
	struct crash__ring *ring = new_ring();

	for (int round = 0; round < 20; round++) {
		struct crash__append half;
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			if (!crash__ring_claim(ring) || !append(ring, 0, 64) ||
			    !crash__ring_begin(ring, &half, 4096))
				_exit(1);
			crash__ring_put(&half, 8, "half", 4);
			kill(getpid(), SIGKILL);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		ck_assert(!crash__ring_reclaim(ring));
		ck_assert_uint_eq(check_records(bytes, peek(ring, bytes), 0), 1);
		crash__ring_consume(ring, 64);
		ck_assert(crash__ring_reclaim(ring));
	}
}
END_TEST

#define RECORDS 200000

static void write_all(struct crash__ring *ring)
{
	uint64_t random = 1;

	for (uint32_t i = 0; i < RECORDS;)
		if (append(ring, i, 8 + 8 * (uint32_t)support_below(&random, 30)))
			i++;
}

/* Writer and reader in two processes: everything arrives, once. */
START_TEST(two_processes_need_no_lock)
{
	static unsigned char bytes[CRASH__RING_BYTES];
	struct crash__ring *ring = new_ring();
	uint32_t read = 0;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (!crash__ring_claim(ring))
			_exit(1);
		write_all(ring);
		_exit(0);
	}
	while (read < RECORDS) {
		size_t count = peek(ring, bytes);

		read = check_records(bytes, count, read);
		crash__ring_consume(ring, count);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(peek(ring, bytes), 0);
	ck_assert(crash__ring_reclaim(ring));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ring");

	support_case(suite, "records", a_ring_is_claimed_once, records_come_out_whole_and_in_order,
		     a_full_ring_takes_nothing_until_there_is_room, half_a_record_is_none,
		     an_abandoned_append_is_made_again, a_ring_that_was_overwritten_is_emptied, NULL);
	support_case(suite, "owners", a_ring_comes_back_when_its_thread_is_gone_and_it_is_empty,
		     a_living_owner_keeps_its_ring, a_killed_process_gives_its_ring_back,
		     two_processes_need_no_lock, NULL);
	return support_run(suite);
}
