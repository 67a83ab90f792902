/* SPDX-License-Identifier: MIT */
/*
 * check_nested.c - crashes inside recovery: explore --depth.
 *
 * Method: a program acknowledges when it has a log on disk, and then puts the new file into place. Recovery
 * does that where a log is left. Of its twins one is wrong only where it is itself interrupted, one where it
 * runs twice, and one where it is interrupted twice.
 */
#include "tests/run/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CLEAR 0
#define FOUND 1
#define INCOMPLETE 3

static const char work[] = "cd store; printf new >data.tmp; sync data.tmp; printf x >log; sync log; sync .; "
			   "echo saved; mv data.tmp data; sync .; rm log; sync .";

static const char check[] = "[ -e log ] && exit 1; [ ! -e data.tmp ] || exit 1; case $(cat data) in "
			    "old) ! grep -q saved \"$CRASH_ACKED\" || exit 2;; new) ;; *) exit 1;; esac";

/* The log goes when all that it speaks of is done. */
static const char good[] = "if [ -e log ]; then if [ -e data.tmp ]; then mv -f data.tmp data; sync .; fi; "
			   "rm log; sync .; fi; rm -f data.tmp";

/* It goes first: who is interrupted then has neither. */
static const char early[] = "if [ -e log ]; then rm log; sync .; "
			    "if [ -e data.tmp ]; then mv -f data.tmp data; sync .; fi; "
			    "else rm -f data.tmp; fi";

/* What runs again after it has ended takes its own mark for damage. */
static const char again[] = "if [ -e log ]; then [ ! -e data.tmp ] || mv -f data.tmp data; rm log; "
			    "else rm -f data.tmp; fi; "
			    "if [ -e mark ]; then printf broken >data; else : >mark; fi";

/* One interruption is noted and survived; the second one is not. */
static const char twice[] =
	"if [ -e log ]; then if [ -e second ]; then rm log; rm -f second first; rm -f data.tmp; exit 0; fi; "
	"if [ -e first ]; then : >second; sync .; else : >first; sync .; fi; "
	"[ ! -e data.tmp ] || mv -f data.tmp data; sync .; rm log; sync .; fi; "
	"rm -f data.tmp first second";

static void make_store(void)
{
	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	lab_write("store/data", "old", 3);
}

#define EXPLORE(recover, ...)                                                                                \
	LAB_CRASHINJECT("explore", "--root", "store", "--model=ext4", "--recover", recover, "--check",       \
			check, __VA_ARGS__, "--", "sh", "-c", work)

static bool says(const struct lab_result *result, const char *text)
{
	return strstr(result->out, text) != NULL;
}

/* ------------------------------------------------------------------ what is found */

START_TEST(a_recovery_that_may_be_interrupted_anywhere_is_clear)
{
	const char *depths[] = {"--depth=2", "--depth=3"};
	struct lab_result result;

	make_store();
	result = EXPLORE(good, depths[_i]);
	lab_assert_status(&result, CLEAR);
	ck_assert_msg(says(&result, "crashes of recovery, depth") && !says(&result, " 0 checked"), "%s",
		      lab_describe(&result));
}
END_TEST

START_TEST(what_goes_wrong_in_recovery_alone_is_found_at_depth_two)
{
	struct lab_result result;

	make_store();
	result = EXPLORE(early, "--depth=1");
	lab_assert_status(&result, CLEAR);
	result = EXPLORE(early, "--depth=2");
	lab_assert_status(&result, FOUND);
	/* both levels are named */
	ck_assert_msg(says(&result, ": lost, ") && says(&result, "recovery from the state that a ") &&
			      says(&result, "is interrupted: if the process dies between unlink#1 of log"),
		      "%s", lab_describe(&result));
}
END_TEST

START_TEST(a_recovery_that_must_not_run_twice_is_found)
{
	struct lab_result result;

	make_store();
	result = EXPLORE(again, "--depth=1");
	lab_assert_status(&result, CLEAR);
	result = EXPLORE(again, "--depth=2");
	lab_assert_status(&result, FOUND);
	ck_assert_msg(says(&result, "has ended, and where it runs once more the data is inconsistent"), "%s",
		      lab_describe(&result));
}
END_TEST

