/* SPDX-License-Identifier: MIT */
/*
 * check_completeness.c - crashinject sees every call that changes storage: as many as strace sees, in
 * the same order for each file, with the same results.
 *
 * Method. Each workload of corpus.c runs twice in fresh directories of one name: under strace, which
 * sees everything, and under `crashinject list`. What the two say is compared file by file; so are
 * what the program printed, its exit status, and what it left in the directory, because a program
 * that does something else under crashinject would not be a witness.
 */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/real/corpus.h"
#include "tests/real/jail.h"
#include "tests/real/listed.h"
#include "tests/real/ops.h"
#include "tests/real/strace.h"
#include "tests/run/reflinks.h"

#define SECONDS 240

static struct sandbox sandbox;

/* What one run was like. */
struct witness {
	struct ops ops;
	int status; /* exit status; 128 + signal */
	char *output, *tree;
};

static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void start(const struct workload *workload, struct witness *witness)
{
	witness->ops.directory = sandbox.directory;
	witness->ops.random = workload->random;
	witness->ops.sizes_vary = workload->sizes_vary;
	workload_prepare(workload, &sandbox, SECONDS);
}

static void finish(const struct workload *workload, const char *output, struct witness *witness)
{
	witness->output = sandbox_read(output, NULL);
	witness->tree = sandbox_tree(&sandbox, workload->random, !workload->sizes_vary);
}

static void watch_by_strace(const struct workload *workload, struct witness *witness)
{
	const char *log = sandbox_path(&sandbox, "strace.log"),
		   *output = sandbox_path(&sandbox, "strace.out");
	char calls[4200];
	const char *const argv[] = {"strace",	   "-f", "-y",	"-s", "0", "-qq", "--seccomp-bpf", "-e",
				    "signal=none", "-e", calls, "-o", log, "--",  "/bin/sh",	   "-c",
				    workload->run, NULL};

	snprintf(calls, sizeof calls, "trace=%s", strace_calls());
	start(workload, witness);
	witness->status = exit_status(sandbox_run(&sandbox, argv, output, SECONDS));
	finish(workload, output, witness);
	ck_assert_msg(strace_read(log, sandbox.directory, &witness->ops), "%s: the log of strace",
		      workload->name);
}

static void watch_by_crashinject(const struct workload *workload, struct witness *witness,
				 struct listing *listing)
{
	const char *listed = sandbox_path(&sandbox, "list.json"),
		   *output = sandbox_path(&sandbox, "list.out");
	char json[PATH_MAX];
	const char *const argv[] = {
		getenv("CRASHINJECT"), "list", "-q", json, "--linger", "20s", "--", "/bin/sh", "-c",
		workload->run,	       NULL};
	int status;

	snprintf(json, sizeof json, "--json=%s", listed);
	start(workload, witness);
	status = exit_status(sandbox_run(&sandbox, argv, output, SECONDS));
	finish(workload, output, witness);
	ck_assert_msg(status == 0 || status == 3, "%s: crashinject list ended with %d: %s", workload->name,
		      status, witness->output);
	ck_assert_msg(listing_read(listed, &witness->ops, listing), "%s: the listing", workload->name);
	witness->status = listing->exit_code < 0 ? -1 : listing->exit_code;
}

static bool is_complete(const struct workload *workload, const struct listing *listing)
{
	if (workload->incomplete ? !listing->complete && strstr(listing->reasons, workload->incomplete) :
				   listing->complete)
		return true;
	printf("  %s; expected %s\n", listing->complete ? "complete" : listing->reasons,
	       workload->incomplete ? workload->incomplete : "a complete run");
	return false;
}

static bool is_same_run(const struct workload *workload, const struct witness *expected,
			const struct witness *seen)
{
	bool same = expected->status == seen->status;

	if (!same)
		printf("  exit status: %d with strace, %d with crashinject\n", expected->status,
		       seen->status);
	if (!workload->output_varies && !workload->incomplete)
		same &= !sandbox_differ("the output", expected->output, seen->output);
	if (!workload->tree_varies)
		same &= !sandbox_differ("the directory", expected->tree, seen->tree);
	return same;
}

static void clear(struct witness *witness)
{
	ops_clear(&witness->ops);
	free(witness->output);
	free(witness->tree);
}

