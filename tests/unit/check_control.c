/* SPDX-License-Identifier: MIT */
/*
 * check_control.c - what processes share: points, reasons, numbers, and the one crash.
 */
#include "common/control.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/audience.h"
#include "common/ring_append.h"
#include "common/spec.h"
#include "tests/unit/support.h"

static struct crash__control *control;

static void make_control(const char *spec)
{
	struct crash__spec_error error;

	control = support_shared(crash__control_size(4));
	if (spec)
		ck_assert_msg(crash__spec_parse(&control->plan, spec, 0, &error), "%s", error.message);
	for (unsigned int i = 0; i < 4; i++)
		crash__ring_init(crash__control_ring(control, i));
	control->ring_count = 4;
}

/* ---- explicit points ---- */

START_TEST(a_point_is_one_however_often_it_is_named)
{
	struct crash__named_point *a, *b;

	make_control("wal.*:log,wal.b");
	a = crash__control_point(control, "wal.a", "wal.c", 12);
	b = crash__control_point(control, "wal.b", "wal.c", 30);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_ne(a, b);
	ck_assert_ptr_eq(crash__control_point(control, "wal.a", "other.c", 99), a);
	ck_assert_str_eq(a->name, "wal.a");
	ck_assert_str_eq(a->file, "wal.c");
	ck_assert_uint_eq(a->line, 12);
	ck_assert_uint_eq(a->rules, 1 << 0);
	ck_assert_uint_eq(b->rules, 1 << 0 | 1 << 1);
	ck_assert_uint_eq(a->hits, 0);
}
END_TEST

START_TEST(what_is_too_long_is_cut)
{
	char name[2 * CRASH__NAME], file[1000];
	const struct crash__named_point *point;

	make_control(NULL);
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	memset(file, 'f', sizeof file - 1);
	file[sizeof file - 1] = '\0';
	point = crash__control_point(control, name, file, 1);
	ck_assert_ptr_nonnull(point);
	ck_assert_uint_eq(strlen(point->name), CRASH__NAME - 1);
	ck_assert_uint_eq(strlen(point->file), sizeof point->file - 1);
	ck_assert_ptr_eq(crash__control_point(control, name, file, 1), point);
}
END_TEST

START_TEST(when_the_table_is_full_that_is_said)
{
	char name[32];

	make_control(NULL);
	for (int i = 0; i < CRASH__POINTS; i++) {
		snprintf(name, sizeof name, "p%d", i);
		ck_assert_ptr_nonnull(crash__control_point(control, name, "", 0));
	}
	ck_assert_uint_eq(control->reasons[0].state, 0);
	ck_assert_ptr_null(crash__control_point(control, "one-more", "", 0));
	ck_assert_uint_eq(control->reasons[0].state, 2);
	ck_assert_uint_eq(control->reasons[0].why, CRASH__INCOMPLETE_POINTS_FULL);
	ck_assert_str_eq(control->reasons[0].detail, "one-more");
	/* those that are in it are still found */
	ck_assert_ptr_nonnull(crash__control_point(control, "p0", "", 0));
	ck_assert_ptr_nonnull(crash__control_point(control, "p511", "", 0));
}
END_TEST

/* Who was killed while filling an entry takes that entry along, and nobody waits for it. */
START_TEST(an_entry_that_nobody_finishes_is_passed_over)
{
	const struct crash__named_point *point;

	make_control(NULL);
	for (int i = 0; i < CRASH__POINTS; i += 2)
		control->points[i].state = 1;
	point = crash__control_point(control, "wal.a", "", 0);
	ck_assert_ptr_nonnull(point);
	ck_assert_uint_eq((size_t)(point - control->points) % 2, 1);
	ck_assert_ptr_eq(crash__control_point(control, "wal.a", "", 0), point);
	control->reasons[0].state = 1;
	crash__control_incomplete(control, CRASH__INCOMPLETE_FOREIGN, "x");
	ck_assert_uint_eq(control->reasons[1].state, 2);
}
END_TEST

#define PROCESSES 8

/* Runs the function in several processes at once; all have to return true. */
static void in_processes(bool (*run)(int who))
{
	pid_t pids[PROCESSES];
	int status;

	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(run(i) ? 0 : 1);
	}
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
}

