/* SPDX-License-Identifier: MIT */
/*
 * check_helper_stores.c - the helper's snapshot, checkpoint and store keep what they promise.
 *
 * Method: tests of damage make the damage with ordinary file writes and look at what the store says. What
 * only a power loss shows is not tested here.
 */
#include "helper/crc32c.h"
#include "helper/file.h"
#include "helper/snapshot.h"
#include "tests/helper/ground.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(struct store *store, const char *key, const char *value)
{
	struct batch batch = {0};
	uint64_t sequence;

	if (value)
		batch_put(&batch, key, strlen(key), value, strlen(value));
	else
		batch_delete(&batch, key, strlen(key));
	ck_assert_int_eq(store_commit(store, &batch, &sequence), 0);
	batch_clear(&batch);
}

static void expect(struct store *store, const char *key, const char *value)
{
	struct bytes is = {0};

	ck_assert_int_eq(store_get(store, key, strlen(key), &is), value ? 0 : -ENOENT);
	ck_assert_uint_eq(is.size, value ? strlen(value) : 0);
	if (is.size)
		ck_assert_mem_eq(is.data, value, is.size);
	bytes_clear(&is);
}

/* A store with a backup (a=1), a snapshot (b=2 too), and a log that has c=3 too. */
static void make_store(void)
{
	struct store *store = ground_open();

	put(store, "a", "1");
	ck_assert_int_eq(store_snapshot(store), 0);
	put(store, "b", "2");
	ck_assert_int_eq(store_snapshot(store), 0);
	put(store, "c", "3");
	store_close(store);
}

static void expect_made(struct store *store)
{
	ck_assert_uint_eq(store_sequence(store), 3);
	expect(store, "a", "1");
	expect(store, "b", "2");
	expect(store, "c", "3");
}

START_TEST(test_store_round_trip) /* a store gives back what was committed, opened anew or not */
{
	struct batch batch = {0};
	struct store *store = ground_open();
	uint64_t sequence;

	ck_assert_int_eq(store_commit(store, &batch, &sequence), -EINVAL);
	batch_put(&batch, "k", 1, "v\0v", 3);
	batch_put(&batch, "", 0, "", 0);
	batch_put(&batch, "gone", 4, "x", 1);
	batch_delete(&batch, "gone", 4);
	ck_assert_int_eq(store_commit(store, &batch, &sequence), 0);
	ck_assert_uint_eq(sequence, 1);
	batch_clear(&batch);
	put(store, "k2", "first");
	put(store, "k2", "second");
	put(store, "k3", "x");
	put(store, "k3", NULL);
	store_close(store);
	for (int i = 0; i < 2; i++) {
		struct bytes value = {0};

		store = ground_open();
		ck_assert_uint_eq(store_sequence(store), 5);
		ck_assert_int_eq(store_get(store, "k", 1, &value), 0);
		ck_assert_uint_eq(value.size, 3);
		ck_assert_mem_eq(value.data, "v\0v", 3);
		bytes_clear(&value);
		expect(store, "", "");
		expect(store, "gone", NULL);
		expect(store, "k2", "second");
		expect(store, "k3", NULL);
		ck_assert_int_eq(store_checkpoint(store), 0); /* the second turn reads this */
		store_close(store);
	}
}
END_TEST

static int count_entry(void *context, const struct map_entry *entry)
{
	unsigned int *count = context;

	(void)entry;
	++*count;
	return 0;
}

START_TEST(test_store_model) /* any mix of commits, snapshots, checkpoints and openings agrees */
{
	char model[32][16] = {{0}};
	unsigned int random = 12345, step, key, count, present;
	struct store *store = ground_open();
	char name[8];

	for (step = 1; step <= 400; step++) {
		random = random * 1103515245 + 12345;
		key = random >> 16 & 31;
		snprintf(name, sizeof(name), "%u", key);
		snprintf(model[key], sizeof(model[key]), "%u", step);
		if (random >> 24 & 1)
			model[key][0] = '\0';
		put(store, name, model[key][0] ? model[key] : NULL);
		if (step % 17 == 0)
			ck_assert_int_eq(store_snapshot(store), 0);
		if (step % 23 == 0)
			ck_assert_int_eq(store_checkpoint_begin(store), 0);
		if (step % 23 == 5 && step > 23)
			ck_assert_int_eq(store_checkpoint_finish(store), 0);
		if (step % 41 == 0) {
			store_close(store);
			store = ground_open();
			if (step % 23 < 5 && step > 23) /* closing dropped the first half */
				ck_assert_int_eq(store_checkpoint_begin(store), 0);
		}
		for (key = 0, present = 0; key < 32; key++) {
			snprintf(name, sizeof(name), "%u", key);
			expect(store, name, model[key][0] ? model[key] : NULL);
			present += model[key][0] != '\0';
		}
		count = 0;
		store_each(store, count_entry, &count);
		ck_assert_uint_eq(count, present);
	}
	ck_assert_uint_eq(store_sequence(store), 400);
	store_close(store);
}
END_TEST

