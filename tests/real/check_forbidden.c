/* SPDX-License-Identifier: MIT */
/*
 * check_forbidden.c - where a container forbids what crashinject needs, the run says what it could not see.
 *
 * Method. programs/forbid refuses system calls as a container's profile does, to crashinject and the program
 * alike. Each row runs one program so and without, and says what has to come out: all ops, or a reason that
 * is given. A run that misses ops and calls itself complete is what must never be.
 */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/real/jail.h"
#include "tests/real/listed.h"
#include "tests/real/ops.h"

static struct sandbox sandbox;

static const struct row {
	const char *forbidden; /* NULL: nothing, but see options */
	const char *program;
	const char *option; /* of crashinject list */
	const char *reason; /* part of the one that must be given; NULL: the run is complete */
	bool misses;	    /* and then ops are missing */
} rows[] = {
	{"seccomp", "$PROGRAMS/real_calls", .reason = "no-supervisor"},
	{"seccomp", "$PROGRAMS/real_calls_static", .reason = "no-supervisor", .misses = true},
	{"seccomp", "$PROGRAMS/mapped", .reason = "no-supervisor"},
	{"notify", "$PROGRAMS/real_calls", .reason = "no-supervisor"},
	{"notify", "$PROGRAMS/mapped_static", .reason = "no-supervisor", .misses = true},
	{"pidfd_getfd", "$PROGRAMS/real_calls"},
	{"pidfd_getfd", "$PROGRAMS/real_calls_static", .reason = "result-unknown"},
	{"pidfd_getfd", "$PROGRAMS/mapped"},
	{"pidfd_getfd", "$PROGRAMS/mapped_static", .reason = "mapping-unseen"},
	{"userfaultfd", "$PROGRAMS/real_calls"},
	{"userfaultfd", "$PROGRAMS/mapped"},
	{"userfaultfd", "$PROGRAMS/mapped_static"},
	{"unshare", "$PROGRAMS/real_calls"},
	{"unshare", "$PROGRAMS/real_calls_static"},
	{"unshare", "$PROGRAMS/real_forks clear"},
	{"process_vm_readv,process_vm_writev", "$PROGRAMS/real_calls"},
	{"process_vm_readv,process_vm_writev", "$PROGRAMS/real_calls_static"},
	{"userfaultfd,unshare,process_vm_readv,process_vm_writev,ptrace",
	 "$PROGRAMS/real_forks_static clear"},
	{NULL, "$PROGRAMS/real_calls", .option = "--no-supervisor", .reason = "no-supervisor"},
	{NULL, "$PROGRAMS/real_forks clear", .option = "--no-supervisor", .reason = "no-supervisor"},
	{NULL, "$PROGRAMS/quiet_seccomp listen", .reason = "second-listener"},
};

static int list(const struct row *row, const char *forbidden, const char *option, struct listing *listing)
{
	const char *listed = sandbox_path(&sandbox, "list.json"), *output = sandbox_path(&sandbox, "output");
	struct ops ops = {.directory = sandbox.directory};
	char script[PATH_MAX * 2];
	int status, count;

	snprintf(script, sizeof script, "%s%s $CRASHINJECT list -q --json=%s %s -- %s",
		 forbidden ? "$PROGRAMS/forbid " : "", forbidden ? forbidden : "", listed,
		 option ? option : "", row->program);
	sandbox_fresh(&sandbox);
	status = sandbox_script(&sandbox, script, output, 60);
	ck_assert_msg(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 3),
		      "%s: %.500s", script, sandbox_read(output, NULL));
	ck_assert_msg(listing_read(listed, &ops, listing), "%s", script);
	count = (int)(listing->by_route[0] + listing->by_route[1] + listing->by_route[2] +
		      listing->by_route[3]);
	ops_clear(&ops);
	return count;
}

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct listing free, bound;
	int all = list(row, NULL, NULL, &free), seen = list(row, row->forbidden, row->option, &bound);

	printf("%s%s%s %s: %d of %d ops, %s\n", row->forbidden ? "without " : "",
	       row->forbidden ? row->forbidden : "", row->option ? row->option : "", row->program, seen, all,
	       bound.complete ? "complete" : bound.reasons);
	ck_assert_int_gt(all, 0);
	ck_assert_int_eq(free.exit_code, bound.exit_code);
	if (row->reason)
		ck_assert_msg(!bound.complete && strstr(bound.reasons, row->reason), "no %s, but: %s",
			      row->reason, bound.reasons);
	else
		ck_assert_msg(bound.complete, "incomplete: %s", bound.reasons);
	if (row->misses)
		ck_assert_int_lt(seen, all);
	else
		ck_assert_int_ge(
			seen, all); /* what is written to a mapping unseen may be counted again as a store */
}
END_TEST

START_TEST(test_counts)
{
	static const char *const programs[] = {"mapped", "mapped_static"};
	const char *output = sandbox_path(&sandbox, "output");
	char script[PATH_MAX], *text;

	snprintf(script, sizeof script, "$CRASHINJECT run --at 'io#1000' -- $PROGRAMS/%s", programs[_i]);
	sandbox_fresh(&sandbox);
	sandbox_script(&sandbox, script, output, 60);
	text = sandbox_read(output, NULL);
	ck_assert_msg(strstr(text, "5 write, 1 open, 2 truncate"), "%s", text);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("forbidden");
	TCase *tcase = tcase_create("what a container forbids");
	SRunner *runner;
	int failures;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sandbox_make(&sandbox, "forbidden");
	tcase_set_timeout(tcase, 150);
	tcase_add_loop_test(tcase, test_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_loop_test(tcase, test_counts, 0, 2);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	sandbox_remove(&sandbox);
	return failures != 0;
}
