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
	ck_assert_msg(says(&result, "has ended, and where it runs once more the data is inconsistent") &&
			      says(&result, "is not accepted where it runs once more, so that it was not"),
		      "%s", lab_describe(&result));
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

/* What replay says to type does what explore did: recovery, and then the checker, with what was acknowledged.
 */
START_TEST(a_state_of_recovery_is_checked_again)
{
	struct lab_result result;
	const char *state, *line;

	make_store();
	result = EXPLORE(early, "--depth=2", "--output", "kept");
	state = state_of(&result);
	result = LAB_CRASHINJECT("replay", "--acked", "acked", "kept", state, "state");
	ck_assert_msg(says(&result, "; 6 bytes had been acknowledged"), "%s", lab_describe(&result));
	line = strstr(result.out, "check it again:\n  ");
	ck_assert_msg(line != NULL, "%s", lab_describe(&result));
	result = LAB_COMMAND("sh", "-c", line + strlen("check it again:\n"));
	lab_assert_status(&result, 2);
	lab_assert_file("state/data.tmp", NULL); /* recovery has run */
	result = LAB_CRASHINJECT("replay", "--json", "kept", state);
	ck_assert_int_eq(
		lab_json_number(json_array_get(lab_json_lines(result.out), 0), "acknowledged_bytes", -1), 6);
}
END_TEST

static const struct {
	const char *option;
	const char *says[4];
} reports[] = {
	{"--junit",
	 {"recovery from the state that a crash at ", " leaves is interrupted: if the process dies between ",
	  "classname=\"crashinject.recovery\" name=\"depth 2\"",
	  "crashes of recovery, depth 2: from 9 states"}},
	{"--html",
	 {"recovery from the state that a crash at ", " leaves is interrupted: if the process dies between ",
	  "<dt>In recovery from</dt>", "crashes of recovery, depth 2: from 9 states"}},
	{"--sarif",
	 {"recovery from the state that a crash at ", " leaves is interrupted: if the process dies between ",
	  "\"from\": \"ext4@", "\"state\": \"ext4@"}},
	{"--markdown",
	 {"recovery from the state that a crash at ", " leaves is interrupted: if the process dies between ",
	  "crashinject replay kept 'ext4@", "crashes of recovery, depth 2: from 9 states"}},
};

/* As soon as it has failed, each state is a line; those of recovery, too. */
START_TEST(each_failure_is_a_line_of_json)
{
	struct lab_result result;
	json_t *lines, *line;
	unsigned int failures = 0;
	size_t i;

	make_store();
	result = EXPLORE(early, "--depth=2", "--json");
	lines = lab_json_lines(result.out);
	json_array_foreach(lines, i, line) {
		const json_t *failure = json_object_get(line, "failure");

		failures += failure != NULL;
		ck_assert(!failure || strncmp(lab_json_text(failure, "state"), "ext4@", 5) == 0);
		ck_assert(!failure || strstr(lab_json_text(failure, "state"), "/ext4@") != NULL);
	}
	ck_assert_uint_eq(failures, 1);
}
END_TEST

