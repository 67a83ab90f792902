/* SPDX-License-Identifier: MIT */
/*
 * check_recovered.c - states that recovery makes equal are checked once, and nothing is missed by that.
 *
 * Method: a log whose torn tail recovery cuts off. How often the checker ran is counted outside of the data
 * directory, where it does not look.
 */
#include "tests/run/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INCOMPLETE 3

/* Each line is acknowledged by nobody, so only the log itself counts. */
static const char appends[] = "for i in 1 2 3 4; do printf '%01500d\\n' $i >>store/log; sync store/log; done";
/* Cuts the log behind its last whole line. */
static const char cut[] =
	"[ -e log ] || exit 0; awk 'length($0)==1500 && !/[^0-9]/ {print; next} {exit}' log >new; "
	"if cmp -s log new; then rm new; else mv new log; fi";
static const char looks[] = "echo >>../checks; [ ! -e log ] || awk 'length($0)!=1500 {exit 1}' log";

static void make_store(void)
{
	ck_assert_int_ne(system("rm -rf store checks"), -1);
	ck_assert_int_eq(mkdir("store", 0755), 0);
}

static size_t checks(void)
{
	size_t bytes = 0;

	return lab_read("checks", &bytes) ? bytes : 0;
}

#define EXPLORE(...)                                                                                         \
	LAB_CRASHINJECT("explore", "--json", "--root", "store", "--jobs=1", "--model=ext4,posix",            \
			__VA_ARGS__, "--", "sh", "-c", appends)

static const json_t *summary_of(const struct lab_result *result)
{
	json_t *lines = lab_json_lines(result->out);

	return json_object_get(json_array_get(lines, json_array_size(lines) - 1), "summary");
}

static long long number(const struct lab_result *result, const char *name)
{
	return lab_json_number(summary_of(result), name, -1);
}

/* ------------------------------------------------------------------ what it saves */

static const char *const copy[] = {"--tiers=prefix,cut,omit-1,keep-1,tear", "--copy"};

START_TEST(torn_tails_that_recovery_cuts_off_are_one_check)
{
	struct lab_result result;
	long long checked, equal;
	const json_t *together;

	make_store();
	result = EXPLORE(copy[_i], "--recover", cut, "--check", looks);
	lab_assert_status(&result, 0);
	checked = number(&result, "checked");
	equal = number(&result, "equal_after_recovery");
	ck_assert_msg(equal > checked / 2 && checked > 20, "%s", lab_describe(&result));
	/* and once the final state with its files emptied */
	ck_assert_int_eq((long long)checks(), checked - equal + 1);
	/* five logs, and those that are looked at to be sure */
	ck_assert_int_le(checked - equal, 5 + 12 + checked / 50);
	together = lab_essence_of_lines(result.out);
	make_store();
	result = EXPLORE(copy[_i], "--check", lab_text("%s\n%s", cut, looks));
	ck_assert_int_eq(number(&result, "equal_after_recovery"), 0);
	ck_assert(json_equal(together, lab_essence_of_lines(result.out)));
}
END_TEST

START_TEST(a_person_is_told_how_many)
{
	struct lab_result result;

	make_store();
	result = LAB_CRASHINJECT("explore", "--root", "store", "--recover", cut, "--check", looks,
				 "--model=posix", "--", "sh", "-c", appends);
	lab_assert_status(&result, 0);
	ck_assert_msg(strstr(result.out, " equal after recovery") != NULL, "%s", lab_describe(&result));
}
END_TEST

/* ------------------------------------------------------------------ what it must not miss */

/* Two lines are never right, whatever became of the third. */
START_TEST(failures_are_those_that_there_are_without_it)
{
	const char *wrong = lab_text("%s; [ ! -e log ] || [ $(wc -l <log) -ne 2 ]", looks);
	struct lab_result result;
	const json_t *together;
	long long failed;

	make_store();
	result = EXPLORE("--recover", cut, "--check", wrong);
	lab_assert_status(&result, 1);
	failed = number(&result, "failed");
	ck_assert_int_gt(number(&result, "equal_after_recovery"), 0);
	ck_assert_int_gt(failed, 2);
	together = json_object_get(lab_essence_of_lines(result.out), "findings");
	make_store();
	result = EXPLORE("--check", lab_text("%s\n%s", cut, wrong));
	lab_assert_status(&result, 1);
	ck_assert_int_eq(number(&result, "failed"), failed);
	ck_assert_msg(json_equal(together, json_object_get(lab_essence_of_lines(result.out), "findings")),
		      "%s", lab_describe(&result));
}
END_TEST

/* Recovery is run on each state, and each of its failures is one. */
START_TEST(a_recovery_that_fails_is_no_equal_of_any)
{
	const char *refuses = lab_text("%s\n[ ! -e log ] || [ $(wc -l <log) -ne 2 ]", cut);
	struct lab_result result;

	make_store();
	result = EXPLORE("--recover", refuses, "--check", looks);
	lab_assert_status(&result, 1);
	ck_assert_ptr_nonnull(strstr(result.out, "\"kind\":\"recovery\""));
	ck_assert_ptr_null(strstr(result.out, "\"kind\":\"inconsistent\""));
	ck_assert_int_gt(number(&result, "failed"), 2);
}
END_TEST

