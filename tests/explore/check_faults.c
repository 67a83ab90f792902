/* SPDX-License-Identifier: MIT */
/*
 * check_faults.c - faults finds every bug of the reference stores that a call which fails can show, and
 * nothing in stores that are right.
 *
 * Method: helper/fault_bugs.def says what each bug leads to. Runs of small shells have the ways in which a
 * run can end, and in which a sweep can be cut short.
 */
#include "tests/run/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUGS 16 /* more than there are */

struct faults {
	struct lab_result result;
	json_t *findings, *summary;
};

static struct faults take(struct lab_result result)
{
	struct faults faults = {.result = result, .findings = json_array()};
	json_t *lines = lab_json_lines(result.out), *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		if (json_object_get(line, "finding"))
			json_array_append(faults.findings, json_object_get(line, "finding"));
		if (json_object_get(line, "summary"))
			faults.summary = json_object_get(line, "summary");
	}
	ck_assert_msg(faults.summary != NULL, "%s", lab_describe(&result));
	return faults;
}

/* faults --json [OPTION]... -- sh -c COMMAND, on an empty directory */
static struct faults run_faults(const char *check, const char *command, const char *const *options)
{
	const char *argv[40] = {
		lab_variable("CRASHINJECT"), "faults", "--json", "--dir=store", "--check", check};
	size_t count = 6;

	setenv("LAB", lab_dir, 1);
	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	while (*options)
		argv[count++] = *options++;
	argv[count++] = "--";
	argv[count++] = "sh";
	argv[count++] = "-c";
	argv[count++] = lab_text("cd store; %s", command);
	return take(lab_command(NULL, argv));
}

#define FAULTS(check, command, ...)                                                                          \
	run_faults(check, command, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void assert_complete(const struct faults *faults)
{
	ck_assert_msg(lab_json_bool(faults->summary, "complete"), "%s", lab_describe(&faults->result));
}

static const json_t *only_finding(const struct faults *faults, const char *kind)
{
	const json_t *finding = json_array_get(faults->findings, 0);

	ck_assert_msg(json_array_size(faults->findings) == 1, "%s", lab_describe(&faults->result));
	ck_assert_str_eq(lab_json_text(finding, "kind"), kind);
	return finding;
}

/* ------------------------------------------------------------------ the reference stores */

static struct faults store_faults(const char *bug, const char *scenario, const char *const *options)
{
	const char *argv[40] = {lab_variable("CRASHINJECT"),
				"faults",
				"--json",
				"--dir=store",
				"--check",
				lab_text("%s verify . \"$CRASH_ACKED\"", lab_variable("HELPER"))};
	size_t count = 6;

	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	while (*options)
		argv[count++] = *options++;
	argv[count++] = "--";
	argv[count++] = lab_variable("HELPER");
	if (bug) {
		argv[count++] = "--bug";
		argv[count++] = bug;
	}
	argv[count++] = "--commits";
	argv[count++] = "2";
	argv[count++] = scenario;
	return take(lab_command(NULL, argv));
}

#define STORE_FAULTS(bug, scenario, ...)                                                                     \
	store_faults(bug, scenario, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static const char *const scenarios[] = {"wal", "snapshot", "checkpoint", "recovery"};

START_TEST(no_fault_hurts_a_store_that_is_right)
{
	struct faults faults = STORE_FAULTS(NULL, scenarios[_i], "--sticky");

	lab_assert_status(&faults.result, 0);
	assert_complete(&faults);
	ck_assert_int_gt(lab_json_number(faults.summary, "checked", 0), 100);
}
END_TEST

static json_t *bug_number(int number)
{
	struct lab_result result = LAB_COMMAND(lab_variable("HELPER"), "faults", "--json");
	json_t *bugs = lab_json_lines(result.out);

	ck_assert_uint_lt(json_array_size(bugs), BUGS);
	return json_array_get(bugs, (size_t)number);
}

/* A run that hangs takes as long as it may. */
static struct faults faults_of_bug(const char *bug, const char *kind, const char *scenario)
{
	if (strcmp(kind, "hung") == 0)
		return STORE_FAULTS(bug, scenario, "--errors=EIO", "--timeout=8s");
	if (strcmp(kind, "sticky") == 0)
		return STORE_FAULTS(bug, scenario, "--only", "write#1:err=ENOSPC,write#1+:err=ENOSPC",
				    "--timeout=8s");
	return STORE_FAULTS(bug, scenario, "--sticky");
}

START_TEST(a_planted_bug_is_found_and_named)
{
	const json_t *bug = bug_number(_i), *finding, *op;
	const char *kind = bug ? lab_json_text(bug, "kind") : "retried";
	struct faults faults;

	if (strcmp(kind, "retried") == 0) /* it takes a power loss */
		return;
	faults = faults_of_bug(lab_json_text(bug, "bug"), kind, lab_json_text(bug, "scenario"));
	lab_assert_status(&faults.result, 1);
	assert_complete(&faults);
	finding = only_finding(&faults, strcmp(kind, "sticky") == 0 ? "hung" : kind);
	op = json_array_get(json_object_get(finding, "ops"), 0);
	ck_assert_str_eq(lab_json_text(op, "role"), "failed");
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "sentence"), "where "));
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "replay"), " --only "));
	ck_assert_int_eq(lab_json_bool(finding, "sticky"), strcmp(kind, "sticky") == 0);
	ck_assert_uint_ge(json_array_size(json_object_get(finding, "errors")), 1);
}
END_TEST

