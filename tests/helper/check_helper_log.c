/* SPDX-License-Identifier: MIT */
/*
 * check_helper_log.c - the helper's log keeps what it promises.
 *
 * Method: tests of damage make the damage with ordinary file writes and look at what the log says.
 */
#include "helper/crc32c.h"
#include "helper/file.h"
#include "helper/wal.h"
#include "tests/helper/ground.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static unsigned int frames_in_log(void)
{
	struct ground_visited visited;

	ck_assert_int_eq(ground_visit_log(0, &visited), 0);
	bytes_clear(&visited.payloads);
	return visited.count;
}

/* A new log with these payloads, numbered from `first`. */
static void make_log(uint64_t first, const char *const *payloads)
{
	int directory = ground_directory();
	struct wal *wal;

	file_remove(directory, WAL_NAME);
	ck_assert_int_eq(wal_create(&wal, directory), 0);
	for (; *payloads; payloads++, first++)
		ck_assert_int_eq(wal_append(wal, first, *payloads, strlen(*payloads)), 0);
	ck_assert_int_eq(wal_sync(wal, first - 1), 0);
	wal_close(wal);
	close(directory);
}

static void append_to_log(uint64_t sequence, const char *payload)
{
	int directory = ground_directory();
	struct ground_visited visited = {0};
	struct wal *wal;

	ck_assert_int_eq(wal_open(&wal, directory, 0, ground_note, &visited, NULL), 0);
	ck_assert_int_eq(wal_repair(wal), 0);
	ck_assert_int_eq(wal_append(wal, sequence, payload, strlen(payload)), 0);
	ck_assert_int_eq(wal_sync(wal, sequence), 0);
	bytes_clear(&visited.payloads);
	wal_close(wal);
	close(directory);
}

static const char *const three[] = {"the first", "the second one", "and a third", NULL};
static const size_t three_start[] = {0, 24 + 9, 48 + 23, 72 + 34};

