/* SPDX-License-Identifier: MIT */
/*
 * check_memory_faults.c - sweeps in which memory is not there: what a program does then is found and named,
 * and programs that are right are found to be.
 *
 * Method: tests/programs/allocates is a store that asks for memory for each record, and has a way to do
 * without for each kind of outcome.
 */
#include "tests/run/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct sweep {
	struct lab_result result;
	json_t *findings, *summary, *faults;
};

/* Whole records, and as many as were said to be saved. */
static const char check[] = "[ -e log ] || exit 0\n"
			    "grep -v '^record [0-9]*$' log && exit 1\n"
			    "[ $(wc -l <log) -ge $(grep -c ^saved \"$CRASH_ACKED\") ] || exit 2\n";

static struct sweep sweep(const char *program, const char *arguments, const char *const *options)
{
	const char *argv[40] = {
		lab_variable("CRASHINJECT"), "faults", "--json", "--dir=store", "--check", check};
	size_t count = 6, i;
	struct sweep sweep = {.findings = json_array()};
	json_t *lines, *line;

	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	while (*options)
		argv[count++] = *options++;
	argv[count++] = "--";
	if (strcmp(program, "sh -c") == 0) {
		argv[count++] = "sh";
		argv[count++] = "-c";
		argv[count++] = arguments;
	} else {
		argv[count++] = lab_program(program);
		for (char *word = strtok(lab_text("%s", arguments), " "); word; word = strtok(NULL, " "))
			argv[count++] = word;
	}
	sweep.result = lab_command(NULL, argv);
	lines = lab_json_lines(sweep.result.out);
	json_array_foreach(lines, i, line) {
		if (json_object_get(line, "finding"))
			json_array_append(sweep.findings, json_object_get(line, "finding"));
		if (json_object_get(line, "summary"))
			sweep.summary = json_object_get(line, "summary");
	}
	ck_assert_msg(sweep.summary != NULL, "%s", lab_describe(&sweep.result));
	sweep.faults = json_object_get(sweep.summary, "faults");
	return sweep;
}

#define SWEEP(arguments, ...)                                                                                \
	sweep("allocates", arguments,                                                                        \
	      (const char *const[]){"--errors=ENOMEM", "--exhaustive" __VA_OPT__(, ) __VA_ARGS__, NULL})

static const json_t *only_finding(const struct sweep *sweep, const char *kind)
{
	const json_t *finding = json_array_get(sweep->findings, 0);

	ck_assert_msg(json_array_size(sweep->findings) == 1, "%s", lab_describe(&sweep->result));
	ck_assert_str_eq(lab_json_text(finding, "kind"), kind);
	return finding;
}

/* ------------------------------------------------------------------ what is found */

static const struct {
	const char *way, *kind, *function;
} bugs[] = {
	{"unchecked", "crashed", "new_record"},	   {"lies", "lied", "new_record"},
	{"damages", "inconsistent", "new_record"}, {"freed-twice", "crashed", "new_record"},
	{"child-aborts", "crashed", "new_record"}, {"waits", "hung", "new_record"},
};

START_TEST(a_planted_bug_is_found_and_named)
{
	bool waits = strcmp(bugs[_i].kind, "hung") == 0;
	struct sweep found = SWEEP(lab_text("store %s 2", bugs[_i].way), waits ? "--timeout=5s" : "--sticky");
	const json_t *finding = only_finding(&found, bugs[_i].kind), *op;

	lab_assert_status(&found.result, 1);
	ck_assert_msg(lab_json_bool(found.summary, "complete"), "%s", lab_describe(&found.result));
	op = json_array_get(json_object_get(finding, "ops"), 0);
	ck_assert_ptr_nonnull(strstr(lab_json_text(op, "op"), "malloc() of 100 bytes"));
	ck_assert_msg(strstr(lab_json_text(op, "op"), bugs[_i].function) != NULL, "%s",
		      lab_text("%s", lab_json_text(op, "op")));
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "sentence"), "fails with ENOMEM"));
	ck_assert_ptr_nonnull(strstr(lab_json_text(finding, "replay"), " --only 'alloc#"));
}
END_TEST