/* What a finding says is to be typed makes the same finding, with the same id. */
START_TEST(the_line_of_a_finding_finds_it_again)
{
	struct faults faults = STORE_FAULTS("wal-ignores-write-error", "wal", "--errors=EIO"), again;
	const json_t *finding = only_finding(&faults, "lied");
	const char *line = lab_json_text(finding, "replay");

	ck_assert_int_eq(strncmp(line, "crashinject faults ", 19), 0);
	again = take(LAB_COMMAND("sh", "-c",
				 lab_text("%s faults --json %s", lab_variable("CRASHINJECT"), line + 19)));
	lab_assert_status(&again.result, 1);
	ck_assert_str_eq(lab_json_text(only_finding(&again, "lied"), "id"), lab_json_text(finding, "id"));
	ck_assert_int_eq(lab_json_number(again.summary, "checked", 0), 1);
}
END_TEST

/* It was an all-clear. */
START_TEST(a_checker_that_sees_nothing_has_shown_nothing)
{
	struct faults faults = FAULTS("true", "echo a >f && sync f", "--errors=EIO");

	lab_assert_status(&faults.result, 3);
	ck_assert_msg(strstr(faults.result.out, "the checker sees nothing"), "%s",
		      lab_describe(&faults.result));
	faults = FAULTS("[ ! -s f ] || grep -q a f", "echo a >f && sync f", "--errors=EIO");
	lab_assert_status(&faults.result, 0);
	assert_complete(&faults);
}
END_TEST

/* ------------------------------------------------------------------ and then the power */

START_TEST(no_power_loss_after_a_fault_hurts_a_store_that_is_right)
{
	struct faults faults = STORE_FAULTS(NULL, "wal", "--errors=EIO", "--then-crash=ext4,xfs");
	const json_t *losses = json_object_get(json_object_get(faults.summary, "faults"), "then_crash");

	lab_assert_status(&faults.result, 0);
	assert_complete(&faults);
	ck_assert_int_gt(lab_json_number(losses, "faults", 0), 5);
	ck_assert_int_eq(lab_json_number(losses, "faults", 0), lab_json_number(losses, "explored", -1));
}
END_TEST

START_TEST(a_sync_that_is_tried_again_and_believed_is_found)
{
	struct faults faults = STORE_FAULTS("wal-retries-sync", "wal", "--errors=EIO", "--then-crash=ext4");
	const json_t *finding = only_finding(&faults, "lost");
	json_t *models = json_object_get(finding, "models"), *name;
	bool on_ext4 = false;
	size_t i;

	lab_assert_status(&faults.result, 1);
	assert_complete(&faults);
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "sentence"), "fails with EIO, and power is lost "
									 "later: acknowledged \"ack "));
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "sentence"), "its fsync failed"));
	json_array_foreach(models, i, name)
		on_ext4 = on_ext4 || strcmp(json_string_value(name), "ext4") == 0;
	ck_assert(on_ext4);
	/* without power losses it is not to be seen */
	faults = STORE_FAULTS("wal-retries-sync", "wal", "--errors=EIO");
	lab_assert_status(&faults.result, 0);
}
END_TEST