static bool pass_points(int who)
{
	char name[32];

	(void)who;
	for (int i = 0; i < 3000; i++) {
		struct crash__named_point *point;

		snprintf(name, sizeof name, "p%d", i % 300);
		point = crash__control_point(control, name, "", 0);
		if (!point || strcmp(point->name, name) != 0)
			return false;
		atomic_fetch_add(&point->hits, 1);
	}
	return true;
}

START_TEST(processes_at_once_agree_on_every_point)
{
	unsigned int points = 0;

	make_control(NULL);
	in_processes(pass_points);
	for (int i = 0; i < CRASH__POINTS; i++) {
		if (!control->points[i].state)
			continue;
		points++;
		ck_assert_uint_eq(control->points[i].hits, PROCESSES * 10);
	}
	ck_assert_uint_eq(points, 300);
}
END_TEST

/* ---- reasons ---- */

START_TEST(a_reason_is_told_once_and_counted)
{
	make_control(NULL);
	crash__control_incomplete(control, CRASH__INCOMPLETE_FOREIGN, "first");
	crash__control_incomplete(control, CRASH__INCOMPLETE_NO_SHIM, NULL);
	crash__control_incomplete(control, CRASH__INCOMPLETE_FOREIGN, "second");
	ck_assert_uint_eq(control->reasons[0].why, CRASH__INCOMPLETE_FOREIGN);
	ck_assert_str_eq(control->reasons[0].detail, "first");
	ck_assert_uint_eq(control->reasons[0].times, 2);
	ck_assert_uint_eq(control->reasons[1].why, CRASH__INCOMPLETE_NO_SHIM);
	ck_assert_str_eq(control->reasons[1].detail, "");
	ck_assert_uint_eq(control->reasons[2].state, 0);
}
END_TEST

START_TEST(there_is_room_for_every_reason)
{
	make_control(NULL);
	ck_assert_uint_le(CRASH__INCOMPLETES, CRASH__REASONS);
	for (int i = 0; i < CRASH__INCOMPLETES; i++)
		crash__control_incomplete(control, (enum crash__incomplete)i, "x");
	for (int i = 0; i < CRASH__INCOMPLETES; i++)
		ck_assert_uint_eq(control->reasons[i].why, i);
}
END_TEST

/* ---- numbers of processes ---- */

START_TEST(a_process_has_one_number)
{
	make_control(NULL);
	ck_assert_uint_eq(crash__control_number_of(control, 1000), 0);
	ck_assert_uint_eq(crash__control_number_of(control, 1000 + CRASH__NUMBERS), 1); /* the same slot */
	ck_assert_uint_eq(crash__control_number_of(control, 7), 2);
	ck_assert_uint_eq(crash__control_number_of(control, 1000), 0);
	ck_assert_uint_eq(crash__control_number_of(control, 1000 + CRASH__NUMBERS), 1);
	/* a process id that is used again is reported by whoever forked it */
	ck_assert_uint_eq(crash__control_number(control, 7, 55), 55);
	ck_assert_uint_eq(crash__control_number_of(control, 7), 55);
}
END_TEST

START_TEST(more_processes_than_slots_still_get_numbers)
{
	make_control(NULL);
	for (uint32_t pid = 1; pid <= CRASH__NUMBERS; pid++)
		ck_assert_uint_eq(crash__control_number_of(control, pid), pid - 1);
	ck_assert_uint_eq(crash__control_number_of(control, 100000), CRASH__NUMBERS);
	ck_assert_uint_eq(crash__control_number_of(control, 5), 4);
	ck_assert_uint_eq(crash__control_number(control, 100001, 9), 9);
}
END_TEST

static bool ask_numbers(int who)
{
	uint32_t first[50];

	(void)who;
	for (uint32_t i = 0; i < 50; i++)
		first[i] = crash__control_number_of(control, 5000 + i);
	for (uint32_t i = 0; i < 50; i++)
		if (crash__control_number_of(control, 5000 + i) != first[i])
			return false;
	return true;
}

START_TEST(whoever_asks_first_all_get_the_same_number)
{
	bool seen[50 * PROCESSES] = {false};

	make_control(NULL);
	in_processes(ask_numbers);
	for (uint32_t i = 0; i < 50; i++) {
		uint32_t number = crash__control_number_of(control, 5000 + i);

		ck_assert_uint_lt(number, 50 * PROCESSES);
		ck_assert(!seen[number]);
		seen[number] = true;
	}
}
END_TEST

