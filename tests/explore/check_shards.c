/* SPDX-License-Identifier: MIT */
/*
 * check_shards.c - which states are this machine's, by the option or as job arrays say it, and what the parts
 * come to.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/explore/saver_store.h"

START_TEST(shards_merge_to_the_whole)
{
	struct lab_result result;
	long long checked = 0;

	saver_store();
	for (int shard = 1; shard <= 3; shard++) {
		result = SAVER_EXPLORE("no-sync", "--json", "--model", "posix", "--shard",
				       lab_text("%d/3", shard), "--output", lab_text("part-%d", shard));
		checked += lab_json_number(saver_summary(saver_lines(&result)), "other_shards", -1);
		ck_assert(!lab_json_bool(saver_summary(saver_lines(&result)), "complete"));
	}
	ck_assert_int_gt(checked, 0);
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	ck_assert_msg(strstr(result.out, "shard 3 of 3 is missing"), "%s", result.out);
	result = LAB_CRASHINJECT("report", "--json", "part-1", "part-2", "part-3");
	lab_assert_status(&result, 1);
	ck_assert_int_eq(json_array_size(saver_lines(&result)), 2);
	ck_assert(lab_json_bool(saver_summary(saver_lines(&result)), "complete"));
}
END_TEST

/* The second of two, as schedulers say it, and one that cannot be. */
static const struct {
	const char *variables[6]; /* name, value, ... */
	const char *wrong;	  /* a value of the first one */
	bool asked;		  /* only with --shard env */
} job_arrays[] = {
	{{"SLURM_ARRAY_TASK_ID", "8", "SLURM_ARRAY_TASK_COUNT", "2", "SLURM_ARRAY_TASK_MIN", "7"},
	 "9",
	 false},
	{{"JOB_COMPLETION_INDEX", "1", "JOB_COMPLETIONS", "2"}, "2", false},
	{{"TEST_SHARD_INDEX", "1", "TEST_TOTAL_SHARDS", "2"}, "2", false},
	{{"CI_NODE_INDEX", "2", "CI_NODE_TOTAL", "2"}, "0", true},
	{{"BUILDKITE_PARALLEL_JOB", "1", "BUILDKITE_PARALLEL_JOB_COUNT", "2"}, "2", true},
	{{"CIRCLE_NODE_INDEX", "1", "CIRCLE_NODE_TOTAL", "2"}, "2", true},
};

START_TEST(job_arrays_are_shards)
{
	const char *const *variables = job_arrays[_i].variables;
	struct lab_result result;
	long long elsewhere;

	saver_store();
	for (int i = 0; i < 6 && variables[i]; i += 2)
		setenv(variables[i], variables[i + 1], 1);
	result = SAVER_EXPLORE("good", "--json", "--model", "posix", "--shard", "env");
	elsewhere = lab_json_number(saver_summary(saver_lines(&result)), "other_shards", -1);
	ck_assert_int_gt(elsewhere, 0);
	result = SAVER_EXPLORE("good", "--json", "--model", "posix", "--shard", "2/2");
	ck_assert_int_eq(lab_json_number(saver_summary(saver_lines(&result)), "other_shards", -1), elsewhere);
	result = SAVER_EXPLORE("good", "--json", "--model", "posix");
	ck_assert_int_eq(lab_json_number(saver_summary(saver_lines(&result)), "other_shards", -1),
			 job_arrays[_i].asked ? 0 : elsewhere);
	setenv(variables[0], job_arrays[_i].wrong, 1);
	result = SAVER_EXPLORE("good", "--shard", "env");
	lab_assert_status(&result, 125);
	ck_assert_ptr_nonnull(
		strstr(result.err, lab_text("%s=%s is not one of ", variables[0], job_arrays[_i].wrong)));
}
END_TEST

/* A part of the states cannot tell that a finding is gone. */
START_TEST(findings_are_looked_for_in_all_states)
{
	struct lab_result result;
	const char *id;

	saver_store();
	result = SAVER_EXPLORE("no-sync", "--json", "--model", "xfs");
	id = lab_json_text(saver_finding(saver_lines(&result), 0), "id");
	setenv("JOB_COMPLETIONS", "4", 1);
	for (int i = 0; i < 4; i++) {
		setenv("JOB_COMPLETION_INDEX", lab_text("%d", i), 1);
		result = SAVER_EXPLORE("no-sync", "--model", "xfs", "--finding", id);
		lab_assert_status(&result, 1);
	}
}
END_TEST

/* --array=1-5:2 */
START_TEST(steps_of_job_arrays_are_counted)
{
	struct lab_result result;

	saver_store();
	setenv("SLURM_ARRAY_TASK_COUNT", "3", 1);
	setenv("SLURM_ARRAY_TASK_MIN", "1", 1);
	setenv("SLURM_ARRAY_TASK_STEP", "2", 1);
	setenv("SLURM_ARRAY_TASK_ID", "5", 1);
	result = SAVER_EXPLORE("good", "-o", "part", "--model", "posix");
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("report", "part");
	ck_assert_msg(strstr(result.out, "shard 1 of 3 is missing") != NULL, "%s", result.out);
	ck_assert_msg(strstr(result.out, "shard 3 of 3 is missing") == NULL, "%s", result.out);
	setenv("SLURM_ARRAY_TASK_ID", "4", 1);
	result = SAVER_EXPLORE("good");
	lab_assert_status(&result, 125);
}
END_TEST

START_TEST(bazel_is_told_that_shards_are_known)
{
	struct lab_result result;

	saver_store();
	setenv("TEST_SHARD_STATUS_FILE", lab_text("%s/status", lab_dir), 1);
	result = SAVER_EXPLORE("good");
	lab_assert_status(&result, 0);
	lab_assert_file("status", "");
	result = SAVER_EXPLORE("good", "--shard", "env");
	lab_assert_status(&result, 125);
	ck_assert_ptr_nonnull(
		strstr(result.err, "--shard env: none of these is set: SLURM_ARRAY_TASK_ID with "));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("shards");
	TCase *shards = lab_case(suite, "shards", 120);

	tcase_add_test(shards, shards_merge_to_the_whole);
	tcase_add_loop_test(shards, job_arrays_are_shards, 0, sizeof job_arrays / sizeof *job_arrays);
	tcase_add_test(shards, steps_of_job_arrays_are_counted);
	tcase_add_test(shards, findings_are_looked_for_in_all_states);
	tcase_add_test(shards, bazel_is_told_that_shards_are_known);
	return suite;
}

int main(void)
{
	/* everything here looks at states at the data directory's own path */
	if (!lab_sandboxes()) {
		printf("SKIP: shards: user namespaces with overlays are not to be had here\n");
		return 77;
	}
	return lab_run(make_suite());
}
