/* SPDX-License-Identifier: MIT */
/*
 * check_nested_helper.c - explore --depth finds what the reference store's recovery does wrong where it is
 * interrupted itself, and nothing where it is right.
 *
 * Method: the store's recovery goes on to publish a snapshot and to make the log short (--compact). In the
 * scenario `wal` nothing else does, so that the bugs of snapshots and checkpoints are bugs of recovery alone
 * there. helper/recovery_bugs.def has more, which nothing but an interrupted recovery shows, and says how
 * many crashes that takes: with one less each is quiet. Recovery is a command, or the program that starts
 * again.
 *
 * CRASHINJECT_TABLE=FILE in the environment: what was found goes there, as rows of the table in
 * docs/FINDINGS.md.
 */
#include "tests/run/lab.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLEAR 0
#define FOUND 1

enum recovery { COMMAND, ITSELF };

struct looked {
	struct lab_result result;
	json_t *findings, *summary;
};

/* The checker of a program that is its own recovery has that run first, like the command does. */
static struct looked explore(const char *bug, enum recovery how, const char *scenario, const char *models,
			     unsigned int depth)
{
	const char *helper = lab_variable("HELPER"), *argv[24];
	const char *recover = lab_text("\"%s\" %s%s recover .", helper, bug ? "--bug " : "", bug ? bug : "");
	const char *verify = lab_text("\"%s\" verify . \"$CRASH_ACKED\"", helper);
	struct looked looked = {.findings = json_array()};
	size_t count = 0, i;
	json_t *lines, *line;

	lab_remove("store");
	lab_remove("result");
	ck_assert_int_eq(system("mkdir store"), 0);
	argv[count++] = lab_variable("CRASHINJECT");
	argv[count++] = "explore";
	argv[count++] = "--json";
	argv[count++] = "--jobs=2";
	argv[count++] = "--dir=store";
	argv[count++] = "--output=result";
	argv[count++] = lab_text("--depth=%u", depth);
	argv[count++] = lab_text("--model=%s", models);
	argv[count++] = "--check";
	argv[count++] = how == ITSELF ? lab_text("%s && %s", recover, verify) : verify;
	if (how == COMMAND) {
		argv[count++] = "--recover";
		argv[count++] = recover;
	}
	argv[count++] = "--";
	argv[count++] = helper;
	argv[count++] = "--commits=2";
	if (how == ITSELF) {
		argv[count++] = "--compact";
		argv[count++] = bug ? lab_text("--bug=%s", bug) : "--compact";
	}
	argv[count++] = scenario;
	argv[count] = NULL;
	looked.result = lab_command(NULL, argv);
	lines = lab_json_lines(looked.result.out);
	json_array_foreach(lines, i, line) {
		if (json_object_get(line, "finding"))
			json_array_append(looked.findings, json_object_get(line, "finding"));
		else if (json_object_get(line, "summary"))
			looked.summary = json_object_get(line, "summary");
	}
	ck_assert_msg(looked.summary != NULL, "no summary: %s", lab_describe(&looked.result));
	return looked;
}

static void assert_clear(const struct looked *looked, const char *bug, unsigned int depth)
{
	const json_t *recovery = json_object_get(looked->summary, "recovery");

	ck_assert_msg(looked->result.status == CLEAR && lab_json_bool(looked->summary, "complete"), "%s: %s",
		      bug, lab_describe(&looked->result));
	if (depth < 2)
		return;
	ck_assert_int_gt(lab_json_number(recovery, "explored", -1), 0);
	ck_assert_int_gt(lab_json_number(recovery, "distinct", -1), 10);
	ck_assert_int_eq(lab_json_number(recovery, "distinct", -1), lab_json_number(recovery, "checked", -2));
}