static const char *const right[] = {"careful", "tries-again", "without"};

START_TEST(a_store_that_is_right_is_found_to_be)
{
	struct sweep found = SWEEP(lab_text("store %s 3", right[_i]));

	lab_assert_status(&found.result, 0);
	ck_assert_msg(lab_json_bool(found.summary, "complete"), "%s", lab_describe(&found.result));
	ck_assert_int_ge(lab_json_number(found.summary, "checked", 0), 3);
	ck_assert_int_eq(lab_json_number(found.faults, "aborted", -1), 0);
	ck_assert_int_eq(lab_json_number(found.faults, "strayed", -1), 0);
}
END_TEST

/* What is not looked at is no finding if the work is done; but where it stays so, it is. */
START_TEST(what_stays_is_told_from_what_happens_once)
{
	struct sweep found = SWEEP("store tries-again 2", "--sticky", "--timeout=5s");
	const json_t *finding;
	size_t i;

	/* from each allocation on, of which printing makes some */
	ck_assert_uint_ge(json_array_size(found.findings), 1);
	json_array_foreach(found.findings, i, finding) {
		ck_assert_str_eq(lab_json_text(finding, "kind"), "hung");
		ck_assert(lab_json_bool(finding, "sticky"));
	}
	found = SWEEP("store careful 2", "--sticky");
	lab_assert_status(&found.result, 0);
}
END_TEST

/* ------------------------------------------------------------------ giving up */

/* By abort() of its own many a program gives up: what it leaves is right, so it is counted and no finding. */
START_TEST(who_gives_up_on_purpose_has_not_crashed)
{
	static const char *const ways[] = {"aborts", "asserts"};
	struct sweep found = SWEEP(lab_text("store %s 2", ways[_i]));

	lab_assert_status(&found.result, 0);
	ck_assert_int_eq(lab_json_number(found.faults, "aborted", -1), 2);
}
END_TEST

START_TEST(a_new_that_nobody_catches_is_giving_up)
{
	struct sweep found =
		sweep("allocates_cxx", "", (const char *const[]){"--errors=ENOMEM", "--exhaustive", NULL});

	lab_assert_status(&found.result, 3); /* the store has no file */
	ck_assert_uint_eq(json_array_size(found.findings), 0);
	ck_assert_int_ge(lab_json_number(found.faults, "aborted", -1), 1);
	found = sweep("allocates_cxx", "catches",
		      (const char *const[]){"--errors=ENOMEM", "--exhaustive", NULL});
	ck_assert_uint_eq(json_array_size(found.findings), 0);
	ck_assert_int_eq(lab_json_number(found.faults, "aborted", -1), 0);
}
END_TEST

/* ------------------------------------------------------------------ what is tried */

START_TEST(of_each_call_site_some_are_tried_and_the_rest_is_counted)
{
	struct sweep all = SWEEP("store careful 40"),
		     some = sweep("allocates", "store careful 40",
				  (const char *const[]){"--errors=ENOMEM", NULL});
	long long left_out = lab_json_number(some.faults, "left_out", -1);

	lab_assert_status(&all.result, 0);
	lab_assert_status(&some.result, 3);
	/* the first eight, the 16th and the 32nd */
	ck_assert_int_ge(left_out, 30);
	ck_assert_int_eq(lab_json_number(all.summary, "checked", 0),
			 lab_json_number(some.summary, "checked", 0) + left_out);
	ck_assert_ptr_nonnull(strstr(some.result.out, "allocations were left out"));
}
END_TEST

START_TEST(without_being_asked_for_memory_does_not_fail)
{
	struct sweep found =
		sweep("allocates", "store unchecked 2", (const char *const[]){"--errors=EIO", NULL});

	lab_assert_status(&found.result, 0);
	found = sweep("allocates", "store unchecked 2", (const char *const[]){"--budget=2", NULL});
	ck_assert_ptr_null(strstr(found.result.out, "ENOMEM"));
}
END_TEST