/* It is one finding, however many faults there are, and has the id that explore gives it. */
START_TEST(what_needs_no_fault_is_said_once)
{
	struct faults faults = STORE_FAULTS("wal-no-sync", "wal", "--errors=EIO", "--then-crash=ext4"),
		      without;
	const json_t *finding = only_finding(&faults, "lost");

	ck_assert_ptr_null(json_object_get(finding, "faults"));
	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	without = take(LAB_CRASHINJECT("explore", "--json", "--model=ext4", "--dir=store", "--check",
				       lab_text("%s verify . \"$CRASH_ACKED\"", lab_variable("HELPER")), "--",
				       lab_variable("HELPER"), "--bug", "wal-no-sync", "--commits", "2",
				       "wal"));
	ck_assert_str_eq(lab_json_text(finding, "id"), lab_json_text(only_finding(&without, "lost"), "id"));
}
END_TEST

START_TEST(power_losses_that_a_budget_leaves_out_are_said)
{
	struct faults faults = STORE_FAULTS(NULL, "wal", "--errors=EIO");
	const char *all = lab_text("--budget=%lld", lab_json_number(faults.summary, "checked", -1));

	lab_assert_status(&faults.result, 0);
	faults = STORE_FAULTS(NULL, "wal", "--errors=EIO", "--then-crash=posix", all);
	lab_assert_status(&faults.result, 3);
	ck_assert_ptr_nonnull(strstr(faults.result.out, "power losses were explored after 0 of "));
}
END_TEST

/* ------------------------------------------------------------------ what else can happen */

START_TEST(what_a_program_does_not_look_at_is_ignored)
{
	struct faults faults = FAULTS("true", "echo data >f; rm f 2>/dev/null || :", "--errors=EIO");
	const json_t *finding = json_array_get(faults.findings, 0);

	lab_assert_status(&faults.result, 1);
	ck_assert_uint_eq(json_array_size(faults.findings), 1);
	ck_assert_str_eq(lab_json_text(finding, "kind"), "ignored");
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "point"), "unlink#1"));
}
END_TEST

/*
 * Nine bytes in pieces of four are three writes, also where the first has written two of them. That was taken
 * for no notice, as the calls are the same.
 */
START_TEST(who_writes_the_rest_with_the_same_calls_has_noticed)
{
	static const char write_all[] = "python3 -c '\n"
					"import os\n"
					"f, at = os.open(\"f\", os.O_CREAT | os.O_WRONLY), 0\n"
					"while at < 9:\n"
					"  n = os.write(f, b\"some data\"[at:at + 4])\n"
					"  at += %s'";
	struct faults faults = FAULTS("cat ./* || :", lab_text(write_all, "n"), "--only=write#1:short=2");

	lab_assert_status(&faults.result, 0);
	ck_assert_int_eq(lab_json_number(faults.summary, "checked", -1), 1);
	faults = FAULTS("cat ./* || :", lab_text(write_all, "4"), "--only=write#1:short=2");
	only_finding(&faults, "ignored");
}
END_TEST

/* The log is written by the recorded run alone, so that what fails later is another write than the recorded
 * one of that number. It is tried again; and what was done one time more was once taken for what the
 * recording has. */
START_TEST(a_call_that_is_tried_again_is_noticed_also_where_the_numbers_have_moved)
{
	struct faults faults =
		FAULTS("cat ./* || :",
		       "if mkdir \"$LAB/once\" 2>/dev/null; then echo log >log; fi; "
		       "for i in 1 2 3 4; do { echo $i >>f; } 2>/dev/null || echo $i >>f; done",
		       "--only=write#2:err=EIO", "--jobs=1");

	ck_assert_uint_eq(json_array_size(faults.findings), 0);
	ck_assert_int_eq(lab_json_number(faults.summary, "checked", -1), 1);
}
END_TEST

/* One that says something, or ends otherwise, has noticed. */
START_TEST(what_a_program_says_is_no_finding)
{
	struct faults faults =
		FAULTS("cat k || :", "echo k >k && echo data >f && rm f", "--errors=EIO,ENOSPC,EMFILE");

	lab_assert_status(&faults.result, 0);
	assert_complete(&faults);
}
END_TEST

/* However a program may end, a signal is not one of its ways. */
START_TEST(a_signal_is_no_way_to_end)
{
	struct faults faults =
		FAULTS("true", "echo data >f || kill -ABRT $$", "--only=write#1:err=EIO", "--exit-ok=any");
	const json_t *finding = only_finding(&faults, "crashed");

	lab_assert_status(&faults.result, 1);
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "sentence"), "signal 6, SIGABRT"));
	/* the shell's own status tells of the program's */
	faults = FAULTS("true", "echo data >f || sh -c 'kill -SEGV $$'", "--only=write#1:err=EIO");
	only_finding(&faults, "crashed");
	/* that is how it ends anyway */
	faults = FAULTS("true", "echo data >f; kill -ABRT $$", "--only=write#1:err=EIO", "--exit-ok=134");
	ck_assert_uint_eq(json_array_size(faults.findings), 0);
}
END_TEST