/* A time that the program has set is not equal to one that was lost. */
START_TEST(a_time_that_was_set_is_seen)
{
	struct lab_result result;

	make_store();
	lab_write("store/f", "1", 1);
	ck_assert_int_eq(system("touch -d @1000000 store/f"), 0);
	result = LAB_CRASHINJECT("explore", "--root", "store", "--model=posix", "--recover=true", "--check",
				 "[ $(stat -c %Y f) = 2000000 ] || ! grep -q done $CRASH_ACKED", "--", "sh",
				 "-c", "touch -d @2000000 store/f; echo done");
	lab_assert_status(&result, 1);
}
END_TEST

/* What recovery may do to names: an overlay shows it in other ways than what is in files. */
static const char *const recoveries[] = {
	"true",
	"mv b c; [ ! -e d ] || mv d b",
	"mv b/in x; rm -r b; mkdir b; mv x b/in; rm b/in/1",
	"rm -rf d e; mkdir d; cat b/in/* >d/1; cp d/1 d/2; ln d/1 d/3",
	"[ ! -e e ] || { mv e e2; mv e2 e; }; chmod 700 b; ln -s x b/l; printf x >>b/in/1",
};

static const char renames[] =
	"mkdir store/d; printf 1 >store/d/f; ln store/d/f store/b/g; mv store/d store/e; "
	"rm store/e/f; printf 2 >store/e/f; chmod 600 store/b/in/1; mv store/b/in store/e/in; "
	"mkdir store/b/in; printf 3 >store/b/in/1; rm store/b/2";
/* All that there is to be seen. */
static const char sees[] =
	"{ { find . -type d -printf '%p %m\\n'; find . ! -type d -printf '%p %y %m %n %l\\n'; } "
	"| sort; find . -type f | sort | xargs -r cat; } | md5sum >>../checks";

static const char *trees_seen(const char *recover, const char *check, long long *equal)
{
	struct lab_result result;

	make_store();
	ck_assert_int_eq(system("cd store && mkdir -p b/in && printf 0 >b/in/1 && printf 00 >b/2"), 0);
	result = recover ?
			 LAB_CRASHINJECT("explore", "--json", "--root", "store", "--model=posix", "--recover",
					 recover, "--check", check, "--", "sh", "-c", renames) :
			 LAB_CRASHINJECT("explore", "--json", "--root", "store", "--model=posix", "--check",
					 check, "--", "sh", "-c", renames);
	lab_assert_status(&result, 0);
	*equal = number(&result, "equal_after_recovery");
	ck_assert_int_eq(system("sort -u checks >seen"), 0);
	return lab_read("seen", NULL);
}

START_TEST(every_tree_that_recovery_leaves_is_seen)
{
	const char *recover = lab_text("{ %s\n} 2>/dev/null; :", recoveries[_i]), *all, *some;
	long long equal, none;

	some = trees_seen(recover, sees, &equal);
	all = trees_seen(NULL, lab_text("%s\n%s", recover, sees), &none);
	ck_assert_int_eq(none, 0);
	ck_assert(equal > 0 || _i < 2); /* these two leave as many trees as there were */
	ck_assert_int_gt((long long)strlen(all), 300);
	ck_assert_str_eq(all, some);
}
END_TEST

/* Something beside the tree that recovery makes, and the checker judges. */
static const struct {
	const char *recover, *check;
} beside[] = {
	/* what was acknowledged, as recovery has left it */
	{"wc -c <log >>$CRASH_ACKED 2>/dev/null; rm -f log; :", "! tail -n1 $CRASH_ACKED | grep -qx 3500"},
	{"wc -c <log >$CRASH_ACKED_DIR/size 2>/dev/null; rm -f log; :",
	 "! grep -qx 3500 $CRASH_ACKED_DIR/size"},
	/* the state's name */
	{"rm -f log; :", "case $CRASH_STATE in *@3-*) exit 1;; esac"},
	{"rm -f log; :", "case $CRASH_POINT in write#3) exit 1;; esac"},
};

START_TEST(what_recovery_leaves_beside_the_tree_is_not_equal)
{
	struct lab_result result;

	make_store();
	result = EXPLORE("--recover", beside[_i].recover, "--check", beside[_i].check);
	ck_assert_int_eq(number(&result, "equal_after_recovery"), 0);
}
END_TEST

/* What is nowhere near the tree cannot be seen; it shows when the checker says something else. */
START_TEST(a_checker_that_looks_elsewhere_is_named)
{
	struct lab_result result;

	make_store();
	result = EXPLORE("--recover", "wc -c 2>/dev/null <log >../size; rm -f log", "--check",
			 "case $(cat ../size) in 1501|3002|4503|6004|'') ;; *) exit 1;; esac");
	ck_assert_msg(strstr(result.out, "recovery leaves the same tree of ") &&
			      !lab_json_bool(summary_of(&result), "complete"),
		      "%s", lab_describe(&result));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recovered");
	TCase *states = lab_case(suite, "states", 120);

	tcase_add_loop_test(states, torn_tails_that_recovery_cuts_off_are_one_check, 0,
			    sizeof copy / sizeof *copy);
	tcase_add_test(states, a_person_is_told_how_many);
	tcase_add_test(states, failures_are_those_that_there_are_without_it);
	tcase_add_test(states, a_recovery_that_fails_is_no_equal_of_any);
	tcase_add_test(states, a_time_that_was_set_is_seen);
	tcase_add_loop_test(states, every_tree_that_recovery_leaves_is_seen, 0,
			    sizeof recoveries / sizeof *recoveries);
	tcase_add_loop_test(states, what_recovery_leaves_beside_the_tree_is_not_equal, 0,
			    sizeof beside / sizeof *beside);
	tcase_add_test(states, a_checker_that_looks_elsewhere_is_named);
	return lab_run(suite);
}
