/* SPDX-License-Identifier: MIT */
/*
 * check_sight.c - a checker that sees nothing is named, and so is what another one does not look at.
 *
 * Method: one program replaces a file and says so. Whatever accepts all of its states is no all-clear if it
 * has not looked at any; and who looks at names alone, through recovery, or as a server, has looked.
 */
#include "tests/run/lab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLEAR 0
#define INCOMPLETE 3

#define BLIND "the checker sees nothing: neither it nor recovery has opened a file"
#define EMPTIED "does not look at what is in the files that the program has changed"
#define UNDONE "does not look for what was acknowledged"

static const char save[] = "cd store; printf new >tmp; sync tmp; mv tmp data; sync .; echo saved";

static void make_store(void)
{
	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	lab_write("store/data", "old", 3);
	lab_write("store/other", "other", 5);
}

#define EXPLORE(...)                                                                                         \
	LAB_CRASHINJECT("explore", "--root", "store", "--model=posix", __VA_ARGS__, "--", "sh", "-c", save)

static bool says(const struct lab_result *result, const char *text)
{
	return strstr(result->out, text) != NULL;
}

static const struct {
	const char *way, *option, *check;
} blind[] = {
	{"--jobs=2", "--check", "true"},
	{"--copy", "--check", "true"},
	{"--jobs=2", "--check", "test -n \"$CRASH_STATE\" && grep -q '' \"$CRASH_ACKED\"; true"},
	{"--jobs=2", "--check", "echo seen >mine; cat mine"}, /* only what it has made itself */
	{"--recover=true", "--check", "true"},
	{"--jobs=2", "--check-server", "while read -r question; do echo '{\"verdict\":\"ok\"}'; done"},
	{"--jobs=2", "--check", "[ ! -e nothing/of/that/name ]"},
};

/* `explore --check true` was an all-clear. */
START_TEST(a_checker_that_opens_nothing_is_no_all_clear)
{
	struct lab_result result;

	make_store();
	result = EXPLORE(blind[_i].way, blind[_i].option, blind[_i].check);
	lab_assert_status(&result, INCOMPLETE);
	ck_assert_msg(says(&result, BLIND), "%s", lab_describe(&result));
	ck_assert_msg(strncmp(result.out, "warning: the checker sees nothing", 33) == 0, "%s",
		      lab_describe(&result));
}
END_TEST

static const struct {
	const char *way, *option, *check;
} seeing[] = {
	{"--jobs=2", "--check", "cat data >/dev/null"},
	{"--copy", "--check", "cat data >/dev/null"},
	{"--jobs=2", "--check", "test -e data"},		  /* a name alone */
	{"--jobs=2", "--check", "[ -e other ] || [ ! -e data ]"}, /* only if the other is there */
	{"--jobs=2", "--check", "test $(ls | wc -l) -ge 2"},
	{"--jobs=2", "--check", "cat other >/dev/null"}, /* which the program does not change */
	{"--recover=cat data >/dev/null", "--check", "true"},
	{"--jobs=2", "--check-server",
	 "while read -r question; do cat store/data >/dev/null; echo '{\"verdict\":\"ok\"}'; done"},
};

START_TEST(who_looks_at_a_name_or_by_recovery_has_looked)
{
	struct lab_result result;

	make_store();
	result = EXPLORE(seeing[_i].way, seeing[_i].option, seeing[_i].check);
	ck_assert_msg(!says(&result, BLIND), "%s", lab_describe(&result));
	lab_assert_status(&result, CLEAR);
	ck_assert_msg(says(&result, EMPTIED) && says(&result, "data"), "%s", lab_describe(&result));
}
END_TEST

/* A program without the dynamic linker opens files unseen by any preload module. */
START_TEST(a_static_checker_that_reads_has_looked)
{
	struct lab_result result;

	make_store();
	setenv("STEPS", lab_program("steps_static"), 1);
	if (access(getenv("STEPS"), X_OK) < 0)
		LAB_SKIP("there is no static program");
	result = EXPLORE("--check", "exec \"$STEPS\" 'open data r'");
	ck_assert_msg(!says(&result, BLIND), "%s", lab_describe(&result));
	lab_assert_status(&result, CLEAR);
}
END_TEST

/* ------------------------------------------------------------------ what is not looked at */

START_TEST(what_is_emptied_unnoticed_is_said_by_file)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--check", "cat a >/dev/null", "--", "sh",
				 "-c", "cd store; printf x >a.tmp; mv a.tmp a; printf y >b");
	ck_assert_msg(says(&result,
			   EMPTIED ": the final state is accepted with all of them emptied (a; never "
				   "opened: b)"),
		      "%s", lab_describe(&result));
}
END_TEST