START_TEST(the_directory_is_left_as_it_was)
{
	struct faults faults = FAULTS("cat ./* || :", "echo data >f && mv f g", "--errors=EIO");

	lab_assert_status(&faults.result, 0);
	ck_assert_int_eq(lab_entries("store"), 0);
}
END_TEST

START_TEST(a_checker_that_refuses_the_run_without_a_fault_ends_it)
{
	struct faults faults = FAULTS("exit 1", "echo data >f");

	lab_assert_status(&faults.result, 125);
	ck_assert_int_eq(lab_json_number(faults.summary, "checked", -1), 0);
}
END_TEST

START_TEST(a_budget_that_is_spent_is_incomplete)
{
	struct faults faults = FAULTS("true", "echo data >f && mv f g", "--budget=2");

	lab_assert_status(&faults.result, 3);
	ck_assert_int_eq(lab_json_number(faults.summary, "checked", -1), 2);
	ck_assert_ptr_nonnull(strstr(faults.result.out, "faults were not tried"));
	/* already after the recording */
	faults = FAULTS("true", "echo data >f && mv f g", "--budget=1us");
	lab_assert_status(&faults.result, 3);
	ck_assert_int_eq(lab_json_number(faults.summary, "checked", -1), 0);
	ck_assert_ptr_nonnull(strstr(faults.result.out, "faults were not tried"));
}
END_TEST

/* Of each call site one comes before the second of any. */
START_TEST(representatives_of_all_call_sites_come_first)
{
	struct faults faults = FAULTS("true", "for i in 1 2 3 4 5 6 7 8; do echo $i >>f; done; mv f g",
				      "--errors=EIO", "--budget=4", "--jobs=1");
	const json_t *numbers = json_object_get(faults.summary, "faults");

	lab_assert_status(&faults.result, 3);
	ck_assert_int_eq(lab_json_number(numbers, "seen", -1), lab_json_number(numbers, "classes", -2));
}
END_TEST

START_TEST(a_program_that_does_nothing_is_incomplete)
{
	struct faults faults = FAULTS("true", "true");

	lab_assert_status(&faults.result, 3);
}
END_TEST

START_TEST(an_op_that_no_run_comes_to_is_said)
{
	struct faults faults = FAULTS("true", "echo a >a && if mkdir ../once 2>/dev/null; then echo b >b; fi",
				      "--errors=EIO");

	lab_assert_status(&faults.result, 3);
	ck_assert_ptr_nonnull(strstr(faults.result.out, "never came to the op that was to fail"));
}
END_TEST

START_TEST(a_failure_that_does_not_come_again_is_no_finding_and_no_all_clear)
{
	struct faults faults = FAULTS("test -z \"$CRASH_POINT\" || ! mkdir \"$LAB/once\" 2>/dev/null",
				      "echo a >a && mv a b", "--errors=EIO", "--jobs=1");

	lab_assert_status(&faults.result, 3);
	ck_assert_uint_eq(json_array_size(faults.findings), 0);
	ck_assert_ptr_nonnull(strstr(
		faults.result.out, "1 faults led to a failure once and to none when they were tried again"));
}
END_TEST

/* The second file is not written any more once power losses are explored. */
START_TEST(power_losses_of_a_run_that_goes_another_way_are_said)
{
	struct faults faults = FAULTS("true",
				      "n=$(wc -c <\"$LAB/n\" 2>/dev/null || echo 0); printf x >>\"$LAB/n\"; "
				      "echo a >a; if [ $n -lt 6 ]; then echo b >b; fi; exit 0",
				      "--errors=EROFS", "--jobs=1", "--then-crash=posix");

	lab_assert_status(&faults.result, 3);
	ck_assert_msg(strstr(faults.result.out, "power losses were not explored after"), "%s",
		      lab_describe(&faults.result));
}
END_TEST

START_TEST(what_a_run_with_a_fault_has_missed_is_said)
{
	struct faults faults = FAULTS("true", "echo a >a || dd if=/dev/zero bs=1M count=4 2>/dev/null",
				      "--errors=EIO", "--max-trace=1M", "--then-crash=ext4");

	lab_assert_status(&faults.result, 3);
	ck_assert_ptr_nonnull(strstr(faults.result.out, "in runs with a fault: trace-limit"));
	ck_assert_ptr_nonnull(strstr(faults.result.out, "of power losses after a fault: trace-limit"));
}
END_TEST