START_TEST(a_finding_is_seen_again_by_its_line)
{
	struct sweep found = SWEEP("store unchecked 20", "--budget=60");
	const json_t *finding = only_finding(&found, "crashed");
	const char *line = lab_json_text(finding, "replay");
	struct lab_result again = LAB_COMMAND(
		"sh", "-c", lab_text("%s faults --json %s", lab_variable("CRASHINJECT"), line + 19));

	lab_assert_status(&again, 1);
	ck_assert_ptr_nonnull(strstr(again.out, lab_json_text(finding, "id")));
}
END_TEST

/* By its call site, however many allocations came before. */
START_TEST(a_run_that_goes_another_way_is_found_by_its_call_site)
{
	struct sweep found;

	/* each run makes one more before */
	lab_write("runs", "", 0);
	setenv("LAB", lab_dir, 1);
	found = sweep(
		"sh -c",
		lab_text(
			"for r in $(cat $LAB/runs); do x=$(cat /dev/null); done; echo 1 >>$LAB/runs; exec %s "
			"store unchecked 1",
			lab_program("allocates")),
		(const char *const[]){"--errors=ENOMEM", "--jobs=1", NULL});
	ck_assert_int_gt(lab_json_number(found.faults, "strayed", 0), 0);
	ck_assert_msg(json_array_size(found.findings) >= 1, "%s", lab_describe(&found.result));
}
END_TEST

START_TEST(what_cannot_be_seen_is_no_all_clear)
{
	static const char *const unseen[] = {"allocates_static", "allocates_own"};
	struct sweep found = sweep(unseen[_i], "store careful 2",
				   (const char *const[]){"--errors=ENOMEM", "--exhaustive", NULL});

	lab_assert_status(&found.result, 3);
	ck_assert_ptr_nonnull(strstr(found.result.out, "allocations of a program were not seen"));
}
END_TEST

START_TEST(places_that_cannot_be_told_apart_are_said)
{
	struct sweep found = sweep("allocates", "words places",
				   (const char *const[]){"--errors=ENOMEM", "--budget=1", NULL});

	lab_assert_status(&found.result, 3);
	ck_assert_ptr_nonnull(strstr(found.result.out, "allocation-sites"));
	ck_assert_int_gt(lab_json_number(found.faults, "left_out", 0), 1000);
}
END_TEST

START_TEST(power_is_lost_after_it_too)
{
	struct sweep found = SWEEP("store careful 1", "--then-crash=posix");
	const json_t *losses = json_object_get(found.faults, "then_crash");

	ck_assert_int_gt(lab_json_number(losses, "explored", 0), 0);
	ck_assert_int_eq(lab_json_number(losses, "explored", 0), lab_json_number(losses, "faults", -1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory_faults");
	TCase *found = lab_case(suite, "found", 120), *right_ones = lab_case(suite, "right", 120),
	      *tried = lab_case(suite, "tried", 120);

	tcase_add_loop_test(found, a_planted_bug_is_found_and_named, 0, (int)(sizeof bugs / sizeof *bugs));
	tcase_add_test(found, what_stays_is_told_from_what_happens_once);
	tcase_add_test(found, a_finding_is_seen_again_by_its_line);
	tcase_add_test(found, a_run_that_goes_another_way_is_found_by_its_call_site);
	tcase_add_loop_test(right_ones, a_store_that_is_right_is_found_to_be, 0,
			    (int)(sizeof right / sizeof *right));
	tcase_add_loop_test(right_ones, who_gives_up_on_purpose_has_not_crashed, 0, 2);
	tcase_add_test(right_ones, a_new_that_nobody_catches_is_giving_up);
	tcase_add_test(tried, of_each_call_site_some_are_tried_and_the_rest_is_counted);
	tcase_add_test(tried, without_being_asked_for_memory_does_not_fail);
	tcase_add_loop_test(tried, what_cannot_be_seen_is_no_all_clear, 0, 2);
	tcase_add_test(tried, places_that_cannot_be_told_apart_are_said);
	tcase_add_test(tried, power_is_lost_after_it_too);
	return lab_run(suite);
}
