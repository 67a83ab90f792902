/* SPDX-License-Identifier: MIT */
/*
 * check_helper_stores.c - the helper's log, snapshot, checkpoint and store keep what they promise.
 *
 * Method: tests of damage make the damage with ordinary file writes and look at what the store
 * says. Tests of crashes let a child run to a breakpoint and end there without further ado, which
 * is what a process crash is: this program stands in for the shim by defining the two functions
 * that breakpoint.h looks for. What only a power loss shows is not tested here.
 */
#include "helper/bugs.h"
#include "helper/crc32c.h"
#include "helper/damage.h"
#include "helper/file.h"
#include "helper/nearest.h"
#include "helper/scenario.h"
#include "helper/snapshot.h"
#include "helper/store.h"
#include "helper/verify.h"
#include "helper/wal.h"
#include "helper/workload.h"

#include <check.h>
#include <crashinject/breakpoint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- breakpoints ---- */

/* Weak, as breakpoint.h refers to them in this very file, and an assembler wants one of the two. */
void crash__attach(struct crash_site *start, struct crash_site *stop) __attribute__((weak));
void crash__hit(struct crash_site *site) __attribute__((weak));

enum { DIED = 99, POINTS = 64 };

static struct crash_site *sites, *sites_end;
static const char *die_at; /* the point to end the process at, or NULL */
static unsigned int die_hit;
static unsigned int hits[POINTS]; /* by index in scenario_points */
static unsigned int stray_hits;	  /* of points that the table does not have */
static bool slow;		  /* each hit takes a while: threads get into each other's way */

void crash__attach(struct crash_site *start, struct crash_site *stop)
{
	sites = start;
	sites_end = stop;
}

void crash__hit(struct crash_site *site)
{
	const char *name = (const char *)&site->name + site->name;
	unsigned int i;

	for (i = 0; scenario_points[i].name && strcmp(scenario_points[i].name, name) != 0; i++)
		;
	if (scenario_points[i].name == NULL)
		__atomic_add_fetch(&stray_hits, 1, __ATOMIC_SEQ_CST);
	else if (__atomic_add_fetch(&hits[i], 1, __ATOMIC_SEQ_CST) == die_hit && die_at &&
		 strcmp(die_at, name) == 0)
		_exit(DIED);
	if (slow)
		usleep(200);
}

/* From now on breakpoints count, and the `hit`-th of `point` ends the process. */
static void arm(const char *point, unsigned int hit)
{
	struct crash_site *site;

	memset(hits, 0, sizeof(hits));
	stray_hits = 0;
	die_at = point;
	die_hit = hit;
	ck_assert_ptr_nonnull(sites);
	for (site = sites; site < sites_end; site++)
		__atomic_store_n(&site->armed, 1, __ATOMIC_RELAXED);
}

static unsigned int hits_of(const char *point)
{
	unsigned int i;

	for (i = 0; scenario_points[i].name; i++)
		if (strcmp(scenario_points[i].name, point) == 0)
			return hits[i];
	ck_abort_msg("no point %s", point);
}

/* ---- directories ---- */

static char base[400];	     /* of the whole program, which removes it also after a failure */
static char root[500];	     /* of one test */
static char store_path[600]; /* the store's directory in it */
static char acks_path[600];

static void make_root(void)
{
	bug_planted = BUG_NONE;
	die_at = NULL;
	slow = false;
	snprintf(root, sizeof(root), "%s/XXXXXX", base);
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(store_path, sizeof(store_path), "%s/store", root);
	snprintf(acks_path, sizeof(acks_path), "%s/acks", root);
}

/* Removes all that is in a directory. */
static void empty_directory(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char name[1000];

	while (directory && (entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (unlink(name) < 0 && errno == EISDIR) {
			empty_directory(name);
			rmdir(name);
		}
	}
	if (directory)
		closedir(directory);
}

static void remove_root(void)
{
	empty_directory(root);
	rmdir(root);
}

static int open_directory(void)
{
	int fd;

	mkdir(store_path, 0777);
	fd = open(store_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static struct bytes read_file(const char *name)
{
	struct bytes content = {0};
	int directory = open_directory();

	ck_assert_int_eq(file_read_name(directory, name, &content), 0);
	close(directory);
	return content;
}

static void write_file(const char *name, const void *data, size_t size)
{
	int directory = open_directory();
	int fd = file_create(directory, name);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write(fd, data, size, 0), 0);
	close(fd);
	close(directory);
}

static bool exists(const char *name)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/%s", store_path, name);
	return access(path, F_OK) == 0;
}

static void remove_file(const char *name)
{
	int directory = open_directory();

	ck_assert_int_eq(file_remove(directory, name), 1);
	close(directory);
}

/* A checksum of the names and contents of the store's files. */
static uint32_t fingerprint(void)
{
	static const char *const names[] = {SNAPSHOT_NAME, SNAPSHOT_BACKUP, SNAPSHOT_TMP, WAL_NAME,
					    "store.wal.tmp"};
	struct bytes content;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!exists(names[i]))
			continue;
		content = read_file(names[i]);
		sum = crc32c(crc32c(sum, names[i], strlen(names[i])), content.data, content.size);
		bytes_clear(&content);
	}
	return sum;
}