START_TEST(each_report_names_both_levels)
{
	struct lab_result result;
	const char *text;

	make_store();
	result = EXPLORE(early, "--depth=2", "--output", "kept", reports[_i].option, "report");
	lab_assert_status(&result, FOUND);
	text = lab_read("report", NULL);
	for (size_t i = 0; i < 4; i++)
		ck_assert_msg(text && strstr(text, reports[_i].says[i]), "%s: no \"%s\" in: %s",
			      reports[_i].option, reports[_i].says[i], text ? text : "(no file)");
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

/* One crash cannot tell that what takes two is gone. */
START_TEST(what_depth_has_found_is_not_said_to_be_gone)
{
	struct lab_result result;
	const char *id;

	make_store();
	result = EXPLORE(early, "--depth=2");
	ck_assert_msg(says(&result, "finding de"), "%s", lab_describe(&result));
	id = lab_text("%.8s", strstr(result.out, "finding de") + strlen("finding "));
	result = EXPLORE(early, "--finding", id);
	lab_assert_status(&result, INCOMPLETE);
	ck_assert_msg(says(&result, "it cannot be decided whether it is there") &&
			      says(&result, "may be of a crash inside recovery"),
		      "%s", lab_describe(&result));
	/* another one, of which nothing is known */
	result = EXPLORE(early, "--finding", "01234567");
	lab_assert_status(&result, CLEAR);
}
END_TEST

/* ------------------------------------------------------------------ going on, and in parts */

/* A checker that notes which states it is asked about; "final" is none of them. */
static const char *noting(void)
{
	return lab_text("echo \"$CRASH_STATE\" >>%s/calls; %s", lab_dir, check);
}

/* How often it was asked about a crash inside recovery, or about any state. */
static int asked(const char *where)
{
	char *calls = lab_read("calls", NULL);
	int count = 0;

	for (char *line = calls ? strtok(calls, "\n") : NULL; line; line = strtok(NULL, "\n"))
		count += strstr(line, where) != NULL;
	return count;
}

static json_t *whole(const char *recover, const char *checker, const char *depth, const char *models)
{
	struct lab_result result = LAB_CRASHINJECT("explore", "--json", "--root", "store", "--model", models,
						   "--recover", recover, "--check", checker, depth,
						   "--output", "whole", "--", "sh", "-c", work);

	ck_assert_int_ne(result.status, 125);
	return lab_essence_of_lines(result.out);
}

static void assert_same(json_t *one, json_t *other)
{
	ck_assert_msg(json_equal(one, other), "%s\nand not\n%s", json_dumps(one, JSON_SORT_KEYS),
		      json_dumps(other, JSON_SORT_KEYS));
}

START_TEST(verdicts_of_recovery_are_kept)
{
	struct lab_result result;
	json_t *all;

	make_store();
	all = whole(early, noting(), "--depth=2", "ext4");
	ck_assert_int_gt(asked("/kill@"), 0);
	lab_remove("calls");
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "whole");
	lab_assert_status(&result, FOUND);
	assert_same(lab_essence_of_lines(result.out), all);
	/* but for the final state: what the checker looks at is seen anew */
	ck_assert_msg(asked("/") == 0, "%s", lab_read("calls", NULL));
}
END_TEST

START_TEST(an_interrupted_look_at_recovery_goes_on)
{
	struct lab_result result;
	json_t *all;
	int nested;

	make_store();
	all = whole(early, noting(), "--depth=2", "ext4");
	nested = asked("/");
	lab_remove("calls");
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model=ext4", "--recover", early, "--check",
				 noting(), "--depth=2", "--budget=22", "--output", "kept", "--", "sh", "-c",
				 work);
	ck_assert_msg(says(&result, "not all crashes of recovery were looked at"), "%s",
		      lab_describe(&result));
	ck_assert_msg(strstr(result.err, "to check the rest: crashinject explore --resume kept") != NULL,
		      "%s", lab_describe(&result));
	ck_assert_int_gt(asked("/"), 0);
	result = LAB_CRASHINJECT("explore", "--json", "--resume", "kept");
	lab_assert_status(&result, FOUND);
	assert_same(lab_essence_of_lines(result.out), all);
	/* each of them once, over both runs; what fails is checked twice */
	ck_assert_msg(asked("/") == nested, "%d and not %d", asked("/"), nested);
}
END_TEST

/* Verdicts of a recovery that has become another one are not those of this one. */
START_TEST(verdicts_are_of_one_recording_of_recovery)
{
	static const char moody[] = "if [ -e log ]; then if [ -e ../worse ]; then rm log; sync .; fi; "
				    "if [ -e data.tmp ]; then mv -f data.tmp data; sync .; fi; "
				    "rm -f log; sync .; else rm -f data.tmp; fi";
	struct lab_result result;

	make_store();
	whole(moody, check, "--depth=2", "ext4");
	lab_write("worse", "", 0);
	result = LAB_CRASHINJECT("explore", "--resume", "whole");
	lab_assert_status(&result, FOUND);
	ck_assert_msg(says(&result, "is interrupted: if the process dies between unlink#1 of log"), "%s",
		      lab_describe(&result));
}
END_TEST

static const struct {
	const char *recover, *depth, *models;
	int status;
} divided[] = {
	{good, "--depth=2", "kill,ext4,xfs", CLEAR},
	{good, "--depth=2", "posix", FOUND}, /* where a rename may be half done */
	{early, "--depth=2", "kill,posix,ext4", FOUND},
	{again, "--depth=2", "ext4", FOUND},
	{twice, "--depth=3", "ext4", FOUND},
};