START_TEST(a_fault_that_is_none_of_the_run_is_refused)
{
	struct lab_result result;

	ck_assert_int_eq(mkdir("store", 0755), 0);
	result = LAB_CRASHINJECT("faults", "--dir=store", "--check=true", "--only", "write#9:err=EIO", "--",
				 "sh", "-c", "echo data >store/f");
	lab_assert_status(&result, 125);
	ck_assert_ptr_nonnull(strstr(result.err, "--only write#9:err=EIO"));
	result = LAB_CRASHINJECT("faults", "--dir=store", "--check=true", "--errors=ENOSPCE", "--", "true");
	lab_assert_status(&result, 125);
	ck_assert_ptr_nonnull(strstr(result.err, "did you mean ENOSPC"));
}
END_TEST

/* A run that goes another way is found by its call site, and says so: a file is written first every other
 * time. */
START_TEST(a_run_that_goes_another_way_is_found_by_its_call_site)
{
	struct faults faults =
		FAULTS("test ! -e store",
		       "n=$(cat ../n 2>/dev/null || echo 0); echo $((n + 1)) >../n; "
		       "if [ $((n % 2)) = 0 ]; then echo a >a; echo b >b; else echo b >b; echo a >a; fi; "
		       "exit 0",
		       "--errors=EIO", "--jobs=1", "--exit-ok=any");
	const json_t *numbers = json_object_get(faults.summary, "faults");

	ck_assert_int_gt(lab_json_number(numbers, "strayed", -1), 0);
	ck_assert_int_eq(lab_json_number(numbers, "not_met", -1), 0);
}
END_TEST

/* A sweep that a budget has ended goes on to the result that it would have had. */
START_TEST(a_sweep_that_was_ended_goes_on)
{
	struct faults whole = STORE_FAULTS("wal-ignores-write-error", "wal", "--errors=EIO,ENOSPC"),
		      part = STORE_FAULTS("wal-ignores-write-error", "wal", "--errors=EIO,ENOSPC",
					  "--budget=3", "--output=result"),
		      rest;

	lab_assert_status(&part.result, lab_json_number(part.summary, "failed", 0) ? 1 : 3);
	ck_assert(!lab_json_bool(part.summary, "complete"));
	rest = take(LAB_CRASHINJECT("faults", "--json", "--resume=result"));
	lab_assert_status(&rest.result, 1);
	assert_complete(&rest);
	ck_assert_int_eq(lab_json_number(rest.summary, "known_before", 0), 3);
	ck_assert_int_eq(lab_json_number(rest.summary, "failed", 0),
			 lab_json_number(whole.summary, "failed", -1));
	ck_assert_str_eq(lab_json_text(only_finding(&rest, "lied"), "sentence"),
			 lab_json_text(only_finding(&whole, "lied"), "sentence"));
}
END_TEST

/* The runner is killed as soon as a file of the result has so many lines. */
#define KILL_AT(file, lines, command)                                                                        \
	lab_text("%s & pid=$!; until [ \"$(wc -l 2>/dev/null <result/%s || echo 0)\" -ge %d ]; do "          \
		 "kill -0 $pid || exit 1; sleep 0.002; done; kill -KILL $pid; wait $pid; [ $? = 137 ]",      \
		 command, file, lines)

#define SWEEP(output)                                                                                        \
	lab_text("%s faults -q --json --dir=store --jobs=1 --errors=EIO --then-crash=ext4 --output=%s "      \
		 "--check "                                                                                  \
		 "'echo x >>%s/checks; %s verify . \"$CRASH_ACKED\"' -- %s --bug wal-retries-sync "          \
		 "--commits 2 "                                                                              \
		 "wal",                                                                                      \
		 lab_variable("CRASHINJECT"), output, lab_dir, lab_variable("HELPER"),                       \
		 lab_variable("HELPER"))

/* How often the checker ran. */
static long count_checks(void)
{
	const char *text = lab_read("checks", NULL);
	long count = text ? (long)strlen(text) / 2 : 0;

	unlink("checks");
	return count;
}

static const struct {
	const char *file;
	int lines;
} kills[] = {{"outcomes", 4}, {"losses", 3}, {"losses", 9}, {"verdicts", 30}, {"verdicts", 60}};