START_TEST(test_crc) /* the checksum is CRC-32C */
{
	unsigned char zeros[32] = {0};

	ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(crc32c(0, zeros, sizeof(zeros)), 0x8a9136aa);
	ck_assert_uint_eq(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}
END_TEST

START_TEST(test_batch_cut) /* a transaction that is cut inside a step does not decode */
{
	static const size_t steps[] = {0, 9 + 5, 9 + 5 + 9 + 3};
	struct batch batch = {0};
	struct map map = {0};
	size_t cut, step = 0;
	unsigned char *exact;

	batch_put(&batch, "key", 3, "va", 2);
	batch_delete(&batch, "del", 3);
	ck_assert_uint_eq(batch.bytes.size, steps[2]);
	for (cut = 1; cut <= batch.bytes.size; cut++) {
		exact = malloc(cut); /* where a sanitizer sees a byte too far */
		ck_assert_ptr_nonnull(exact);
		memcpy(exact, batch.bytes.data, cut);
		step += cut == steps[step + 1];
		ck_assert_int_eq(batch_apply(exact, cut, &map), cut == steps[step] ? 0 : -EBADMSG);
		free(exact);
	}
	map_clear(&map);
	batch_clear(&batch);
}
END_TEST

START_TEST(test_log_round_trip) /* a log gives back what was appended, in order */
{
	struct ground_visited visited;

	make_log(1, three);
	ck_assert_int_eq(ground_visit_log(0, &visited), 0);
	ck_assert_uint_eq(visited.count, 3);
	ck_assert_uint_eq(visited.payloads.size, 34);
	ck_assert_mem_eq(visited.payloads.data, "the firstthe second oneand a third", 34);
	bytes_clear(&visited.payloads);
	ck_assert_int_eq(ground_visit_log(2, &visited), 0); /* only what the snapshot lacks */
	ck_assert_uint_eq(visited.count, 1);
	bytes_clear(&visited.payloads);
}
END_TEST

START_TEST(test_log_torn_tail) /* a tail torn at any byte is truncated and the log goes on */
{
	struct bytes whole, left;
	struct ground_visited visited;
	size_t cut;

	make_log(1, three);
	whole = ground_read(WAL_NAME);
	ck_assert_uint_eq(whole.size, three_start[3]);
	for (cut = three_start[2]; cut < whole.size; cut++) {
		ground_write(WAL_NAME, whole.data, cut);
		ck_assert_uint_eq(frames_in_log(), 2);
		left = ground_read(WAL_NAME);
		ck_assert_uint_eq(left.size, three_start[2]);
		bytes_clear(&left);
		append_to_log(3, "a new third");
		ck_assert_int_eq(ground_visit_log(0, &visited), 0);
		ck_assert_uint_eq(visited.count, 3);
		ck_assert_mem_eq(visited.payloads.data + 23, "a new third", 11);
		bytes_clear(&visited.payloads);
	}
	bytes_clear(&whole);
}
END_TEST

START_TEST(test_log_any_length) /* a log cut at any byte gives the whole frames before the cut */
{
	unsigned int frames = 0;
	struct bytes whole;
	size_t cut;

	make_log(1, three);
	whole = ground_read(WAL_NAME);
	for (cut = 0; cut <= whole.size; cut++) {
		frames += frames < 3 && cut == three_start[frames + 1];
		ground_write(WAL_NAME, whole.data, cut);
		ck_assert_msg(frames_in_log() == frames, "cut at %zu", cut);
	}
	ck_assert_uint_eq(frames, 3);
	bytes_clear(&whole);
}
END_TEST

START_TEST(test_log_corruption) /* a corrupted byte in any position ends the log before its frame */
{
	static const unsigned char flips[] = {0x01, 0x80, 0xff};
	struct bytes whole;
	unsigned int frame = 0;
	size_t at, i;

	make_log(1, three);
	whole = ground_read(WAL_NAME);
	for (at = 0; at < whole.size; at++) {
		frame += at == three_start[frame + 1];
		for (i = 0; i < sizeof(flips); i++) {
			whole.data[at] ^= flips[i];
			ground_write(WAL_NAME, whole.data, whole.size);
			whole.data[at] ^= flips[i];
			ck_assert_msg(frames_in_log() == frame, "byte %zu", at);
		}
	}
	bytes_clear(&whole);
}
END_TEST

START_TEST(test_log_zero_tail) /* a tail of zeros or garbage, as long as it may be, is torn */
{
	static const unsigned char fills[] = {0x00, 0xa5, 'W'};
	struct bytes whole, left;
	size_t i, length;

	make_log(1, three);
	whole = ground_read(WAL_NAME);
	for (i = 0; i < sizeof(fills); i++) {
		for (length = 1; length < 100; length += 7) {
			left = (struct bytes){0};
			bytes_append(&left, whole.data, whole.size);
			ck_assert_int_eq(bytes_reserve(&left, length), 0);
			memset(left.data + left.size, fills[i], length);
			ground_write(WAL_NAME, left.data, left.size + length);
			bytes_clear(&left);
			ck_assert_uint_eq(frames_in_log(), 3);
			left = ground_read(WAL_NAME);
			ck_assert_uint_eq(left.size, whole.size);
			bytes_clear(&left);
		}
	}
	bytes_clear(&whole);
}
END_TEST

START_TEST(test_log_stale_frame) /* an old frame where a new log ends does not come back to life */
{
	static const char *const other[] = {"the first", "THE SECOND ONE", NULL};
	static const char *const same[] = {"the first", "the second one", NULL};
	struct bytes old, mixed;

	make_log(1, three);
	old = ground_read(WAL_NAME);
	make_log(1, other);
	mixed = ground_read(WAL_NAME);
	bytes_append(&mixed, old.data + three_start[2], old.size - three_start[2]);
	ground_write(WAL_NAME, mixed.data, mixed.size);
	ck_assert_uint_eq(frames_in_log(), 2);
	bytes_clear(&mixed);

	make_log(1, same); /* whose third frame it is */
	mixed = ground_read(WAL_NAME);
	bytes_append(&mixed, old.data + three_start[2], old.size - three_start[2]);
	ground_write(WAL_NAME, mixed.data, mixed.size);
	ck_assert_uint_eq(frames_in_log(), 3);
	bytes_clear(&mixed);
	bytes_clear(&old);
}
END_TEST

START_TEST(test_log_hole) /* a log that does not reach from the snapshot on is refused, unchanged */
{
	struct ground_visited visited;
	uint32_t before;

	make_log(5, three); /* 5, 6, 7 */
	before = ground_fingerprint();
	ck_assert_int_eq(ground_visit_log(3, &visited), -EUCLEAN);
	ck_assert_uint_eq(visited.count, 0);
	ck_assert_int_eq(ground_visit_log(8, &visited), -EUCLEAN);
	ck_assert_uint_eq(ground_fingerprint(), before);
	ck_assert_int_eq(ground_visit_log(4, &visited), 0);
	ck_assert_uint_eq(visited.count, 3);
	bytes_clear(&visited.payloads);
	ck_assert_int_eq(ground_visit_log(7, &visited), 0);
	ck_assert_uint_eq(visited.count, 0);
	ground_write(WAL_NAME, "", 0);
	ck_assert_int_eq(ground_visit_log(1, &visited), -EUCLEAN);
	ck_assert_int_eq(ground_visit_log(0, &visited), 0);
}
END_TEST

START_TEST(test_log_gap) /* a frame whose number is not the next one ends the log */
{
	int directory = ground_directory();
	struct wal *wal;

	ck_assert_int_eq(wal_create(&wal, directory), 0);
	ck_assert_int_eq(wal_append(wal, 1, "one", 3), 0);
	ck_assert_int_eq(wal_append(wal, 2, "two", 3), 0);
	ck_assert_int_eq(wal_append(wal, 4, "four", 4), 0);
	wal_close(wal);
	close(directory);
	ck_assert_uint_eq(frames_in_log(), 2);
}
END_TEST

START_TEST(test_log_failed) /* after a failed write the log takes nothing until it is opened anew */
{
	struct rlimit limit, old;
	int directory = ground_directory();
	struct wal *wal;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){.rlim_cur = 60, .rlim_max = old.rlim_max};
	ck_assert_int_eq(wal_create(&wal, directory), 0);
	ck_assert_int_eq(wal_append(wal, 1, "fits", 4), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(wal_append(wal, 2, "does not fit in", 15), -EFBIG);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	ck_assert_int_eq(wal_append(wal, 2, "fits now", 8), -EFBIG);
	ck_assert_int_eq(wal_sync(wal, 1), -EFBIG);
	wal_close(wal);
	close(directory);
	ck_assert_uint_eq(frames_in_log(), 1);
	append_to_log(2, "fits now");
	ck_assert_uint_eq(frames_in_log(), 2);
}
END_TEST

int main(void)
{
	Suite *suite = ground_suite("helper log");
	TCase *tcase = ground_case(suite, "wal");

	tcase_add_test(tcase, test_crc);
	tcase_add_test(tcase, test_batch_cut);
	tcase_add_test(tcase, test_log_round_trip);
	tcase_add_test(tcase, test_log_torn_tail);
	tcase_add_test(tcase, test_log_any_length);
	tcase_add_test(tcase, test_log_corruption);
	tcase_add_test(tcase, test_log_zero_tail);
	tcase_add_test(tcase, test_log_stale_frame);
	tcase_add_test(tcase, test_log_hole);
	tcase_add_test(tcase, test_log_gap);
	tcase_add_test(tcase, test_log_failed);
	return ground_run(suite);
}