/* ---- the crash ---- */

static _Atomic uint32_t *winners;

static bool try_to_fire(int who)
{
	(void)who;
	if (crash__control_fire(control, false)) {
		atomic_fetch_add(winners, 1);
		atomic_store(&control->dead, CRASH__DEAD);
	}
	return true;
}

START_TEST(of_many_only_one_crashes)
{
	make_control("write");
	winners = support_shared(sizeof *winners);
	in_processes(try_to_fire);
	ck_assert_uint_eq(*winners, 1);
	ck_assert_uint_eq(control->fired.state, 1);
}
END_TEST

START_TEST(the_death_of_one_is_replaced_by_the_death_of_all)
{
	make_control("write:self,fsync");
	ck_assert(crash__control_fire(control, true));
	ck_assert(!crash__control_fire(control, true));
	strcpy(control->fired.file, "/x");
	control->fired.rule = 0;
	control->fired.frames = 5;
	control->fired.state = 3;
	ck_assert(!crash__control_fire(control, true));
	ck_assert(crash__control_fire(control, false));
	ck_assert_str_eq(control->fired.file, "");
	ck_assert_uint_eq(control->fired.frames, 0);
	/* ... which is the last word */
	control->fired.rule = 1;
	control->fired.state = 3;
	control->dead = CRASH__DEAD;
	ck_assert(!crash__control_fire(control, false));
	ck_assert(!crash__control_fire(control, true));
}
END_TEST

START_TEST(a_crash_by_a_rule_that_there_is_not_is_damage)
{
	make_control("write:self");
	ck_assert(crash__control_fire(control, true));
	control->fired.rule = UINT32_MAX;
	control->fired.state = 3;
	control->dead = 0;
	control->reasons[0].state = 0;
	ck_assert(!crash__control_fire(control, true));
	ck_assert_uint_eq(control->reasons[0].state, 0);
	alarm(60);
	ck_assert(!crash__control_fire(control, false));
	ck_assert_uint_eq(control->reasons[0].why, CRASH__INCOMPLETE_DAMAGED);
}
END_TEST

START_TEST(outside_is_the_runners_own_file_and_no_other)
{
	make_control(NULL);
	ck_assert(!crash__control_is_outside(control, 0, 0));
	control->outside[1].device = 5;
	control->outside[1].inode = 77;
	ck_assert(crash__control_is_outside(control, 5, 77));
	ck_assert(!crash__control_is_outside(control, 6, 77));
	ck_assert(!crash__control_is_outside(control, 5, 78));
	ck_assert(!crash__control_is_outside(control, 0, 0));
}
END_TEST

START_TEST(only_files_are_noted_as_outside)
{
	char path[PATH_MAX];
	struct stat status;
	int ends[2], file;

	make_control(NULL);
	support_directory(path);
	strcat(path, "/out");
	file = open(path, O_WRONLY | O_CREAT, 0644);
	ck_assert_int_eq(fstat(file, &status), 0);
	ck_assert_int_eq(pipe(ends), 0);
	fflush(NULL);
	ck_assert_int_eq(dup2(ends[1], 1), 1);
	ck_assert_int_eq(dup2(file, 2), 2);
	crash__control_note_outside(control);
	ck_assert_uint_eq(control->outside[0].inode, 0);
	ck_assert_uint_eq(control->outside[1].inode, status.st_ino);
	ck_assert(crash__control_is_outside(control, status.st_dev, status.st_ino));
}
END_TEST

/* ---- who reads what is written ---- */

static bool tells(int fd, uint64_t bytes)
{
	struct stat status;

	ck_assert_int_eq(fstat(fd, &status), 0);
	return crash__audience_is_outside(control, &status, fd, bytes);
}

START_TEST(what_goes_to_no_device_is_read_by_nobody)
{
	static const char *const nobody[] = {"/dev/null", "/dev/zero", "/dev/full"};

	make_control(NULL);
	for (size_t i = 0; i < sizeof nobody / sizeof *nobody; i++)
		ck_assert(!tells(open(nobody[i], O_WRONLY), 100));
	ck_assert(tells(open("/dev/urandom", O_RDONLY), 100)); /* another device of the same driver */
	ck_assert(tells(open("/dev/ptmx", O_RDWR | O_NOCTTY), 1));
}
END_TEST