/* At each of these moments; and nothing but what was going on is done again. */
START_TEST(a_sweep_that_was_killed_goes_on)
{
	struct lab_result whole, result;
	long all, before, after;

	ck_assert_int_eq(mkdir("store", 0755), 0);
	whole = LAB_COMMAND("sh", "-c", SWEEP("whole"));
	lab_assert_status(&whole, 1);
	all = count_checks();
	result = LAB_COMMAND("sh", "-c", KILL_AT(kills[_i].file, kills[_i].lines, SWEEP("result")));
	lab_assert_status(&result, 0);
	before = count_checks();
	ck_assert_int_lt(before, all);
	result = LAB_CRASHINJECT("faults", "-q", "--json", "--resume=result");
	lab_assert_status(&result, 1);
	ck_assert_str_eq(result.err, "");
	after = count_checks();
	ck_assert_msg(before + after <= all + 10, "%ld checks, then %ld, and %ld at once", before, after,
		      all);
	ck_assert_str_eq(json_dumps(lab_essence_of_lines(result.out), JSON_SORT_KEYS | JSON_INDENT(1)),
			 json_dumps(lab_essence_of_lines(whole.out), JSON_SORT_KEYS | JSON_INDENT(1)));
}
END_TEST

/* What is done to the outcomes of a whole sweep; how many are believed afterwards, of 13; and whether that is
 * said. */
static const struct {
	const char *script;
	int believed;
	bool said;
} damages[] = {
	/* an outcome that says something else */
	{"sed -i '4s/passed/lied/' result/outcomes", 2, true},
	/* one that is another fault's */
	{"sed -i '4s/err=/err=E/' result/outcomes", 2, true},
	{"sed -i '4s/.$/g/' result/outcomes", 2, true},
	/* the writer was killed in the middle of a line */
	{"truncate -s -5 result/outcomes", 12, false},
	/* and a line behind half of one */
	{"head -c -5 result/outcomes >o && tail -n 1 result/outcomes >>o && mv o result/outcomes", 12, true},
	{"printf 'crashinject-out' >result/outcomes", 0, false},
	{": >result/outcomes", 0, false},
};

START_TEST(a_damaged_line_is_no_outcome)
{
	struct faults whole = STORE_FAULTS("wal-ignores-write-error", "wal", "--errors=EIO",
					   "--output=result"),
		      rest;

	lab_assert_status(&whole.result, 1);
	ck_assert_int_eq(LAB_COMMAND("sh", "-c", damages[_i].script).status, 0);
	rest = take(LAB_CRASHINJECT("faults", "--json", "--resume=result"));
	lab_assert_status(&rest.result, 1);
	ck_assert_int_eq(lab_json_number(rest.summary, "known_before", -1), damages[_i].believed);
	ck_assert_msg(!strstr(rest.result.err, "result/outcomes from line ") == !damages[_i].said, "%s",
		      lab_describe(&rest.result));
	ck_assert_str_eq(json_dumps(lab_essence_of_lines(rest.result.out), JSON_SORT_KEYS),
			 json_dumps(lab_essence_of_lines(whole.result.out), JSON_SORT_KEYS));
}
END_TEST

/* Outcomes of a tree that somebody has changed meanwhile are nobody's. */
START_TEST(outcomes_of_a_tree_that_was_changed_are_not_kept)
{
	struct faults faults =
		FAULTS("cat ./* || :", "echo a >a && mv a b", "--errors=EIO", "--output=result");

	lab_assert_status(&faults.result, 0);
	lab_remove("result");
	ck_assert_int_eq(mkdir("other", 0755), 0);
	lab_write("check.sh", "#!/bin/sh\ncat ./* || :; echo '#' >>$0\n", 38);
	ck_assert_int_eq(chmod("check.sh", 0755), 0);
	faults = FAULTS(lab_text("%s/check.sh", lab_dir), "echo a >a && mv a b", "--errors=EIO",
			"--output=result");
	lab_assert_status(&faults.result, 3);
	ck_assert_ptr_null(strstr(lab_read("result/outcomes", NULL), "passed"));
}
END_TEST

/* Outcomes of another checker do not count. */
START_TEST(a_sweep_with_another_checker_does_not_go_on)
{
	struct lab_result result;
	struct faults faults;
	const char *check = "#!/bin/sh\ncat ./* || :\n";

	lab_write("check.sh", check, strlen(check));
	ck_assert_int_eq(chmod("check.sh", 0755), 0);
	faults = FAULTS(lab_text("%s/check.sh", lab_dir), "echo a >a && mv a b", "--errors=EIO",
			"--output=result");
	lab_assert_status(&faults.result, 0);
	lab_write("check.sh", "#!/bin/sh\ncat ./*; exit 1\n", strlen("#!/bin/sh\ncat ./*; exit 1\n"));
	result = LAB_CRASHINJECT("faults", "--resume=result");
	lab_assert_status(&result, 125);
	ck_assert_ptr_nonnull(
		strstr(result.err, "the program, the checker or the data directory is not what"));
}
END_TEST