/* ---- the log ---- */

/* What a visit saw: payloads one after the other, and how many. */
struct visited {
	unsigned int count;
	uint64_t last;
	struct bytes payloads;
};

static int note(void *context, uint64_t sequence, const void *payload, size_t size)
{
	struct visited *visited = context;

	ck_assert_uint_eq(sequence, visited->count ? visited->last + 1 : sequence);
	visited->count++;
	visited->last = sequence;
	bytes_append(&visited->payloads, payload, size);
	return 0;
}

/* Opens, repairs if that went well, closes. @return wal_open's result and what it visited */
static int visit_log(uint64_t covered, struct visited *visited)
{
	int directory = open_directory();
	struct wal *wal = NULL;
	int error;

	*visited = (struct visited){0};
	error = wal_open(&wal, directory, covered, note, visited, NULL);
	if (!error)
		ck_assert_int_eq(wal_repair(wal), 0);
	wal_close(wal);
	close(directory);
	return error;
}

static unsigned int frames_in_log(void)
{
	struct visited visited;

	ck_assert_int_eq(visit_log(0, &visited), 0);
	bytes_clear(&visited.payloads);
	return visited.count;
}

/* A new log with these payloads, numbered from `first`. */
static void make_log(uint64_t first, const char *const *payloads)
{
	int directory = open_directory();
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
	int directory = open_directory();
	struct visited visited = {0};
	struct wal *wal;

	ck_assert_int_eq(wal_open(&wal, directory, 0, note, &visited, NULL), 0);
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
	struct visited visited;

	make_log(1, three);
	ck_assert_int_eq(visit_log(0, &visited), 0);
	ck_assert_uint_eq(visited.count, 3);
	ck_assert_uint_eq(visited.payloads.size, 34);
	ck_assert_mem_eq(visited.payloads.data, "the firstthe second oneand a third", 34);
	bytes_clear(&visited.payloads);
	ck_assert_int_eq(visit_log(2, &visited), 0); /* only what the snapshot lacks */
	ck_assert_uint_eq(visited.count, 1);
	bytes_clear(&visited.payloads);
}
END_TEST