static void check_workload(const struct workload *workload)
{
	struct witness expected = {0}, seen = {0};
	struct listing listing;
	enum ops_order order;
	bool good;

	sandbox_fresh(&sandbox);
	if (!workload_wanted(workload, &sandbox, SECONDS))
		return;
	watch_by_strace(workload, &expected);
	watch_by_crashinject(workload, &seen, &listing);
	printf("%-24s %6zu ops: %zu by symbol, %zu in libc, %zu by the kernel\n", workload->name,
	       listing.by_route[0] + listing.by_route[1] + listing.by_route[2], listing.by_route[0],
	       listing.by_route[1], listing.by_route[2]);
	order = workload->counts_vary ? OPS_KINDS : workload->unordered ? OPS_COUNTED : OPS_IN_ORDER;
	good = ops_compare(&expected.ops, &seen.ops, order, stdout) == 0;
	good &= is_same_run(workload, &expected, &seen);
	good &= is_complete(workload, &listing);
	fflush(stdout);
	ck_assert_msg(expected.ops.count > 0, "%s: strace saw nothing: no test", workload->name);
	ck_assert_msg(good, "%s: crashinject saw something else than strace", workload->name);
	clear(&expected);
	clear(&seen);
}

START_TEST(test_workload)
{
	check_workload(&corpus[_i]);
}
END_TEST

/* Clones are made there, and what else copies shares blocks. Without a file system nothing is tested. */
static bool mount_reflinks(const char *kind, const char *test)
{
	const char *reason = sandbox_mount(&sandbox, kind);

	if (reason)
		sandbox_skip(test, "on %s: %s", kind, reason);
	return reason == NULL;
}

static const struct {
	const char *kind, *workload;
} sharing[] = {
	{"btrfs", "copies"}, {"btrfs", "copies-static"}, {"btrfs", "calls"}, {"btrfs", "calls-static"},
	{"btrfs", "cp"},     {"btrfs", "python"},	 {"xfs", "copies"},  {"xfs", "copies-static"},
};

START_TEST(test_workload_with_reflinks)
{
	if (!mount_reflinks(sharing[_i].kind, sharing[_i].workload))
		return;
	for (size_t i = 0; i < corpus_count; i++)
		if (strcmp(corpus[i].name, sharing[_i].workload) == 0)
			check_workload(&corpus[i]);
}
END_TEST

static const char *const copying[] = {"copies", "copies_static"};

static void check_copies(const char *program)
{
	const char *output = sandbox_path(&sandbox, "copies.out");
	char script[1024];

	snprintf(script, sizeof script,
		 "$CRASHINJECT record -q -o ../trace -- $PROGRAMS/%s && cd .. && rm -rf state && "
		 "last=$($CRASHINJECT replay trace kill@999999 2>&1 | sed 's/.*points 0 to "
		 "\\([0-9]*\\).*/\\1/') && "
		 "$CRASHINJECT replay trace kill@$last state && rmdir work/tmp && rm -rf state/tmp && diff "
		 "-r work state",
		 program);
	sandbox_fresh(&sandbox);
	ck_assert_msg(sandbox_script(&sandbox, script, output, SECONDS) == 0, "%s: %s", program,
		      sandbox_read(output, NULL));
}

START_TEST(what_was_copied_inside_the_kernel_is_recorded)
{
	check_copies(copying[_i]);
}
END_TEST

/* So are clones, and the program was not hindered in making them. */
START_TEST(what_was_cloned_is_recorded)
{
	static const char *const done[] = {"a file",	     "over a shorter one", "over a longer one",
					   "one block",	     "two blocks",	   "the rest",
					   "behind the end", "into itself"};
	const char *output = sandbox_path(&sandbox, "copies.out");

	if (!mount_reflinks(reflinks_kinds[_i], "clones"))
		return;
	for (size_t i = 0; i < 2; i++) {
		char *said, line[64];

		check_copies(copying[i]);
		said = sandbox_read(output, NULL);
		for (size_t k = 0; k < sizeof done / sizeof *done; k++) {
			snprintf(line, sizeof line, "%s: done\n", done[k]);
			ck_assert_msg(strstr(said, line) != NULL, "%s, %s: %s", copying[i], done[k], said);
		}
		free(said);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("completeness");
	TCase *tcase = tcase_create("corpus");
	SRunner *runner;
	int failures;

	if (!sandbox_find("strace")) {
		sandbox_skip("completeness", "strace is not installed");
		return 77;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	sandbox_make(&sandbox, "completeness");
	tcase_set_timeout(tcase, 3 * SECONDS);
	tcase_add_loop_test(tcase, test_workload, 0, (int)corpus_count);
	tcase_add_loop_test(tcase, what_was_copied_inside_the_kernel_is_recorded, 0, 2);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("reflinks");
	tcase_set_timeout(tcase, 3 * SECONDS);
	tcase_add_loop_test(tcase, test_workload_with_reflinks, 0, sizeof sharing / sizeof *sharing);
	tcase_add_loop_test(tcase, what_was_cloned_is_recorded, 0, REFLINKS_KINDS);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (!getenv("KEEP"))
		sandbox_remove(&sandbox);
	return failures != 0;
}
