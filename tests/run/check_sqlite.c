/* SPDX-License-Identifier: MIT */
/*
 * check_sqlite.c - an unmodified sqlite3, killed at each of its ops: the database is whole afterwards,
 * and has what was acknowledged.
 *
 * Method: each statement is its own transaction and is followed by a select that prints its number, which
 * is the acknowledgement. sqlite3 prints to a pipe and would keep it; `.once stdout` makes it write at
 * once. After the crash a second sqlite3, alone, recovers the database and checks it.
 */
#include "tests/run/lab.h"

#include <crashinject/check.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRANSACTIONS 4

static struct crash_out out;

/* The first two are crashed everywhere, the others where they differ: at what makes a commit. */
static const char *const modes[] = {"delete", "wal", "truncate", "persist"};

#define EVERYWHERE 2
#define MODES (int)(sizeof modes / sizeof *modes)

/* The SQL of a run: a table, and transactions of different sizes with their acknowledgements. */
static const char *script(const char *mode)
{
	char *sql = lab_text("pragma journal_mode=%s;\npragma synchronous=full;\n"
			     "create table if not exists t(n integer primary key, filler blob);\n",
			     mode);

	for (int n = 1; n <= TRANSACTIONS; n++)
		sql = lab_text("%sbegin;\ninsert into t values(%d, zeroblob(%d));\nupdate t set filler = "
			       "zeroblob(500) where n < %d;\n"
			       "commit;\n.once stdout\nselect 'ack %d';\n",
			       sql, n, n * 1500, n, n);
	return sql;
}

static bool has_sqlite(void)
{
	return LAB_COMMAND("sqlite3", "-version").status == 0;
}

static void run_sqlite(const char *rule, const char *mode)
{
	struct crash_opts opts = {
		.program = "sqlite3",
		.args = (const char *const[]){"-batch", "-bail", "-init", "/dev/null", "t.db", ".read script",
					      NULL},
		.dir = lab_dir,
		.cwd = lab_dir,
	};

	lab_write("script", script(mode), strlen(script(mode)));
	ck_assert_int_eq(LAB_COMMAND("sh", "-c", "rm -f t.db*").status, 0);
	ck_assert_crash_run(rule, &opts, &out);
}

/* The highest number that the output acknowledges. */
static int acknowledged(const char *text)
{
	const char *at = text;
	int n = 0;

	while ((at = strstr(at, "ack ")) != NULL)
		n = atoi(at += 4);
	return n;
}

/* The database recovers, is whole, and has the transactions up to the last that was acknowledged, or one
 * more. */
static void check_database(const char *mode, const char *point, int acks)
{
	struct lab_result result =
		LAB_COMMAND("sqlite3", "-batch", "-init", "/dev/null", "t.db", "pragma integrity_check");
	int rows = 0;

	ck_assert_msg(result.status == 0 && strcmp(result.out, "ok\n") == 0, "%s, killed at %s: %s", mode,
		      point, lab_describe(&result));
	/* without a table nothing can have been acknowledged */
	result = LAB_COMMAND("sqlite3", "-batch", "-init", "/dev/null", "t.db",
			     "select count(*) = coalesce(max(n), 0), count(*) from t");
	if (result.status == 0) {
		ck_assert_msg(strncmp(result.out, "1|", 2) == 0, "%s, killed at %s: %s", mode, point,
			      result.out);
		rows = atoi(result.out + 2);
	}
	ck_assert_msg(rows == acks || rows == acks + 1, "%s, killed at %s: %d rows, and %d were acknowledged",
		      mode, point, rows, acks);
}

/* By itself the script does what the test thinks. */
START_TEST(undisturbed_everything_is_acknowledged)
{
	if (!has_sqlite())
		LAB_SKIP("there is no sqlite3");
	run_sqlite("unlink#99999", modes[_i]);
	ck_assert_exited(&out, 0);
	ck_assert_complete(&out);
	ck_assert_int_eq(acknowledged(out.stdout_data), TRANSACTIONS);
	ck_assert_uint_eq(out.stderr_len, 0);
	check_database(modes[_i], "the end", TRANSACTIONS);
	crash_out_clear(&out);
}
END_TEST

/* Every op of the family, one crash each. Returns how many there were. */
static int crash_at_each(const char *mode, const char *family, const char *modifiers)
{
	for (int n = 1;; n++) {
		const char *rule = lab_text("%s#%d%s", family, n, modifiers);
		bool killed;

		run_sqlite(rule, mode);
		killed = out.killed;
		if (killed)
			ck_assert_int_eq(out.signal, SIGKILL);
		else
			ck_assert_exited(&out, 0);
		check_database(mode, rule, acknowledged(out.stdout_data));
		crash_out_clear(&out);
		if (!killed)
			return n - 1;
	}
}

/* Each way of committing, killed before each op. */
START_TEST(killed_before_any_op_no_commit_is_lost)
{
	if (!has_sqlite())
		LAB_SKIP("there is no sqlite3");
	/* a page, a journal header and a sync at least for each transaction */
	ck_assert_int_gt(crash_at_each(modes[_i], "io", ""), 3 * TRANSACTIONS);
}
END_TEST

/* In the middle of each write: a torn page or a torn journal. */
START_TEST(killed_in_the_middle_of_any_write_no_commit_is_lost)
{
	if (!has_sqlite())
		LAB_SKIP("there is no sqlite3");
	ck_assert_int_gt(crash_at_each(modes[_i], "write", ":torn=37%"), 2 * TRANSACTIONS);
}
END_TEST

/* After each: unlink, truncation or overwriting of the journal, by mode, is what commits. */
START_TEST(killed_after_any_op_that_commits_no_commit_is_lost)
{
	static const char *const commits[] = {"unlink", "fsync", "truncate", "fsync"};

	if (!has_sqlite())
		LAB_SKIP("there is no sqlite3");
	ck_assert_int_ge(crash_at_each(modes[_i], commits[_i], ":after"), TRANSACTIONS);
}
END_TEST

/* An error of a sync is an error of the transaction, which is reported and is not there. */
START_TEST(a_sync_that_fails_is_no_commit)
{
	if (!has_sqlite())
		LAB_SKIP("there is no sqlite3");
	run_sqlite("fsync@*/t.db*#6+:err=EIO", modes[_i]);
	ck_assert(!out.killed);
	ck_assert_int_ne(out.exit_code, 0);
	ck_assert_int_lt(acknowledged(out.stdout_data), TRANSACTIONS);
	ck_assert_msg(strstr(out.stderr_data, "disk I/O error") != NULL, "%s", out.stderr_data);
	check_database(modes[_i], "fsync#6:err=EIO", acknowledged(out.stdout_data));
	crash_out_clear(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sqlite3");
	TCase *tcase = lab_case(suite, "sqlite3", 240);

	tcase_add_loop_test(tcase, undisturbed_everything_is_acknowledged, 0, MODES);
	tcase_add_loop_test(tcase, killed_before_any_op_no_commit_is_lost, 0, EVERYWHERE);
	tcase_add_loop_test(tcase, killed_in_the_middle_of_any_write_no_commit_is_lost, 0, EVERYWHERE);
	tcase_add_loop_test(tcase, killed_after_any_op_that_commits_no_commit_is_lost, 0, MODES);
	tcase_add_loop_test(tcase, a_sync_that_fails_is_no_commit, 0, MODES);
	return lab_run(suite);
}