START_TEST(test_log_torn_tail) /* a tail torn at any byte is truncated and the log goes on */
{
	struct bytes whole, left;
	struct visited visited;
	size_t cut;

	make_log(1, three);
	whole = read_file(WAL_NAME);
	ck_assert_uint_eq(whole.size, three_start[3]);
	for (cut = three_start[2]; cut < whole.size; cut++) {
		write_file(WAL_NAME, whole.data, cut);
		ck_assert_uint_eq(frames_in_log(), 2);
		left = read_file(WAL_NAME);
		ck_assert_uint_eq(left.size, three_start[2]);
		bytes_clear(&left);
		append_to_log(3, "a new third");
		ck_assert_int_eq(visit_log(0, &visited), 0);
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
	whole = read_file(WAL_NAME);
	for (cut = 0; cut <= whole.size; cut++) {
		frames += frames < 3 && cut == three_start[frames + 1];
		write_file(WAL_NAME, whole.data, cut);
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
	whole = read_file(WAL_NAME);
	for (at = 0; at < whole.size; at++) {
		frame += at == three_start[frame + 1];
		for (i = 0; i < sizeof(flips); i++) {
			whole.data[at] ^= flips[i];
			write_file(WAL_NAME, whole.data, whole.size);
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
	whole = read_file(WAL_NAME);
	for (i = 0; i < sizeof(fills); i++) {
		for (length = 1; length < 100; length += 7) {
			left = (struct bytes){0};
			bytes_append(&left, whole.data, whole.size);
			ck_assert_int_eq(bytes_reserve(&left, length), 0);
			memset(left.data + left.size, fills[i], length);
			write_file(WAL_NAME, left.data, left.size + length);
			bytes_clear(&left);
			ck_assert_uint_eq(frames_in_log(), 3);
			left = read_file(WAL_NAME);
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
	old = read_file(WAL_NAME);
	make_log(1, other);
	mixed = read_file(WAL_NAME);
	bytes_append(&mixed, old.data + three_start[2], old.size - three_start[2]);
	write_file(WAL_NAME, mixed.data, mixed.size);
	ck_assert_uint_eq(frames_in_log(), 2);
	bytes_clear(&mixed);

	make_log(1, same); /* whose third frame it is */
	mixed = read_file(WAL_NAME);
	bytes_append(&mixed, old.data + three_start[2], old.size - three_start[2]);
	write_file(WAL_NAME, mixed.data, mixed.size);
	ck_assert_uint_eq(frames_in_log(), 3);
	bytes_clear(&mixed);
	bytes_clear(&old);
}
END_TEST

START_TEST(test_log_hole) /* a log that does not reach from the snapshot on is refused, unchanged */
{
	struct visited visited;
	uint32_t before;

	make_log(5, three); /* 5, 6, 7 */
	before = fingerprint();
	ck_assert_int_eq(visit_log(3, &visited), -EUCLEAN);
	ck_assert_uint_eq(visited.count, 0);
	ck_assert_int_eq(visit_log(8, &visited), -EUCLEAN);
	ck_assert_uint_eq(fingerprint(), before);
	ck_assert_int_eq(visit_log(4, &visited), 0);
	ck_assert_uint_eq(visited.count, 3);
	bytes_clear(&visited.payloads);
	ck_assert_int_eq(visit_log(7, &visited), 0);
	ck_assert_uint_eq(visited.count, 0);
	write_file(WAL_NAME, "", 0);
	ck_assert_int_eq(visit_log(1, &visited), -EUCLEAN);
	ck_assert_int_eq(visit_log(0, &visited), 0);
}
END_TEST

START_TEST(test_log_gap) /* a frame whose number is not the next one ends the log */
{
	int directory = open_directory();
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
	int directory = open_directory();
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

/* ---- the store ---- */

static struct store *open_store(void)
{
	struct store *store = NULL;
	struct reason why = {{0}};
	int error = store_open(&store, store_path, &why);

	ck_assert_msg(error == 0, "%s", why.text);
	return store;
}

static int refused(struct reason *why)
{
	struct store *store = NULL;
	uint32_t before = fingerprint();
	int error = store_open(&store, store_path, why);

	ck_assert_int_ne(error, 0);
	ck_assert_ptr_null(store);
	ck_assert_uint_eq(fingerprint(), before); /* left as it was found */
	return error;
}

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
	struct store *store = open_store();

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
	struct store *store = open_store();
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

		store = open_store();
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
	struct store *store = open_store();
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
			store = open_store();
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
	good = read_file(SNAPSHOT_NAME);
	for (at = 0; at < good.size; at++) {
		good.data[at] ^= 0x40;
		write_file(SNAPSHOT_NAME, good.data, good.size);
		good.data[at] ^= 0x40;
		store = open_store(); /* by the backup */
		expect_made(store);
		store_close(store);
	}
	remove_file(SNAPSHOT_BACKUP);
	for (at = 0; at < good.size; at++) {
		good.data[at] ^= 0x40;
		write_file(SNAPSHOT_NAME, good.data, good.size);
		good.data[at] ^= 0x40;
		ck_assert_int_eq(refused(&why), -EBADMSG);
		write_file(SNAPSHOT_NAME, good.data, at);
		ck_assert_int_eq(refused(&why), -EBADMSG);
		ck_assert_ptr_nonnull(strstr(why.text, "store.snap does not check"));
	}
	bytes_append(&good, "", 1);
	write_file(SNAPSHOT_NAME, good.data, good.size);
	ck_assert_int_eq(refused(&why), -EBADMSG);
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
	remove_file(SNAPSHOT_BACKUP);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		file = read_file(SNAPSHOT_NAME);
		file.data[fields[i]]++;
		bytes_set_u32(file.data + 24,
			      crc32c(crc32c(0, file.data, 24), file.data + 28, file.size - 28));
		write_file(SNAPSHOT_NAME, file.data, file.size);
		ck_assert_int_eq(refused(&why), -EBADMSG);
		file.data[fields[i]]--;
		bytes_set_u32(file.data + 24,
			      crc32c(crc32c(0, file.data, 24), file.data + 28, file.size - 28));
		write_file(SNAPSHOT_NAME, file.data, file.size);
		store_close(open_store());
		bytes_clear(&file);
	}
}
END_TEST

START_TEST(test_backup_promoted) /* a missing snapshot is replaced by its backup, which stays */
{
	struct bytes backup, snapshot;
	struct store *store;

	make_store();
	backup = read_file(SNAPSHOT_BACKUP);
	remove_file(SNAPSHOT_NAME);
	store = open_store();
	expect_made(store);
	snapshot = read_file(SNAPSHOT_NAME);
	ck_assert_uint_eq(snapshot.size, backup.size);
	ck_assert_mem_eq(snapshot.data, backup.data, backup.size);
	ck_assert(exists(SNAPSHOT_BACKUP));
	ck_assert(!exists(SNAPSHOT_TMP));
	put(store, "d", "4");
	ck_assert_int_eq(store_checkpoint(store), 0);
	store_close(store);
	store = open_store();
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
	store = open_store();
	ck_assert_int_eq(store_checkpoint(store), 0);
	put(store, "d", "4");
	ck_assert_int_eq(store_checkpoint(store), 0);
	put(store, "e", "5");
	ck_assert_int_eq(store_checkpoint(store), 0); /* the log has 5, the backup 4 */
	store_close(store);
	remove_file(SNAPSHOT_NAME);
	store = open_store();
	expect(store, "e", "5");
	put(store, "f", "6");
	put(store, "g", "7");
	ck_assert_int_eq(store_checkpoint(store), 0); /* the log has 7, the backup 5 */
	store_close(store);
	remove_file(SNAPSHOT_NAME);
	ck_assert_int_eq(refused(&why), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(why.text, "hole"));
	remove_file(SNAPSHOT_BACKUP);
	ck_assert_int_eq(refused(&why), -EUCLEAN);
}
END_TEST

START_TEST(test_log_missing) /* a snapshot without its log, or with an emptied one, is refused */
{
	struct reason why;

	make_store();
	write_file(WAL_NAME, "", 0);
	ck_assert_int_eq(refused(&why), -EUCLEAN);
	remove_file(WAL_NAME);
	ck_assert_int_eq(refused(&why), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(why.text, "store.wal is missing"));
}
END_TEST

/* The file that has the name now, whatever happens to the name. */
static int hold(const char *name)
{
	int directory = open_directory();
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
	old_snapshot = read_file(SNAPSHOT_NAME);
	old_log = read_file(WAL_NAME);
	snapshot = hold(SNAPSHOT_NAME);
	log = hold(WAL_NAME);
	directory = open_directory();
	ck_assert_int_eq(linkat(directory, SNAPSHOT_NAME, directory, SNAPSHOT_TMP, 0), 0);
	ck_assert_int_eq(linkat(directory, WAL_NAME, directory, "store.wal.tmp", 0), 0);
	store = open_store();
	ck_assert(!exists(SNAPSHOT_TMP));
	ck_assert(!exists("store.wal.tmp"));
	ck_assert_int_eq(linkat(directory, SNAPSHOT_NAME, directory, SNAPSHOT_TMP, 0), 0);
	ck_assert_int_eq(linkat(directory, WAL_NAME, directory, "store.wal.tmp", 0), 0);
	ck_assert_int_eq(store_checkpoint(store), 0);
	expect_made(store);
	store_close(store);
	close(directory);
	expect_held(snapshot, &old_snapshot);
	expect_held(log, &old_log);
	store = open_store();
	expect_made(store);
	store_close(store);
}
END_TEST

START_TEST(test_checkpoint_keeps) /* a checkpoint keeps its last frame and those after its begin */
{
	struct store *store = open_store();
	struct visited visited;

	put(store, "a", "1");
	put(store, "b", "2");
	ck_assert_int_eq(store_checkpoint_finish(store), -ENOENT);
	ck_assert_int_eq(store_checkpoint_begin(store), 0);
	ck_assert_int_eq(store_checkpoint_begin(store), -EALREADY);
	put(store, "a", "3");
	ck_assert_int_eq(store_checkpoint_finish(store), 0);
	store_close(store);
	ck_assert_int_eq(visit_log(1, &visited), 0);
	ck_assert_uint_eq(visited.count, 2); /* 2 and 3 */
	bytes_clear(&visited.payloads);
	store = open_store();
	expect(store, "a", "3");
	expect(store, "b", "2");
	put(store, "c", "4");
	store_close(store);
	store = open_store();
	ck_assert_uint_eq(store_sequence(store), 4);
	expect(store, "c", "4");
	ck_assert_int_eq(store_checkpoint(store), 0);
	ck_assert_int_eq(store_checkpoint(store), 0); /* nothing new */
	store_close(store);
	ck_assert_int_eq(visit_log(3, &visited), 0);
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
	store = open_store();
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
	struct store *store = open_store();
	unsigned int i;

	arm(NULL, 0);
	pthread_barrier_init(&meeting, NULL, WRITERS);
	for (i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){store, &meeting, i};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_in_groups, &writers[i]),
				 0);
	}
	for (i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&meeting);
	ck_assert_uint_eq(hits_of("wal.append.frame-emitted"), GROUPS * WRITERS);
	ck_assert_uint_eq(hits_of("wal.sync.pre-datasync"), GROUPS);
	ck_assert_uint_eq(hits_of("wal.sync.shared-pre-ack"), GROUPS * (WRITERS - 1));
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
	struct store *store = open_store();
	unsigned int i;

	arm(NULL, 0);
	slow = true;
	for (i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){store, NULL, i};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_freely, &writers[i]), 0);
	}
	for (i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	expect_all_groups(store);
}
END_TEST