START_TEST(test_snapshot_corruption) /* a snapshot with a wrong byte, or cut, is never believed */
{
	struct bytes good;
	struct store *store;
	struct reason why;
	size_t at;

	make_store();
	good = ground_read(SNAPSHOT_NAME);
	for (at = 0; at < good.size; at++) {
		good.data[at] ^= 0x40;
		ground_write(SNAPSHOT_NAME, good.data, good.size);
		good.data[at] ^= 0x40;
		store = ground_open(); /* by the backup */
		expect_made(store);
		store_close(store);
	}
	ground_remove(SNAPSHOT_BACKUP);
	for (at = 0; at < good.size; at++) {
		good.data[at] ^= 0x40;
		ground_write(SNAPSHOT_NAME, good.data, good.size);
		good.data[at] ^= 0x40;
		ck_assert_int_eq(ground_refused(&why), -EBADMSG);
		ground_write(SNAPSHOT_NAME, good.data, at);
		ck_assert_int_eq(ground_refused(&why), -EBADMSG);
		ck_assert_ptr_nonnull(strstr(why.text, "store.snap does not check"));
	}
	bytes_append(&good, "", 1);
	ground_write(SNAPSHOT_NAME, good.data, good.size);
	ck_assert_int_eq(ground_refused(&why), -EBADMSG);
	bytes_clear(&good);
}
END_TEST

START_TEST(test_snapshot_other_format) /* a snapshot of another format is refused */
{
	static const size_t fields[] = {0, 4, 16}; /* magic, version, length */
	struct bytes file;
	struct reason why;
	size_t i;

	make_store();
	ground_remove(SNAPSHOT_BACKUP);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		file = ground_read(SNAPSHOT_NAME);
		file.data[fields[i]]++;
		bytes_set_u32(file.data + 24,
			      crc32c(crc32c(0, file.data, 24), file.data + 28, file.size - 28));
		ground_write(SNAPSHOT_NAME, file.data, file.size);
		ck_assert_int_eq(ground_refused(&why), -EBADMSG);
		file.data[fields[i]]--;
		bytes_set_u32(file.data + 24,
			      crc32c(crc32c(0, file.data, 24), file.data + 28, file.size - 28));
		ground_write(SNAPSHOT_NAME, file.data, file.size);
		store_close(ground_open());
		bytes_clear(&file);
	}
}
END_TEST

START_TEST(test_backup_promoted) /* a missing snapshot is replaced by its backup, which stays */
{
	struct bytes backup, snapshot;
	struct store *store;

	make_store();
	backup = ground_read(SNAPSHOT_BACKUP);
	ground_remove(SNAPSHOT_NAME);
	store = ground_open();
	expect_made(store);
	snapshot = ground_read(SNAPSHOT_NAME);
	ck_assert_uint_eq(snapshot.size, backup.size);
	ck_assert_mem_eq(snapshot.data, backup.data, backup.size);
	ck_assert(ground_exists(SNAPSHOT_BACKUP));
	ck_assert(!ground_exists(SNAPSHOT_TMP));
	put(store, "d", "4");
	ck_assert_int_eq(store_checkpoint(store), 0);
	store_close(store);
	store = ground_open();
	expect(store, "a", "1");
	expect(store, "d", "4");
	store_close(store);
	bytes_clear(&backup);
	bytes_clear(&snapshot);
}
END_TEST