START_TEST(a_wake_up_inside_of_the_tree_tells_nothing)
{
	int ends[2], pair[2];

	make_control(NULL);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert(!tells(ends[1], 1));
	ck_assert(!tells(ends[1], 8));
	ck_assert(tells(ends[1], 2));
	ck_assert(tells(ends[1], 4096));
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		ck_assert_int_eq(socketpair(AF_UNIX, type, 0, pair), 0);
		ck_assert(!tells(pair[0], 1));
		ck_assert(tells(pair[1], 3));
	}
	control->passed_on = 1; /* somebody outside may have got the other end */
	ck_assert(tells(ends[1], 1));
	ck_assert(tells(pair[0], 1));
}
END_TEST

START_TEST(what_was_inherited_is_read_outside)
{
	int ends[2], pair[2], others[2];

	make_control(NULL);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(pipe(others), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	crash__audience_inherit(control, 1, ends[1]);
	crash__audience_inherit(control, 2, pair[0]);
	ck_assert(tells(ends[1], 1));
	ck_assert(tells(pair[0], 1));
	ck_assert(!tells(others[1], 1));
}
END_TEST

START_TEST(what_has_a_name_is_read_outside)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t bytes = sizeof name;
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	char path[PATH_MAX];

	make_control(NULL);
	support_directory(path);
	strcat(path, "/fifo");
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert(tells(open(path, O_RDWR), 1));
	ck_assert_int_eq(bind(server, (struct sockaddr *)&name, sizeof name.sun_family), 0);
	ck_assert_int_eq(listen(server, 1), 0);
	ck_assert_int_eq(getsockname(server, (struct sockaddr *)&name, &bytes), 0);
	ck_assert(tells(client, 1)); /* it has no other end yet */
	ck_assert_int_eq(connect(client, (struct sockaddr *)&name, bytes), 0);
	ck_assert(tells(client, 1));
	ck_assert(tells(accept(server, NULL, NULL), 1));
	ck_assert(tells(socket(AF_INET, SOCK_STREAM, 0), 1));
}
END_TEST

/* ---- appending ---- */

static size_t record_at(const struct crash__ring *ring, size_t at, struct crash__record *record)
{
	memcpy(record, ring->bytes + at, sizeof *record);
	return at + record->bytes;
}

START_TEST(parts_become_one_padded_record)
{
	struct crash__record header = {0}, record;
	struct crash__part parts[] = {{&header, sizeof header}, {"abc", 3}, {"", 0}, {"defgh", 5}};
	struct crash__ring *ring;

	make_control(NULL);
	control->rings_ready = 4;
	ring = crash__ring_find(control);
	ck_assert_ptr_nonnull(ring);
	ck_assert(crash__append(control, ring, CRASH__RECORD_OP, 3, parts, 3));
	ck_assert(crash__append(control, ring, CRASH__RECORD_END, 4, parts, 4));
	record_at(ring, record_at(ring, 0, &record), &record);
	record_at(ring, 0, &record);
	ck_assert_uint_eq(record.bytes, 16);
	ck_assert_uint_eq(record.type, CRASH__RECORD_OP);
	ck_assert_uint_eq(record.flags, 3);
	ck_assert_int_eq(memcmp(ring->bytes + 8, "abc\0\0\0\0\0", 8), 0);
	record_at(ring, 16, &record);
	ck_assert_uint_eq(record.bytes, 16);
	ck_assert_int_eq(memcmp(ring->bytes + 24, "abcdefgh", 8), 0);
}
END_TEST

/* After the crash nobody waits for room, and nobody is helped. */
START_TEST(a_full_ring_of_a_dead_tree_is_left_at_once)
{
	static unsigned char much[CRASH__RING_LARGEST - 8];
	struct crash__record header = {0};
	struct crash__part parts[] = {{&header, sizeof header}, {much, sizeof much}};
	struct crash__ring *ring;

	make_control(NULL);
	control->rings_ready = 4;
	ring = crash__ring_find(control);
	for (unsigned int i = 0; i < CRASH__RING_BYTES / CRASH__RING_LARGEST; i++)
		ck_assert(crash__append(control, ring, CRASH__RECORD_DATA, 0, parts, 2));
	ck_assert_uint_gt(control->bell, 0); /* the keeper was called before it was full */
	control->dead = CRASH__DEAD;
	ck_assert(!crash__append(control, ring, CRASH__RECORD_DATA, 0, parts, 2));
}
END_TEST