START_TEST(what_two_interruptions_do_is_found_at_depth_three)
{
	struct lab_result result;

	make_store();
	result = EXPLORE(twice, "--depth=2");
	lab_assert_status(&result, CLEAR);
	result = EXPLORE(twice, "--depth=3");
	lab_assert_status(&result, FOUND);
	ck_assert_msg(says(&result, "in recovery from the state that"), "%s", lab_describe(&result));
}
END_TEST

/* Where there are coarse classes beside the fine ones, their numbers once were behind the end of a list. */
START_TEST(states_of_many_classes_are_chosen_from)
{
	const char *helper = lab_variable("HELPER");
	struct lab_result result;

	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	result = LAB_CRASHINJECT("explore", "--dir", "store", "--model=posix", "--depth=2", "--budget=200",
				 "--recover", lab_text("%s verify . /dev/null", helper), "--check",
				 lab_text("%s verify . \"$CRASH_ACKED\"", helper), "--", helper, "--commits",
				 "6", "all");
	lab_assert_status(&result, INCOMPLETE);
	ck_assert_msg(says(&result, "crashes of recovery, depth 2: from ") &&
			      says(&result, "not all crashes of recovery were looked at"),
		      "%s", lab_describe(&result));
}
END_TEST

/* The program that starts again is a recovery, too. */
START_TEST(without_a_command_the_program_is_its_own_recovery)
{
	static const char program[] =
		"cd store; if [ -e log ]; then rm log; sync .; printf new >data; sync data; "
		"else printf x >log; sync log; sync .; echo saved; rm log; "
		"printf new >data; sync data; fi";
	static const char sees[] = "case $(cat data) in old|new) ;; *) exit 1;; esac";
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--depth=2", "--check", sees, "--", "sh", "-c",
				 program);
	ck_assert_msg(says(&result, "crashes of recovery, depth 2: from ") && says(&result, "recovery from"),
		      "%s", lab_describe(&result));
	lab_assert_status(&result, FOUND);
}
END_TEST

/* ------------------------------------------------------------------ seeing it again */

static const char *state_of(const struct lab_result *result)
{
	const char *at = strstr(result->out, "crashinject replay kept '");

	ck_assert_msg(at != NULL, "%s", lab_describe(result));
	at += strlen("crashinject replay kept '");
	return lab_text("%.*s", (int)strcspn(at, "'"), at);
}

START_TEST(a_state_of_recovery_is_put_back_on_disk)
{
	struct lab_result result;
	const char *state;

	make_store();
	result = EXPLORE(early, "--depth=2", "--output", "kept");
	lab_assert_status(&result, FOUND);
	state = state_of(&result);
	ck_assert_msg(strchr(state, '/') != NULL, "%s", state);
	result = LAB_CRASHINJECT("replay", "--acked", "acked", "kept", state, "state");
	lab_assert_status(&result, CLEAR);
	lab_assert_file("acked", "saved\n");
	lab_assert_file("state/data", "old");
	lab_assert_file("state/data.tmp", "new");
	lab_assert_file("state/log", NULL);
	/* of a recovery in which nothing was found there is no recording */
	result = LAB_CRASHINJECT("replay", "kept", "ext4@0/kill@1", "other");
	lab_assert_status(&result, 125);
	ck_assert_ptr_nonnull(strstr(result.err, "has no recording of recovery from ext4@0"));
	result = LAB_CRASHINJECT("report", "kept");
	lab_assert_status(&result, FOUND);
	result = LAB_CRASHINJECT("explore", "--resume", "kept");
	lab_assert_status(&result, FOUND);
	ck_assert_str_eq(state_of(&result), state);
}
END_TEST