/* The ops are the same; what comes of a failure need not be. */
START_TEST(a_sweep_of_another_program_or_tree_does_not_go_on)
{
	static const char *const changed[] = {"store.sh", "store/old"};
	const char *script = "cd store && echo a >a && mv a b\n";
	struct lab_result result;

	for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
		ck_assert_int_ne(system("rm -rf store result && mkdir store"), -1);
		lab_write("store/old", "one", 3);
		lab_write("store.sh", script, strlen(script));
		result = LAB_CRASHINJECT("faults", "--root=store", "--check", "cat ./*", "--errors=EIO",
					 "--output=result", "--", "sh", "./store.sh");
		lab_assert_status(&result, 0);
		result = LAB_CRASHINJECT("faults", "--resume=result");
		lab_assert_status(&result, 0);
		ck_assert_int_ne(system(lab_text("printf '#' >>%s", changed[i])), -1);
		result = LAB_CRASHINJECT("faults", "--resume=result");
		lab_assert_status(&result, 125);
		ck_assert_ptr_nonnull(strstr(result.err, "is not what it was"));
	}
}
END_TEST

START_TEST(outcomes_that_cannot_be_written_are_said)
{
	const char *mount = "mount -t tmpfs -o size=16k none result";
	struct lab_result result;

	ck_assert_int_eq(mkdir("store", 0755), 0);
	ck_assert_int_eq(mkdir("result", 0755), 0);
	if (LAB_COMMAND("unshare", "-m", "sh", "-c", mount).status != 0)
		LAB_SKIP("nothing can be mounted here");
	result = LAB_COMMAND(
		"unshare", "-m", "sh", "-c",
		lab_text("%s && exec %s faults --dir=store --check=true --output=result -- "
			 "sh -c 'cd store; for i in a b c d e f g h; do echo $i >$i || exit; done'",
			 mount, lab_variable("CRASHINJECT")));
	ck_assert_int_ne(result.status, 0);
	ck_assert_msg(strstr(result.out, "not all outcomes could be written"), "%s", lab_describe(&result));
}
END_TEST

START_TEST(shards_say_together_what_one_sweep_says)
{
	struct faults whole = STORE_FAULTS("wal-ignores-write-error", "wal"), merged;

	STORE_FAULTS("wal-ignores-write-error", "wal", "--shard=1/2", "--output=one");
	STORE_FAULTS("wal-ignores-write-error", "wal", "--shard=2/2", "--output=two");
	merged = take(LAB_CRASHINJECT("report", "--json", "one", "two"));
	lab_assert_status(&merged.result, 1);
	assert_complete(&merged);
	ck_assert_int_eq(lab_json_number(merged.summary, "checked", 0),
			 lab_json_number(whole.summary, "checked", -1));
	ck_assert_int_eq(lab_json_number(only_finding(&merged, "lied"), "states", 0),
			 lab_json_number(only_finding(&whole, "lied"), "states", -1));
	merged = take(LAB_CRASHINJECT("report", "--json", "one"));
	ck_assert(!lab_json_bool(merged.summary, "complete"));
	ck_assert_ptr_nonnull(strstr(merged.result.out, "the result of shard 2 of 2 is missing"));
}
END_TEST

START_TEST(every_report_has_it)
{
	static const char *const files[] = {"r.xml", "r.html", "r.sarif", "r.md"};
	struct faults faults = STORE_FAULTS("wal-ignores-write-error", "wal", "--errors=EIO", "--junit=r.xml",
					    "--html=r.html", "--sarif=r.sarif", "--markdown=r.md");
	const char *id = lab_json_text(only_finding(&faults, "lied"), "id");

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const char *text = lab_read(files[i], NULL);

		ck_assert_msg(text && strstr(text, id) && strstr(text, "acknowledged data is lost"), "%s: %s",
			      files[i], text ? text : "(none)");
	}
	lab_write("accepted", id, strlen(id));
	faults = STORE_FAULTS("wal-ignores-write-error", "wal", "--errors=EIO", "--baseline=accepted");
	lab_assert_status(&faults.result, 0);
}
END_TEST