START_TEST(test_backup_too_old) /* a backup that the log does not reach back to is refused */
{
	struct reason why;
	struct store *store;

	make_store();
	store = ground_open();
	ck_assert_int_eq(store_checkpoint(store), 0);
	put(store, "d", "4");
	ck_assert_int_eq(store_checkpoint(store), 0);
	put(store, "e", "5");
	ck_assert_int_eq(store_checkpoint(store), 0); /* the log has 5, the backup 4 */
	store_close(store);
	ground_remove(SNAPSHOT_NAME);
	store = ground_open();
	expect(store, "e", "5");
	put(store, "f", "6");
	put(store, "g", "7");
	ck_assert_int_eq(store_checkpoint(store), 0); /* the log has 7, the backup 5 */
	store_close(store);
	ground_remove(SNAPSHOT_NAME);
	ck_assert_int_eq(ground_refused(&why), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(why.text, "hole"));
	ground_remove(SNAPSHOT_BACKUP);
	ck_assert_int_eq(ground_refused(&why), -EUCLEAN);
}
END_TEST

START_TEST(test_log_missing) /* a snapshot without its log, or with an emptied one, is refused */
{
	struct reason why;

	make_store();
	ground_write(WAL_NAME, "", 0);
	ck_assert_int_eq(ground_refused(&why), -EUCLEAN);
	ground_remove(WAL_NAME);
	ck_assert_int_eq(ground_refused(&why), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(why.text, "store.wal is missing"));
}
END_TEST

/* The file that has the name now, whatever happens to the name. */
static int hold(const char *name)
{
	int directory = ground_directory();
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	close(directory);
	return fd;
}

/* Whether the held file is still as it was; lets it go. */
static void expect_held(int fd, struct bytes *before)
{
	struct bytes now = {0};

	ck_assert_int_eq(file_read(fd, &now), 0);
	ck_assert_uint_eq(now.size, before->size);
	ck_assert_mem_eq(now.data, before->data, now.size);
	bytes_clear(&now);
	bytes_clear(before);
	close(fd);
}

START_TEST(test_leftovers) /* a temporary name of a live file is never written through */
{
	struct bytes old_snapshot, old_log;
	struct store *store;
	int directory, snapshot, log;

	make_store();
	old_snapshot = ground_read(SNAPSHOT_NAME);
	old_log = ground_read(WAL_NAME);
	snapshot = hold(SNAPSHOT_NAME);
	log = hold(WAL_NAME);
	directory = ground_directory();
	ck_assert_int_eq(linkat(directory, SNAPSHOT_NAME, directory, SNAPSHOT_TMP, 0), 0);
	ck_assert_int_eq(linkat(directory, WAL_NAME, directory, "store.wal.tmp", 0), 0);
	store = ground_open();
	ck_assert(!ground_exists(SNAPSHOT_TMP));
	ck_assert(!ground_exists("store.wal.tmp"));
	ck_assert_int_eq(linkat(directory, SNAPSHOT_NAME, directory, SNAPSHOT_TMP, 0), 0);
	ck_assert_int_eq(linkat(directory, WAL_NAME, directory, "store.wal.tmp", 0), 0);
	ck_assert_int_eq(store_checkpoint(store), 0);
	expect_made(store);
	store_close(store);
	close(directory);
	expect_held(snapshot, &old_snapshot);
	expect_held(log, &old_log);
	store = ground_open();
	expect_made(store);
	store_close(store);
}
END_TEST

START_TEST(test_checkpoint_keeps) /* a checkpoint keeps its last frame and those after its begin */
{
	struct store *store = ground_open();
	struct ground_visited visited;

	put(store, "a", "1");
	put(store, "b", "2");
	ck_assert_int_eq(store_checkpoint_finish(store), -ENOENT);
	ck_assert_int_eq(store_checkpoint_begin(store), 0);
	ck_assert_int_eq(store_checkpoint_begin(store), -EALREADY);
	put(store, "a", "3");
	ck_assert_int_eq(store_checkpoint_finish(store), 0);
	store_close(store);
	ck_assert_int_eq(ground_visit_log(1, &visited), 0);
	ck_assert_uint_eq(visited.count, 2); /* 2 and 3 */
	bytes_clear(&visited.payloads);
	store = ground_open();
	expect(store, "a", "3");
	expect(store, "b", "2");
	put(store, "c", "4");
	store_close(store);
	store = ground_open();
	ck_assert_uint_eq(store_sequence(store), 4);
	expect(store, "c", "4");
	ck_assert_int_eq(store_checkpoint(store), 0);
	ck_assert_int_eq(store_checkpoint(store), 0); /* nothing new */
	store_close(store);
	ck_assert_int_eq(ground_visit_log(3, &visited), 0);
	ck_assert_uint_eq(visited.count, 1);
	bytes_clear(&visited.payloads);
}
END_TEST