/* The checker sees the whole name, and what had been acknowledged before the first crash. */
START_TEST(a_checker_is_told_which_state_of_which_it_is)
{
	static const char notes[] = "case $CRASH_STATE in */*) echo \"$CRASH_STATE $(grep -c saved "
				    "\"$CRASH_ACKED\")\" >>../names;; esac; cat data >/dev/null";
	struct lab_result result;
	const char *names;

	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--depth=2", "--recover", good, "--check",
				 notes, "--", "sh", "-c", work);
	lab_assert_status(&result, CLEAR);
	names = lab_read("names", NULL);
	ck_assert_msg(names && strstr(names, "kill@") && strstr(names, "/kill@") && strstr(names, " 1\n") &&
			      strstr(names, " 0\n"),
		      "%s", names ? names : "(none)");
}
END_TEST

/* ------------------------------------------------------------------ limits */

START_TEST(a_budget_that_is_over_is_said)
{
	struct lab_result result;

	make_store();
	result = EXPLORE(good, "--depth=2", "--budget=24");
	lab_assert_status(&result, INCOMPLETE);
	ck_assert_msg(says(&result, "not all crashes of recovery were looked at before the budget ran out"),
		      "%s", lab_describe(&result));
}
END_TEST

START_TEST(a_recovery_that_is_not_seen_whole_is_said)
{
	static const char large[] = "head -c 600000 /dev/zero >large; rm large; [ ! -e log ] || rm log; "
				    "[ ! -e data.tmp ] || mv -f data.tmp data";
	struct lab_result result;

	make_store();
	result = EXPLORE(large, "--depth=2", "--max-trace=200K", "--budget=60s");
	ck_assert_msg(says(&result, "in recovery from ") && says(&result, "trace-limit"), "%s",
		      lab_describe(&result));
	ck_assert_int_ne(result.status, CLEAR);
}
END_TEST

START_TEST(a_recovery_that_goes_otherwise_when_recorded_is_said)
{
	const char *shy = lab_text("[ -n \"$CRASH_STATE\" ] || exit 1; %s", good);
	struct lab_result result;

	make_store();
	result = EXPLORE(shy, "--depth=2");
	lab_assert_status(&result, INCOMPLETE);
	ck_assert_msg(says(&result, "succeeds, and not where it is recorded"), "%s", lab_describe(&result));
}
END_TEST

static const char *const others[][2] = {
	{"--shard=1/2", "--shard"},
	{"--order=trace", "--order trace"},
	{"--finding=01234567", "--finding"},
};

START_TEST(what_does_not_go_with_it_is_refused)
{
	struct lab_result result;

	make_store();
	result = EXPLORE(good, "--depth=2", others[_i][0]);
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, lab_text("--depth and %s do not go together", others[_i][1])), "%s",
		      lab_describe(&result));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nested");
	TCase *tcase = lab_case(suite, "nested", 240);

	tcase_add_loop_test(tcase, a_recovery_that_may_be_interrupted_anywhere_is_clear, 0, 2);
	tcase_add_test(tcase, what_goes_wrong_in_recovery_alone_is_found_at_depth_two);
	tcase_add_test(tcase, a_recovery_that_must_not_run_twice_is_found);
	tcase_add_test(tcase, what_two_interruptions_do_is_found_at_depth_three);
	tcase_add_test(tcase, states_of_many_classes_are_chosen_from);
	tcase_add_test(tcase, without_a_command_the_program_is_its_own_recovery);
	tcase_add_test(tcase, a_state_of_recovery_is_put_back_on_disk);
	tcase_add_test(tcase, a_checker_is_told_which_state_of_which_it_is);
	tcase_add_test(tcase, a_budget_that_is_over_is_said);
	tcase_add_test(tcase, a_recovery_that_is_not_seen_whole_is_said);
	tcase_add_test(tcase, a_recovery_that_goes_otherwise_when_recorded_is_said);
	tcase_add_loop_test(tcase, what_does_not_go_with_it_is_refused, 0, sizeof others / sizeof *others);
	return lab_run(suite);
}