static void *count_sequence(void *argument)
{
	uint64_t before = 0;

	(void)argument;
	for (int i = 0; i < 20000; i++) {
		uint64_t next = crash__next_sequence(control);

		ck_assert_uint_gt(next, before);
		before = next;
	}
	return NULL;
}

START_TEST(sequence_numbers_are_given_once)
{
	pthread_t threads[4];

	make_control(NULL);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count_sequence, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(crash__next_sequence(control), 80001);
}
END_TEST

/* ---- stray stores ---- */

/* A store of a few bytes wherever it hurts. */
START_TEST(what_cannot_be_is_noticed)
{
	struct crash__control *is;

	make_control(NULL);
	is = control;
	crash__control_guard(is);
	ck_assert(crash__control_is_sound(is));
	struct {
		void *at;
		uint64_t value;
		size_t bytes;
	} const stores[] = {
		{&is->guard_counters, 0, 8},	   {&is->guard_end, 1, 8},
		{&is->guard_points, 0, 1},	   {&is->dead, 1, 4},
		{&is->dead, UINT32_MAX, 4},	   {&is->fired.state, 5, 4},
		{&is->rings_ready, UINT32_MAX, 4}, {&is->points[7].state, 3, 4},
		{&is->reasons[3].state, 9, 4},	   {&is->reasons[3].why, CRASH__INCOMPLETES, 4},
		{&is->sites.state, 3, 4},	   {&is->family_hits[1], UINT64_C(1) << 40, 8},
		{&is->call_hits[5], 5000, 8},	   {&is->implied_syncs, UINT64_MAX / 2, 8},
	};

	for (size_t i = 0; i < sizeof stores / sizeof *stores; i++) {
		uint64_t saved;

		memcpy(&saved, stores[i].at, stores[i].bytes);
		memcpy(stores[i].at, &stores[i].value, stores[i].bytes);
		ck_assert_msg(!crash__control_is_sound(is), "store %zu", i);
		memcpy(stores[i].at, &saved, stores[i].bytes);
		ck_assert(crash__control_is_sound(is));
	}
}
END_TEST

/* Who is killed between two counters leaves one of them behind: that is no damage. */
START_TEST(counters_may_differ_by_who_was_killed_meanwhile)
{
	make_control(NULL);
	crash__control_guard(control);
	control->dead = CRASH__DEAD;
	control->family_hits[CRASH__FAMILY_FSYNC] = 1000;
	control->call_hits[CRASH__CALL_fsync] = 600;
	control->implied_syncs = 390;
	ck_assert(crash__control_is_sound(control));
	control->call_hits[CRASH__CALL_fsync] = 615;
	ck_assert(crash__control_is_sound(control));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control");

	support_case(suite, "points", a_point_is_one_however_often_it_is_named, what_is_too_long_is_cut,
		     when_the_table_is_full_that_is_said, an_entry_that_nobody_finishes_is_passed_over,
		     processes_at_once_agree_on_every_point, NULL);
	support_case(suite, "reasons", a_reason_is_told_once_and_counted, there_is_room_for_every_reason,
		     NULL);
	support_case(suite, "numbers", a_process_has_one_number, more_processes_than_slots_still_get_numbers,
		     whoever_asks_first_all_get_the_same_number, NULL);
	support_case(suite, "crash", of_many_only_one_crashes,
		     the_death_of_one_is_replaced_by_the_death_of_all,
		     a_crash_by_a_rule_that_there_is_not_is_damage,
		     outside_is_the_runners_own_file_and_no_other, only_files_are_noted_as_outside, NULL);
	support_case(suite, "audience", what_goes_to_no_device_is_read_by_nobody,
		     a_wake_up_inside_of_the_tree_tells_nothing, what_was_inherited_is_read_outside,
		     what_has_a_name_is_read_outside, NULL);
	support_case(suite, "stray stores", what_cannot_be_is_noticed,
		     counters_may_differ_by_who_was_killed_meanwhile, NULL);
	support_case(suite, "appending", parts_become_one_padded_record,
		     a_full_ring_of_a_dead_tree_is_left_at_once, sequence_numbers_are_given_once, NULL);
	return support_run(suite);
}