/* ---- group commit ---- */

enum { WRITERS = 6, GROUPS = 40 };

struct writer {
	struct store *store;
	pthread_barrier_t *meeting;
	unsigned int index;
};

/* Closes the store, and looks for what every writer put there. */
static void expect_all_groups(struct store *store)
{
	char key[32];

	store_close(store);
	store = ground_open();
	ck_assert_uint_eq(store_sequence(store), GROUPS * WRITERS);
	for (unsigned int i = 0; i < WRITERS; i++) {
		for (unsigned int group = 0; group < GROUPS; group++) {
			snprintf(key, sizeof(key), "w%u g%u", i, group);
			expect(store, key, key);
		}
	}
	store_close(store);
}

static void *write_in_groups(void *argument)
{
	const struct writer *writer = argument;
	struct batch batch = {0};
	unsigned int group;
	uint64_t sequence;
	char key[32];

	for (group = 0; group < GROUPS; group++) {
		snprintf(key, sizeof(key), "w%u g%u", writer->index, group);
		batch_put(&batch, key, strlen(key), key, strlen(key));
		ck_assert_int_eq(store_append(writer->store, &batch, &sequence), 0);
		batch_clear(&batch);
		pthread_barrier_wait(writer->meeting);
		ck_assert_int_eq(store_wait(writer->store, sequence), 0);
		pthread_barrier_wait(writer->meeting);
	}
	return NULL;
}

START_TEST(test_group_commit) /* one sync serves a group of threads, and loses none of them */
{
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];
	pthread_barrier_t meeting;
	struct store *store = ground_open();
	unsigned int i;

	ground_arm(NULL, 0);
	pthread_barrier_init(&meeting, NULL, WRITERS);
	for (i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){store, &meeting, i};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_in_groups, &writers[i]), 0);
	}
	for (i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&meeting);
	ck_assert_uint_eq(ground_hits_of("wal.append.frame-emitted"), GROUPS * WRITERS);
	ck_assert_uint_eq(ground_hits_of("wal.sync.pre-datasync"), GROUPS);
	ck_assert_uint_eq(ground_hits_of("wal.sync.shared-pre-ack"), GROUPS * (WRITERS - 1));
	expect_all_groups(store);
}
END_TEST

static void *write_freely(void *argument)
{
	const struct writer *writer = argument;
	unsigned int i;
	char key[32];

	for (i = 0; i < GROUPS; i++) {
		snprintf(key, sizeof(key), "w%u g%u", writer->index, i);
		put(writer->store, key, key);
		if (writer->index == 0 && i % 8 == 0)
			ck_assert_int_eq(store_checkpoint(writer->store), 0);
		if (writer->index == 1 && i % 8 == 0)
			ck_assert_int_eq(store_snapshot(writer->store), 0);
	}
	return NULL;
}

START_TEST(test_checkpoint_among_writers) /* checkpoints among writing threads lose no commit */
{
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];
	struct store *store = ground_open();
	unsigned int i;

	ground_arm(NULL, 0);
	ground_slow = true;
	for (i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){store, NULL, i};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_freely, &writers[i]), 0);
	}
	for (i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	expect_all_groups(store);
}
END_TEST

int main(void)
{
	Suite *suite = ground_suite("helper stores");
	TCase *tcase = ground_case(suite, "store");

	tcase_add_test(tcase, test_store_round_trip);
	tcase_add_test(tcase, test_store_model);
	tcase_add_test(tcase, test_snapshot_corruption);
	tcase_add_test(tcase, test_snapshot_other_format);
	tcase_add_test(tcase, test_backup_promoted);
	tcase_add_test(tcase, test_backup_too_old);
	tcase_add_test(tcase, test_log_missing);
	tcase_add_test(tcase, test_leftovers);
	tcase_add_test(tcase, test_checkpoint_keeps);
	tcase_add_test(tcase, test_group_commit);
	tcase_add_test(tcase, test_checkpoint_among_writers);
	return ground_run(suite);
}