/* A row of the table, where somebody wants one; `finding` is NULL where there is none. */
static void tell(const char *bug, enum recovery how, const char *scenario, const char *models,
		 unsigned int depth, const struct looked *looked, const json_t *finding)
{
	const json_t *recovery = json_object_get(looked->summary, "recovery");
	const char *path = getenv("CRASHINJECT_TABLE");
	FILE *file = path ? fopen(path, "a") : NULL;

	if (!file)
		return;
	fprintf(file, "| %s | %s | %s | %s | %u | %lld | %lld | %lld | %lld | %s |\n", bug ? bug : "none",
		how == COMMAND ? "recover" : "itself", scenario, models, depth,
		lab_json_number(looked->summary, "checked", -1), lab_json_number(recovery, "from", -1),
		lab_json_number(recovery, "checked", -1), lab_json_number(recovery, "failed", -1),
		finding ? lab_json_text(finding, "kind") : "-");
	fclose(file);
}

/* ------------------------------------------------------------------ the store that is right */

static const struct {
	enum recovery how;
	const char *scenario, *models;
	unsigned int depth;
} right[] = {
	{COMMAND, "wal", "kill,posix,ext4", 2},
	{ITSELF, "wal", "kill,ext4", 2},
	{COMMAND, "checkpoint", "ext4", 2},
	{COMMAND, "snapshot", "kill", 2},
	{COMMAND, "wal", "kill", 3},
};

START_TEST(a_recovery_that_is_right_is_clear_wherever_it_is_interrupted)
{
	struct looked looked =
		explore(NULL, right[_i].how, right[_i].scenario, right[_i].models, right[_i].depth);

	assert_clear(&looked, "no bug", right[_i].depth);
	tell(NULL, right[_i].how, right[_i].scenario, right[_i].models, right[_i].depth, &looked, NULL);
}
END_TEST

/* ------------------------------------------------------------------ bugs */

static const struct row {
	const char *bug;
	enum recovery how;
	const char *models;
	unsigned int depth;
	const char *kind, *sentence; /* as a file name pattern */
} rows[] = {
	{"recovery-removes-covered-log", COMMAND, "kill", 2, "inconsistent",
	 "recovery from the state that a crash at * leaves has ended, and where it runs once more the data "
	 "is "
	 "inconsistent"},
	{"recovery-removes-covered-log", ITSELF, "kill", 2, "inconsistent",
	 "recovery from the state that a crash at * leaves is interrupted: if the process dies between "
	 "rename#1 "
	 "of "
	 "store.snap.tmp to store.snap *"},
	{"recovery-distrusts-snapshot", COMMAND, "kill", 2, "recovery",
	 "* leaves is interrupted: if the process dies between rename#2 of store.wal.tmp to store.wal * and "
	 "unlink#* of store.recovering *, recovery fails"},
	{"recovery-distrusts-snapshot", ITSELF, "kill", 2, "inconsistent",
	 "* leaves is interrupted: if the process dies between rename#2 of store.wal.tmp to store.wal * and "
	 "unlink#* of store.recovering *"},
	{"recovery-resumes-log-first", COMMAND, "kill", 3, "recovery",
	 "recovery from the state that a crash at * leaves in recovery from the state that a crash at * "
	 "leaves "
	 "is "
	 "interrupted: if the process dies between rename#1 of store.wal.tmp to store.wal * and rename#2 of "
	 "store.snap.tmp to store.snap *, recovery fails"},
	{"checkpoint-truncate-before-publish", COMMAND, "kill", 2, "recovery",
	 "* leaves is interrupted: if the process dies between rename#1 of store.wal.tmp to store.wal * and "
	 "rename#2 of store.snap.tmp to store.snap *, recovery fails"},
	{"checkpoint-truncate-before-publish", ITSELF, "kill", 2, "inconsistent",
	 "* leaves is interrupted: if the process dies between rename#1 of store.wal.tmp to store.wal * and "
	 "rename#2 of store.snap.tmp to store.snap *"},
	{"snapshot-no-sync", COMMAND, "ext4", 2, "recovery",
	 "* leaves is interrupted: the rename of store.snap.tmp to store.snap * reached the disk, but the "
	 "data "
	 "of "
	 "store.snap.tmp at 0 * did not: it was never synced. Recovery fails"},
	{"checkpoint-no-sync", ITSELF, "ext4", 2, "inconsistent",
	 "* leaves is interrupted: the rename of store.wal.tmp to store.wal * reached the disk, but the data "
	 "of "
	 "store.wal.tmp at 0 * did not: it *"},
};