/* That the checker sees nothing, or not all, is worth as much as a finding, wherever somebody reads. */
START_TEST(every_report_says_what_the_checker_does_not_see)
{
	static const char *const files[] = {"r.xml", "r.html", "r.sarif", "r.md"};
	struct lab_result result;

	for (int part = 0; part < 2; part++) {
		const char *said = part ? "the checker does not look at what is in the files" :
					  "the checker sees nothing: ";

		lab_remove("store");
		ck_assert_int_eq(mkdir("store", 0755), 0);
		result = LAB_CRASHINJECT("faults", "--dir=store", "--errors=EIO", "--junit=r.xml",
					 "--html=r.html", "--sarif=r.sarif", "--markdown=r.md", "--github",
					 "--check", part ? "cat f >/dev/null 2>&1 || :" : "true", "--", "sh",
					 "-c", "echo a >store/f && sync store/f");
		lab_assert_status(&result, part ? 0 : 3);
		for (size_t i = 0; i < sizeof files / sizeof *files; i++)
			ck_assert_msg(strstr(lab_read(files[i], NULL), said), "%s: %s", files[i],
				      lab_read(files[i], NULL));
		ck_assert_msg(strstr(result.out, said), "%s", lab_describe(&result));
		ck_assert_msg(strstr(strstr(result.out, "::warning title"), said), "%s",
			      lab_describe(&result));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("faults");
	TCase *right = lab_case(suite, "right", 300), *wrong = lab_case(suite, "wrong", 300),
	      *power = lab_case(suite, "power", 300), *ends = lab_case(suite, "ends", 120),
	      *kept = lab_case(suite, "kept", 300);

	tcase_add_loop_test(right, no_fault_hurts_a_store_that_is_right, 0,
			    (int)(sizeof scenarios / sizeof *scenarios));
	tcase_add_loop_test(wrong, a_planted_bug_is_found_and_named, 0, BUGS);
	tcase_add_test(wrong, the_line_of_a_finding_finds_it_again);
	tcase_add_test(power, no_power_loss_after_a_fault_hurts_a_store_that_is_right);
	tcase_add_test(power, a_sync_that_is_tried_again_and_believed_is_found);
	tcase_add_test(power, a_checker_that_sees_nothing_has_shown_nothing);
	tcase_add_test(power, what_needs_no_fault_is_said_once);
	tcase_add_test(power, power_losses_that_a_budget_leaves_out_are_said);
	tcase_add_test(ends, what_a_program_does_not_look_at_is_ignored);
	tcase_add_test(ends, who_writes_the_rest_with_the_same_calls_has_noticed);
	tcase_add_test(ends, what_a_program_says_is_no_finding);
	tcase_add_test(ends, a_call_that_is_tried_again_is_noticed_also_where_the_numbers_have_moved);
	tcase_add_test(ends, a_signal_is_no_way_to_end);
	tcase_add_test(ends, the_directory_is_left_as_it_was);
	tcase_add_test(ends, a_checker_that_refuses_the_run_without_a_fault_ends_it);
	tcase_add_test(ends, a_budget_that_is_spent_is_incomplete);
	tcase_add_test(ends, representatives_of_all_call_sites_come_first);
	tcase_add_test(ends, a_program_that_does_nothing_is_incomplete);
	tcase_add_test(ends, an_op_that_no_run_comes_to_is_said);
	tcase_add_test(ends, a_failure_that_does_not_come_again_is_no_finding_and_no_all_clear);
	tcase_add_test(power, power_losses_of_a_run_that_goes_another_way_are_said);
	tcase_add_test(ends, what_a_run_with_a_fault_has_missed_is_said);
	tcase_add_test(ends, a_fault_that_is_none_of_the_run_is_refused);
	tcase_add_test(ends, a_run_that_goes_another_way_is_found_by_its_call_site);
	tcase_add_test(ends, a_sweep_that_was_ended_goes_on);
	tcase_add_loop_test(kept, a_sweep_that_was_killed_goes_on, 0, (int)(sizeof kills / sizeof *kills));
	tcase_add_loop_test(kept, a_damaged_line_is_no_outcome, 0, (int)(sizeof damages / sizeof *damages));
	tcase_add_test(kept, outcomes_of_a_tree_that_was_changed_are_not_kept);
	tcase_add_test(ends, a_sweep_with_another_checker_does_not_go_on);
	tcase_add_test(ends, a_sweep_of_another_program_or_tree_does_not_go_on);
	tcase_add_test(ends, outcomes_that_cannot_be_written_are_said);
	tcase_add_test(ends, shards_say_together_what_one_sweep_says);
	tcase_add_test(ends, every_report_has_it);
	tcase_add_test(ends, every_report_says_what_the_checker_does_not_see);
	return lab_run(suite);
}
