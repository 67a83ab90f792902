/* SPDX-License-Identifier: MIT */
/*
 * check_helper_crashes.c - the helper's scenarios keep every acknowledgement when they are killed, its bugs
 * do not, and its verification sees the difference.
 *
 * Method: a child runs to a breakpoint and ends there without further ado, which is what a process crash is.
 * What only a power loss shows is not tested here.
 */
#include "helper/bugs.h"
#include "helper/damage.h"
#include "helper/file.h"
#include "helper/nearest.h"
#include "helper/scenario.h"
#include "helper/snapshot.h"
#include "helper/verify.h"
#include "helper/workload.h"
#include "tests/helper/ground.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int acks_fd = -1;

static int acknowledge(const void *line, size_t size)
{
	return write(acks_fd, line, size) == (ssize_t)size ? 0 : -EIO;
}

static struct session new_session(void)
{
	return (struct session){.path = ground_store,
				.commits = 12,
				.threads = 4,
				.value_bytes = 96,
				.acknowledge = acknowledge};
}

/* Runs a scenario in a child that dies at the point. @return the child's exit status */
static int run_to(const struct scenario *scenario, const char *point, unsigned int hit)
{
	struct session session = new_session();
	int error, status;
	pid_t child = fork();

	if (child == 0) {
		acks_fd = open(ground_acks, O_WRONLY | O_CREAT | O_APPEND, 0666);
		ground_arm(point, hit);
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

	file_read_name(AT_FDCWD, ground_acks, &acks);
	return acks;
}

/* Opens the store and compares it with all acknowledgements. */
static void expect_acknowledged(const char *scenario, const char *point, unsigned int hit)
{
	struct bytes acks = read_acks();
	struct reason why = {{0}};
	struct store *store = NULL;
	int error = store_open(&store, ground_store, &why);

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

	acks_fd = open(ground_acks, O_WRONLY | O_CREAT | O_APPEND, 0666);
	ground_arm(NULL, 0);
	ck_assert_int_eq(session_open(&session), 0);
	ck_assert_int_eq(scenario->run(&session), 0);
	session_close(&session);
	close(acks_fd);
	for (i = 0; scenario_points[i].name; i++)
		ck_assert_msg((ground_hits[i] > 0) == scenario_passes(scenario, &scenario_points[i]),
			      "%s: %u hits of %s", scenario->name, ground_hits[i], scenario_points[i].name);
	ck_assert_uint_eq(ground_stray_hits, 0);
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

			ck_assert(status == GROUND_DIED || (status == 0 && hit > 1));
			died += status == GROUND_DIED;
			expect_acknowledged(scenario->name, point->name, hit);
			/* What is left now is where the next hit's run begins. */
		}
		ground_empty(ground_root);
	}
	ck_assert_uint_gt(died, 10);
}
END_TEST

/* A store whose recovery has everything to do. Seven commits of the workload, all acknowledged. */
static void make_wreck(void)
{
	struct session session = new_session();
	struct store *store;

	acks_fd = open(ground_acks, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	ck_assert_int_eq(session_open(&session), 0);
	store = session.store;
	ck_assert_int_eq(session_commit(&session, 3), 0);
	ck_assert_int_eq(store_checkpoint(store), 0);
	ck_assert_int_eq(session_commit(&session, 2), 0);
	ck_assert_int_eq(store_snapshot(store), 0);
	ck_assert_int_eq(session_commit(&session, 2), 0);
	session_close(&session);
	close(acks_fd);
	ck_assert_int_eq(damage_snapshot(ground_store), 0);
	ck_assert_int_eq(damage_log_tail(ground_store), 0);
}

/* Recovers in a child that dies at the point, or not. @return the child's exit status */
static int recover_to(const char *point)
{
	struct store *store = NULL;
	int status;
	pid_t child = fork();

	if (child == 0) {
		ground_arm(point, 1);
		_exit(store_open(&store, ground_store, NULL) ? 1 : 0);
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
			died += recover_to(first->name) == GROUND_DIED;
			died += recover_to(second->name) == GROUND_DIED;
			expect_acknowledged("wreck", first->name, 1);
			ground_empty(ground_store);
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

	acks_fd = open(ground_acks, O_WRONLY | O_CREAT | O_TRUNC, 0666);
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
		for (hit = 1, status = GROUND_DIED; status == GROUND_DIED && !shown; hit++) {
			struct store *store = NULL;
			struct bytes acks;
			int error;

			status = run_to(scenario, point->name, hit);
			acks = read_acks();
			error = store_open(&store, ground_store, &why);
			if (!error)
				error = verify_store(store, &why);
			if (!error)
				error = verify_acks(store, &acks, &why);
			shown = error != 0;
			store_close(store);
			bytes_clear(&acks);
			ground_empty(ground_root);
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
	ck_assert_str_eq(scenario_for("checkpoint.truncprefix.post-rename-pre-dirfsync@x#1+"), "checkpoint");
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
		execl(helper ? helper : "./crashinject-helper", "crashinject-helper", "verify", directory,
		      acks, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void write_acks(const char *text, size_t size)
{
	int fd = open(ground_acks, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	ck_assert_int_eq(write(fd, text, size), (ssize_t)size);
	close(fd);
}

/* Five commits; read_acks() has them. */
static void make_five(void)
{
	struct session session = new_session();

	acks_fd = open(ground_acks, O_WRONLY | O_CREAT | O_TRUNC, 0666);
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
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 0);
	acks = read_acks();
	first = (unsigned char *)memchr(acks.data, '\n', acks.size) + 1;
	write_acks((const char *)acks.data, (size_t)(first - acks.data));
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 0); /* the first of five */
	bytes_append_text(&acks, "hello\nacknowledged\nack");
	write_acks((const char *)acks.data, acks.size);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 0); /* other lines */
	bytes_append_text(&acks, " 6 k00=not yet complete");
	write_acks((const char *)acks.data, acks.size);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 0); /* no newline */
	write_acks("", 0);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 0);
	bytes_clear(&acks);
}
END_TEST

START_TEST(test_verify_lost) /* verify: 2 where an acknowledged commit is missing, whole */
{
	struct bytes log;

	make_five();
	log = ground_read(WAL_NAME);
	ground_write(WAL_NAME, log.data, log.size - 1);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 2);
	write_acks("ack 6 k00=x\n", 12);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 2);
	ground_empty(ground_store);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 2);
	write_acks("", 0);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 0);
	bytes_clear(&log);
}
END_TEST