#define ROWS (sizeof rows / sizeof *rows)

START_TEST(what_recovery_does_wrong_is_found_at_its_depth)
{
	const struct row *row = &rows[_i];
	struct looked looked = explore(row->bug, row->how, "wal", row->models, row->depth);
	const json_t *finding = json_array_get(looked.findings, 0);
	const char *sentence, *state;

	lab_assert_status(&looked.result, FOUND);
	ck_assert_msg(json_array_size(looked.findings) == 1, "%s", lab_describe(&looked.result));
	ck_assert_str_eq(lab_json_text(finding, "kind"), row->kind);
	sentence = lab_json_text(finding, "sentence");
	ck_assert_msg(fnmatch(row->sentence, sentence, 0) == 0, "\"%s\" and not \"%s\"", sentence,
		      row->sentence);
	ck_assert_str_eq(lab_json_text(finding, "scope"),
			 strcmp(row->models, "kill") == 0 ? "process" : "power");
	/* the state, as the checker saw it, fails again */
	state = lab_json_text(finding, "state");
	ck_assert_ptr_nonnull(strchr(state, '/'));
	tell(row->bug, row->how, "wal", row->models, row->depth, &looked, finding);
	looked.result = LAB_CRASHINJECT("replay", "--acked", "acked", "result", state, "state");
	lab_assert_status(&looked.result, 0);
	looked.result =
		LAB_COMMAND(lab_variable("HELPER"), lab_text("--bug=%s", row->bug), "recover", "state");
	if (looked.result.status == 0)
		looked.result = LAB_COMMAND(lab_variable("HELPER"), "verify", "state", "acked");
	ck_assert_msg(looked.result.status == 1, "%s", lab_describe(&looked.result));
}
END_TEST

/* With one crash less, and as a command and as the program itself. */
START_TEST(what_takes_a_crash_inside_recovery_is_quiet_without_it)
{
	const struct row *row = &rows[_i];
	struct looked looked = explore(row->bug, row->how, "wal", row->models, row->depth - 1);

	assert_clear(&looked, row->bug, row->depth - 1);
}
END_TEST

/* A bug that nobody wrote a row for would be one that nobody looks for. */
START_TEST(every_bug_of_recovery_has_a_row)
{
	struct lab_result result = LAB_COMMAND(lab_variable("HELPER"), "recoveries", "--json");
	json_t *bugs = lab_json_lines(result.out), *bug;
	size_t i;

	ck_assert_uint_gt(json_array_size(bugs), 0);
	json_array_foreach(bugs, i, bug) {
		bool found = false;

		for (size_t at = 0; at < ROWS; at++)
			found |= strcmp(rows[at].bug, lab_json_text(bug, "bug")) == 0 &&
				 rows[at].depth == (unsigned int)lab_json_number(bug, "depth", 0);
		ck_assert_msg(found, "%s", lab_json_text(bug, "bug"));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nested, the reference stores");
	TCase *tcase = lab_case(suite, "nested", 240);

	tcase_add_loop_test(tcase, a_recovery_that_is_right_is_clear_wherever_it_is_interrupted, 0,
			    sizeof right / sizeof *right);
	tcase_add_loop_test(tcase, what_recovery_does_wrong_is_found_at_its_depth, 0, ROWS);
	tcase_add_loop_test(tcase, what_takes_a_crash_inside_recovery_is_quiet_without_it, 0, ROWS);
	tcase_add_test(tcase, every_bug_of_recovery_has_a_row);
	return lab_run(suite);
}