/* ---- scenarios and crashes ---- */

static int acks_fd = -1;

static int tell(const void *line, size_t size)
{
	return write(acks_fd, line, size) == (ssize_t)size ? 0 : -EIO;
}

static struct session new_session(void)
{
	return (struct session){
		.path = store_path, .commits = 12, .threads = 4, .value_bytes = 96, .tell = tell};
}

/* Runs a scenario in a child that dies at the point. @return the child's exit status */
static int run_to(const struct scenario *scenario, const char *point, unsigned int hit)
{
	struct session session = new_session();
	int error, status;
	pid_t child = fork();

	if (child == 0) {
		acks_fd = open(acks_path, O_WRONLY | O_CREAT | O_APPEND, 0666);
		arm(point, hit);
		error = session_open(&session);
		if (!error)
			error = scenario->run(&session);
		session_close(&session);
		_exit(error ? 1 : 0);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static struct bytes read_acks(void)
{
	struct bytes acks = {0};

	file_read_name(AT_FDCWD, acks_path, &acks);
	return acks;
}

/* Opens the store and compares it with all acknowledgements. */
static void expect_acknowledged(const char *scenario, const char *point, unsigned int hit)
{
	struct bytes acks = read_acks();
	struct reason why = {{0}};
	struct store *store = NULL;
	int error = store_open(&store, store_path, &why);

	if (!error)
		error = verify_store(store, &why);
	if (!error)
		error = verify_acks(store, &acks, &why);
	ck_assert_msg(error == 0, "%s, %s#%u: %s", scenario, point, hit, why.text);
	store_close(store);
	bytes_clear(&acks);
}

START_TEST(test_scenario_points) /* each scenario passes just the breakpoints that its row names */
{
	struct session session = new_session();
	const struct scenario *scenario = &scenarios[_i];
	unsigned int i;

	acks_fd = open(acks_path, O_WRONLY | O_CREAT | O_APPEND, 0666);
	arm(NULL, 0);
	ck_assert_int_eq(session_open(&session), 0);
	ck_assert_int_eq(scenario->run(&session), 0);
	session_close(&session);
	close(acks_fd);
	for (i = 0; scenario_points[i].name; i++)
		ck_assert_msg((hits[i] > 0) == scenario_passes(scenario, &scenario_points[i]),
			      "%s: %u hits of %s", scenario->name, hits[i],
			      scenario_points[i].name);
	ck_assert_uint_eq(stray_hits, 0);
	expect_acknowledged(scenario->name, "end", 0);
}
END_TEST

START_TEST(test_kill_anywhere) /* killed at any breakpoint, and again, a store keeps every ack */
{
	const struct scenario *scenario = &scenarios[_i];
	const struct scenario_point *point;
	unsigned int hit, died = 0;

	for (point = scenario_points; point->name; point++) {
		if (!scenario_passes(scenario, point))
			continue;
		for (hit = 1; hit <= 3; hit++) {
			int status = run_to(scenario, point->name, hit);

			ck_assert(status == DIED || (status == 0 && hit > 1));
			died += status == DIED;
			expect_acknowledged(scenario->name, point->name, hit);
			/* What is left now is where the next hit's run begins. */
		}
		empty_directory(root);
	}
	ck_assert_uint_gt(died, 10);
}
END_TEST

/* A store whose recovery has everything to do. Seven commits of the workload, all acknowledged. */
static void make_wreck(void)
{
	struct session session = new_session();
	struct store *store;

	acks_fd = open(acks_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	ck_assert_int_eq(session_open(&session), 0);
	store = session.store;
	ck_assert_int_eq(session_commit(&session, 3), 0);
	ck_assert_int_eq(store_checkpoint(store), 0);
	ck_assert_int_eq(session_commit(&session, 2), 0);
	ck_assert_int_eq(store_snapshot(store), 0);
	ck_assert_int_eq(session_commit(&session, 2), 0);
	session_close(&session);
	close(acks_fd);
	ck_assert_int_eq(damage_snapshot(store_path), 0);
	ck_assert_int_eq(damage_log_tail(store_path), 0);
}

/* Recovers in a child that dies at the point, or not. @return the child's exit status */
static int recover_to(const char *point)
{
	struct store *store = NULL;
	int status;
	pid_t child = fork();

	if (child == 0) {
		arm(point, 1);
		_exit(store_open(&store, store_path, NULL) ? 1 : 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(test_interrupted_recovery) /* a recovery that is interrupted, even twice, ends well */
{
	const struct scenario_point *first, *second;
	unsigned int died = 0;

	for (first = scenario_points; first->name; first++) {
		for (second = scenario_points; second->name; second++) {
			if (strncmp(first->name, "recovery.", 9) != 0 ||
			    strncmp(second->name, "recovery.", 9) != 0)
				continue;
			make_wreck();
			died += recover_to(first->name) == DIED;
			died += recover_to(second->name) == DIED;
			expect_acknowledged("wreck", first->name, 1);
			empty_directory(store_path);
		}
	}
	/* Six of seven points are on this way; the second time some have nothing to do. */
	ck_assert_uint_ge(died, 6 * 7 + 6);
}
END_TEST

START_TEST(test_recovery_without_ack) /* a commit that nobody acknowledged is there whole or not */
{
	struct session session = new_session();
	struct commit commit;

	acks_fd = open(acks_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	ck_assert_int_eq(session_open(&session), 0);
	ck_assert_int_eq(session_commit(&session, 2), 0);
	ck_assert_int_eq(session_append(&session, &commit), 0);
	ck_assert_int_eq(session_reopen(&session, NULL), 0);
	ck_assert_uint_eq(store_sequence(session.store), 3);
	ck_assert_int_eq(session_finish(&session, &commit), 0);
	session_close(&session);
	close(acks_fd);
	expect_acknowledged("append", "close", 0);
}
END_TEST

/* ---- the tables ---- */

START_TEST(test_bug_table) /* each bug's row names a scenario that passes the breakpoint it names */
{
	const struct bug_row *row;
	const struct scenario *scenario;
	const struct scenario_point *point;
	unsigned int count = 0;

	for (row = bug_rows; row->name; row++, count++) {
		scenario = scenario_find(row->scenario);
		ck_assert_msg(scenario != NULL, "%s", row->name);
		for (point = scenario_points; point->name; point++)
			if (strcmp(point->name, row->point) == 0)
				break;
		ck_assert_msg(point->name && scenario_passes(scenario, point), "%s", row->name);
		ck_assert(!strcmp(row->shows_on, "kill") || !strcmp(row->shows_on, "power"));
		ck_assert_int_eq(bug_plant(row->name), 0);
		ck_assert(bug(row->bug));
	}
	ck_assert_uint_eq(count, BUG_COUNT - 1);
	ck_assert_int_eq(bug_plant("wal-no-snyc"), -ENOENT);
	ck_assert_str_eq(bug_nearest("wal-no-snyc"), "wal-no-sync");
}
END_TEST

START_TEST(test_bug_by_kill) /* a bug that a kill can show is shown by one, and no other is */
{
	const struct bug_row *row = &bug_rows[_i];
	const struct scenario *scenario = scenario_find(row->scenario);
	const struct scenario_point *point;
	struct reason why = {{0}};
	bool shown = false;
	unsigned int hit;
	int status;

	ck_assert_int_eq(bug_plant(row->name), 0);
	for (point = scenario_points; point->name && !shown; point++) {
		for (hit = 1, status = DIED; status == DIED && !shown; hit++) {
			struct store *store = NULL;
			struct bytes acks;
			int error;

			status = run_to(scenario, point->name, hit);
			acks = read_acks();
			error = store_open(&store, store_path, &why);
			if (!error)
				error = verify_store(store, &why);
			if (!error)
				error = verify_acks(store, &acks, &why);
			shown = error != 0;
			store_close(store);
			bytes_clear(&acks);
			empty_directory(root);
		}
	}
	ck_assert_msg(shown == (strcmp(row->shows_on, "kill") == 0), "%s: %s", row->name, why.text);
}
END_TEST

static const char *scenario_for(const char *spec)
{
	char point[64];
	const struct scenario *scenario = scenario_of_spec(spec, point, sizeof(point));

	return scenario ? scenario->name : "none";
}

START_TEST(test_scenario_of_spec) /* the scenario follows from CRASH_AT's first point */
{
	ck_assert_str_eq(scenario_for(NULL), "all");
	ck_assert_str_eq(scenario_for(""), "all");
	ck_assert_str_eq(scenario_for("write#17"), "all");
	ck_assert_str_eq(scenario_for("write@*/store.wal#3:torn=512"), "all");
	ck_assert_str_eq(scenario_for("wal.mid-frame#3"), "wal");
	ck_assert_str_eq(scenario_for("snapshot.mid-write:exit=3,wal.mid-frame"), "snapshot");
	ck_assert_str_eq(scenario_for("checkpoint.truncprefix.post-rename-pre-dirfsync@x#1+"),
			 "checkpoint");
	ck_assert_str_eq(scenario_for("recovery.*#*:log"), "recovery");
	ck_assert_str_eq(scenario_for("wal\\.mid-frame"), "wal");
	ck_assert_str_eq(scenario_for("*.*"), "all");
	ck_assert_str_eq(scenario_for("wal.mid-fram#3"), "none");
	ck_assert_str_eq(scenario_nearest("wal.mid-fram"), "wal.mid-frame");
	ck_assert_str_eq(scenario_nearest("snapshto"), "snapshot");
	ck_assert_ptr_null(scenario_nearest("zzzzzzzzzzzz"));
}
END_TEST

/* ---- verify ---- */

/* Runs the helper's command line. @return its exit status */
static int helper_verify(const char *directory, const char *acks)
{
	const char *helper = getenv("HELPER");
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (!getenv("HELPER_NOISE") && freopen("/dev/null", "w", stderr) == NULL)
			_exit(126);
		execl(helper ? helper : "./crashinject-helper", "crashinject-helper", "verify",
		      directory, acks, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void write_acks(const char *text, size_t size)
{
	int fd = open(acks_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	ck_assert_int_eq(write(fd, text, size), (ssize_t)size);
	close(fd);
}

/* Five commits; read_acks() has them. */
static void make_five(void)
{
	struct session session = new_session();

	acks_fd = open(acks_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	ck_assert_int_eq(session_open(&session), 0);
	ck_assert_int_eq(session_commit(&session, 5), 0);
	session_close(&session);
	close(acks_fd);
}

START_TEST(test_verify_good) /* verify: 0 where all acknowledged commits are there, or more */
{
	const unsigned char *first;
	struct bytes acks;

	make_five();
	ck_assert_int_eq(helper_verify(store_path, acks_path), 0);
	acks = read_acks();
	first = (unsigned char *)memchr(acks.data, '\n', acks.size) + 1;
	write_acks((const char *)acks.data, (size_t)(first - acks.data));
	ck_assert_int_eq(helper_verify(store_path, acks_path), 0); /* the first of five */
	bytes_append_text(&acks, "hello\nacknowledged\nack");
	write_acks((const char *)acks.data, acks.size);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 0); /* other lines */
	bytes_append_text(&acks, " 6 k00=not yet told");
	write_acks((const char *)acks.data, acks.size);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 0); /* no newline */
	write_acks("", 0);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 0);
	bytes_clear(&acks);
}
END_TEST

START_TEST(test_verify_lost) /* verify: 2 where an acknowledged commit is missing, whole */
{
	struct bytes log;

	make_five();
	log = read_file(WAL_NAME);
	write_file(WAL_NAME, log.data, log.size - 1);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 2);
	write_acks("ack 6 k00=x\n", 12);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 2);
	empty_directory(store_path);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 2);
	write_acks("", 0);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 0);
	bytes_clear(&log);
}
END_TEST

/* Appends a step of a transaction to a batch, perhaps not quite as it is. */
typedef void spoiler(struct batch *batch, const struct batch_step *step, unsigned int index);

/* A store whose commits are the workload's but for one: `spoil` changes commit 4. */
static void make_spoilt(spoiler *spoil)
{
	struct store *store = open_store();
	struct batch_step step;
	uint64_t sequence;

	for (uint64_t number = 1; number <= 5; number++) {
		struct batch whole = {0}, batch = {0};
		const unsigned char *at;
		unsigned int index = 0;

		workload_fill(&whole, number, 96);
		at = whole.bytes.data;
		while (batch_next(&at, whole.bytes.data + whole.bytes.size, &step) > 0) {
			if (number == 4)
				spoil(&batch, &step, index++);
			else if (step.deletes)
				batch_delete(&batch, step.key, step.key_size);
			else
				batch_put(&batch, step.key, step.key_size, step.value,
					  step.value_size);
		}
		ck_assert_int_eq(store_commit(store, &batch, &sequence), 0);
		batch_clear(&batch);
		batch_clear(&whole);
	}
	store_close(store);
	write_acks("", 0);
}

static void spoil_nothing(struct batch *batch, const struct batch_step *step, unsigned int index)
{
	(void)index;
	batch_put(batch, step->key, step->key_size, step->value, step->value_size);
}

static void spoil_half(struct batch *batch, const struct batch_step *step, unsigned int index)
{
	if (index > 0)
		batch_put(batch, step->key, step->key_size, step->value, step->value_size);
}

static void spoil_byte(struct batch *batch, const struct batch_step *step, unsigned int index)
{
	unsigned char value[512];

	memcpy(value, step->value, step->value_size);
	value[step->value_size - 1] ^= index == 0 ? 1 : 0;
	batch_put(batch, step->key, step->key_size, value, step->value_size);
}

static void spoil_length(struct batch *batch, const struct batch_step *step, unsigned int index)
{
	batch_put(batch, step->key, step->key_size, step->value, step->value_size - (index == 0));
}

static void spoil_key(struct batch *batch, const struct batch_step *step, unsigned int index)
{
	batch_put(batch, step->key, step->key_size, step->value, step->value_size);
	if (index == 0)
		batch_put(batch, "k99", 3, step->value, step->value_size);
}

static void spoil_delete(struct batch *batch, const struct batch_step *step, unsigned int index)
{
	if (index == 0)
		batch_delete(batch, step->key, step->key_size);
	else
		batch_put(batch, step->key, step->key_size, step->value, step->value_size);
}

START_TEST(test_verify_inconsistent) /* verify: 1 for half a transaction or a wrong value */
{
	static spoiler *const spoils[] = {spoil_half, spoil_byte, spoil_length, spoil_key,
					  spoil_delete};
	size_t i;

	make_spoilt(spoil_nothing);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 0);
	for (i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		empty_directory(store_path);
		make_spoilt(spoils[i]);
		ck_assert_msg(helper_verify(store_path, acks_path) == 1, "spoil %zu", i);
	}
}
END_TEST

START_TEST(test_verify_damage) /* verify: 1 for a store that cannot be recovered */
{
	struct store *store;

	make_five();
	store = open_store();
	ck_assert_int_eq(store_checkpoint(store), 0);
	store_close(store);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 0);
	write_file(SNAPSHOT_NAME, "SNAP", 4);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 1);
	remove_file(SNAPSHOT_NAME);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 1);
}
END_TEST