/* Appends a step of a transaction to a batch, perhaps not quite as it is. */
typedef void spoiler(struct batch *batch, const struct batch_step *step, unsigned int index);

/* A store whose commits are the workload's but for one: `spoil` changes commit 4. */
static void make_spoilt(spoiler *spoil)
{
	struct store *store = ground_open();
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
				batch_put(&batch, step.key, step.key_size, step.value, step.value_size);
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
	static spoiler *const spoils[] = {spoil_half, spoil_byte, spoil_length, spoil_key, spoil_delete};
	size_t i;

	make_spoilt(spoil_nothing);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 0);
	for (i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		ground_empty(ground_store);
		make_spoilt(spoils[i]);
		ck_assert_msg(helper_verify(ground_store, ground_acks) == 1, "spoil %zu", i);
	}
}
END_TEST

START_TEST(test_verify_damage) /* verify: 1 for a store that cannot be recovered */
{
	struct store *store;

	make_five();
	store = ground_open();
	ck_assert_int_eq(store_checkpoint(store), 0);
	store_close(store);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 0);
	ground_write(SNAPSHOT_NAME, "SNAP", 4);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 1);
	ground_remove(SNAPSHOT_NAME);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 1);
}
END_TEST

START_TEST(test_verify_other_value) /* verify: 1 where a commit acknowledged something else */
{
	struct bytes acks;

	make_five();
	acks = read_acks();
	acks.data[acks.size - 2] ^= 1; /* the last value's last letter */
	write_acks((const char *)acks.data, acks.size);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 1);
	bytes_clear(&acks);
}
END_TEST

START_TEST(test_verify_usage) /* verify: 64 for lines that are not acknowledgements, 66 for no file */
{
	static const char *const bad[] = {"ack \n",	 "ack x k00=1\n", "ack 0 k00=1\n",  "ack 1\n",
					  "ack 1 k00\n", "ack 1 j00=1\n", "ack 1  k00=1\n", "ack -1 k00=1\n"};
	size_t i;

	make_five();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_acks(bad[i], strlen(bad[i]));
		ck_assert_msg(helper_verify(ground_store, ground_acks) == 64, "%s", bad[i]);
	}
	ck_assert_int_eq(unlink(ground_acks), 0);
	ck_assert_int_eq(helper_verify(ground_store, ground_acks), 66);
}
END_TEST

static unsigned int count_rows(void)
{
	unsigned int count = 0;

	while (scenarios[count].name)
		count++;
	return count;
}

int main(void)
{
	Suite *suite = ground_suite("helper crashes");
	TCase *tcase;

	tcase = ground_case(suite, "crash");
	tcase_add_loop_test(tcase, test_scenario_points, 0, (int)count_rows());
	tcase_add_loop_test(tcase, test_kill_anywhere, 0, (int)count_rows() - 1);
	tcase_add_test(tcase, test_interrupted_recovery);
	tcase_add_test(tcase, test_recovery_without_ack);

	tcase = ground_case(suite, "bugs");
	tcase_add_test(tcase, test_bug_table);
	tcase_add_loop_test(tcase, test_bug_by_kill, 0, BUG_COUNT - 1);
	tcase_add_test(tcase, test_scenario_of_spec);

	tcase = ground_case(suite, "verify");
	tcase_add_test(tcase, test_verify_good);
	tcase_add_test(tcase, test_verify_lost);
	tcase_add_test(tcase, test_verify_inconsistent);
	tcase_add_test(tcase, test_verify_damage);
	tcase_add_test(tcase, test_verify_other_value);
	tcase_add_test(tcase, test_verify_usage);
	return ground_run(suite);
}