START_TEST(acknowledgements_that_nobody_looks_for_are_said)
{
	static const char reads[] = "grep -q . data", looks[] = "grep -q . data && { grep -q new data || "
								"! grep -q saved \"$CRASH_ACKED\"; }";
	struct lab_result result;

	make_store();
	result = EXPLORE("--check", reads);
	lab_assert_status(&result, CLEAR);
	ck_assert_msg(says(&result, UNDONE) && !says(&result, EMPTIED), "%s", lab_describe(&result));
	make_store();
	result = EXPLORE("--check", looks);
	lab_assert_status(&result, CLEAR);
	ck_assert_msg(!says(&result, "warning"), "%s", lab_describe(&result));
}
END_TEST

START_TEST(it_is_in_every_format)
{
	struct lab_result result;

	make_store();
	result = EXPLORE("--check", "true", "--github", "--markdown", "r.md", "--sarif", "r.sarif", "--junit",
			 "r.xml", "-o", "kept");
	ck_assert_msg(says(&result, "\n::warning title=crashinject%3A what is not checked::"), "%s",
		      lab_describe(&result));
	ck_assert_ptr_nonnull(strstr(lab_read("r.md", NULL), "**Warning:** the checker sees nothing"));
	ck_assert_ptr_nonnull(strstr(lab_read("r.sarif", NULL), "the checker sees nothing"));
	ck_assert_ptr_nonnull(strstr(lab_read("r.xml", NULL), "the checker sees nothing"));
	result = LAB_CRASHINJECT("report", "kept");
	lab_assert_status(&result, INCOMPLETE);
	ck_assert_msg(says(&result, "warning: the checker sees nothing"), "%s", lab_describe(&result));
}
END_TEST

START_TEST(shards_of_a_checker_that_sees_nothing_are_no_all_clear)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("record", "--dir", "store", "-o", "trace", "--", "sh", "-c", save);
	lab_assert_status(&result, CLEAR);
	LAB_CRASHINJECT("explore", "--check", "true", "--shard=1/2", "-o", "part-1", "trace");
	LAB_CRASHINJECT("explore", "--check", "true", "--shard=2/2", "-o", "part-2", "trace");
	result = LAB_CRASHINJECT("report", "part-1", "part-2");
	lab_assert_status(&result, INCOMPLETE);
	ck_assert_msg(says(&result, BLIND) && says(&result, "warning: the checker sees nothing"), "%s",
		      lab_describe(&result));
}
END_TEST

/* Of the verdicts that are kept none says what was looked at. */
START_TEST(what_is_resumed_is_looked_at_again)
{
	struct lab_result result;

	make_store();
	result = EXPLORE("--check", "true", "-o", "kept");
	lab_assert_status(&result, INCOMPLETE);
	result = LAB_CRASHINJECT("explore", "--resume", "kept");
	lab_assert_status(&result, INCOMPLETE);
	ck_assert_msg(says(&result, BLIND), "%s", lab_describe(&result));
	/* where trees that recovery leaves are compared, what is looked at again is none of them */
	make_store();
	lab_remove("kept");
	result = EXPLORE("--recover", "cat data >/dev/null", "--check", "true", "-o", "kept");
	lab_assert_status(&result, CLEAR);
	result = LAB_CRASHINJECT("explore", "--resume", "kept");
	lab_assert_status(&result, CLEAR);
	make_store();
	lab_remove("kept");
	result = EXPLORE("--check", "test -e data", "-o", "kept");
	lab_assert_status(&result, CLEAR);
	result = LAB_CRASHINJECT("explore", "--resume", "kept");
	lab_assert_status(&result, CLEAR);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sight");
	TCase *tcase = lab_case(suite, "sight", 120);

	tcase_add_loop_test(tcase, a_checker_that_opens_nothing_is_no_all_clear, 0,
			    sizeof blind / sizeof *blind);
	tcase_add_loop_test(tcase, who_looks_at_a_name_or_by_recovery_has_looked, 0,
			    sizeof seeing / sizeof *seeing);
	tcase_add_test(tcase, a_static_checker_that_reads_has_looked);
	tcase_add_test(tcase, what_is_emptied_unnoticed_is_said_by_file);
	tcase_add_test(tcase, acknowledgements_that_nobody_looks_for_are_said);
	tcase_add_test(tcase, it_is_in_every_format);
	tcase_add_test(tcase, shards_of_a_checker_that_sees_nothing_are_no_all_clear);
	tcase_add_test(tcase, what_is_resumed_is_looked_at_again);
	return lab_run(suite);
}