START_TEST(test_verify_other_value) /* verify: 1 where a commit acknowledged something else */
{
	struct bytes acks;

	make_five();
	acks = read_acks();
	acks.data[acks.size - 2] ^= 1; /* the last value's last letter */
	write_acks((const char *)acks.data, acks.size);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 1);
	bytes_clear(&acks);
}
END_TEST

START_TEST(test_verify_usage) /* verify: 64 for lines that are no acknowledgement, 66 for no file */
{
	static const char *const bad[] = {"ack \n",	   "ack x k00=1\n", "ack 0 k00=1\n",
					  "ack 1\n",	   "ack 1 k00\n",   "ack 1 j00=1\n",
					  "ack 1  k00=1\n", "ack -1 k00=1\n"};
	size_t i;

	make_five();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_acks(bad[i], strlen(bad[i]));
		ck_assert_msg(helper_verify(store_path, acks_path) == 64, "%s", bad[i]);
	}
	ck_assert_int_eq(unlink(acks_path), 0);
	ck_assert_int_eq(helper_verify(store_path, acks_path), 66);
}
END_TEST

static unsigned int count_rows(void)
{
	unsigned int count = 0;

	while (scenarios[count].name)
		count++;
	return count;
}

static TCase *new_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, make_root, remove_root);
	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("helper stores");
	SRunner *runner = srunner_create(suite);
	const char *tmp = getenv("TMPDIR");
	TCase *tcase;
	int failures;

	snprintf(base, sizeof(base), "%s/check-helper-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (mkdtemp(base) == NULL) {
		perror(base);
		return 1;
	}

	tcase = new_case(suite, "wal");
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

	tcase = new_case(suite, "store");
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

	tcase = new_case(suite, "crash");
	tcase_add_loop_test(tcase, test_scenario_points, 0, (int)count_rows());
	tcase_add_loop_test(tcase, test_kill_anywhere, 0, (int)count_rows() - 1);
	tcase_add_test(tcase, test_interrupted_recovery);
	tcase_add_test(tcase, test_recovery_without_ack);

	tcase = new_case(suite, "bugs");
	tcase_add_test(tcase, test_bug_table);
	tcase_add_loop_test(tcase, test_bug_by_kill, 0, BUG_COUNT - 1);
	tcase_add_test(tcase, test_scenario_of_spec);

	tcase = new_case(suite, "verify");
	tcase_add_test(tcase, test_verify_good);
	tcase_add_test(tcase, test_verify_lost);
	tcase_add_test(tcase, test_verify_inconsistent);
	tcase_add_test(tcase, test_verify_damage);
	tcase_add_test(tcase, test_verify_other_value);
	tcase_add_test(tcase, test_verify_usage);

	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	empty_directory(base);
	rmdir(base);
	return failures != 0;
}