START_TEST(shards_of_recovery_merge_to_the_whole)
{
	struct lab_result result;
	long long from = 0;
	json_t *all, *recovery;

	make_store();
	all = whole(divided[_i].recover, check, divided[_i].depth, divided[_i].models);
	for (int shard = 1; shard <= 3; shard++) {
		result = LAB_CRASHINJECT("explore", "--json", "--root", "store", "--model",
					 divided[_i].models, "--recover", divided[_i].recover, "--check",
					 check, divided[_i].depth, "--shard", lab_text("%d/3", shard),
					 "--output", lab_text("part-%d", shard), "--", "sh", "-c", work);
		recovery = json_object_get(json_object_get(lab_essence_of_lines(result.out), "summary"),
					   "recovery");
		from += lab_json_number(recovery, "from", -1);
		/* no shard has all the work */
		ck_assert_int_lt(lab_json_number(recovery, "from", -1),
				 lab_json_number(json_object_get(json_object_get(all, "summary"), "recovery"),
						 "from", -1));
	}
	ck_assert_int_gt(from, 0);
	result = LAB_CRASHINJECT("report", "--json", "part-3", "part-1", "part-2");
	lab_assert_status(&result, divided[_i].status);
	assert_same(lab_essence_of_lines(result.out), all);
	result = LAB_CRASHINJECT("report", "part-1", "part-3");
	ck_assert_msg(says(&result, "shard 2 of 3 is missing"), "%s", lab_describe(&result));
}
END_TEST

/* What is to be typed names the shard that has the recording. */
START_TEST(a_finding_of_a_shard_is_replayed)
{
	struct lab_result result;
	json_t *lines;
	const char *replay;

	make_store();
	for (int shard = 1; shard <= 2; shard++)
		EXPLORE(early, "--depth=2", "--shard", lab_text("%d/2", shard), "--output",
			lab_text("part-%d", shard));
	result = LAB_CRASHINJECT("report", "--json", "part-1", "part-2");
	lines = lab_json_lines(result.out);
	replay = lab_json_text(json_object_get(json_array_get(lines, 0), "finding"), "replay");
	ck_assert_msg(strncmp(replay, "crashinject replay part-", 24) == 0, "%s", replay);
	result = LAB_COMMAND("sh", "-c",
			     lab_text("\"%s\" %.*sstate", lab_variable("CRASHINJECT"),
				      (int)(strlen(replay) - strlen("crashinject DIR")),
				      replay + strlen("crashinject ")));
	lab_assert_status(&result, CLEAR);
	lab_assert_file("state/data", "old");
	lab_assert_file("state/data.tmp", "new");
}
END_TEST

START_TEST(shards_of_another_depth_are_refused)
{
	struct lab_result result;

	make_store();
	for (int shard = 1; shard <= 2; shard++)
		EXPLORE(good, lab_text("--depth=%d", shard), "--shard", lab_text("%d/2", shard), "--output",
			lab_text("part-%d", shard));
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	lab_assert_status(&result, 125);
	ck_assert_msg(strstr(result.err, "were explored with another --depth") != NULL, "%s",
		      lab_describe(&result));
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
	tcase_add_test(tcase, a_state_of_recovery_is_checked_again);
	tcase_add_test(tcase, each_failure_is_a_line_of_json);
	tcase_add_test(tcase, what_depth_has_found_is_not_said_to_be_gone);
	tcase_add_loop_test(tcase, each_report_names_both_levels, 0, sizeof reports / sizeof *reports);
	tcase_add_test(tcase, a_checker_is_told_which_state_of_which_it_is);
	tcase_add_test(tcase, verdicts_of_recovery_are_kept);
	tcase_add_test(tcase, an_interrupted_look_at_recovery_goes_on);
	tcase_add_test(tcase, verdicts_are_of_one_recording_of_recovery);
	tcase_add_loop_test(tcase, shards_of_recovery_merge_to_the_whole, 0,
			    sizeof divided / sizeof *divided);
	tcase_add_test(tcase, a_finding_of_a_shard_is_replayed);
	tcase_add_test(tcase, shards_of_another_depth_are_refused);
	tcase_add_test(tcase, a_budget_that_is_over_is_said);
	tcase_add_test(tcase, a_recovery_that_is_not_seen_whole_is_said);
	tcase_add_test(tcase, a_recovery_that_goes_otherwise_when_recorded_is_said);
	tcase_add_loop_test(tcase, what_does_not_go_with_it_is_refused, 0, sizeof others / sizeof *others);
	return lab_run(suite);
}
