/* SPDX-License-Identifier: MIT */
/*
 * check_breakpoint.c - the header that goes into other people's programs, compiled in all ways.
 */
#include "tests/run/lab.h"

#include <crashinject/check.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct crash_out out;

/* How tests/programs/points is built, and what it writes by itself. */
static const struct build {
	const char *program, *all;
	bool is_static;
} builds[] = {
	{"points", "mijnnnathce", false},	{"points_cxx", "mijnnnathc12e", false},
	{"points_fixed", "mijnnnathce", false}, {"points_small", "mijnnnathce", false},
	{"points_static", "mijnnnathce", true}, {"points_linked", "mijnnnathce", false},
};

#define BUILDS (int)(sizeof builds / sizeof *builds)

static const struct {
	const char *rule, *left;
} rows[] = {
	{"points.main", ""},	      {"points.inline", "m"},	      {"points.inline#2", "mi"},
	{"points.named-0", "mij"},    {"points.named-1", "mijn"},     {"points.named-0#2", "mijnn"},
	{"points.thread", "mijnnna"}, {"points.handler", "mijnnnat"}, {"points.child", "mijnnnath"},
	{"points.n*#3", "mijnn"},     {"points.t*", "mijnnna"},
};

static void run(const char *program, const char *rule, const char *argument)
{
	struct crash_opts opts = {.program = lab_program(program),
				  .args = (const char *const[]){argument, NULL},
				  .dir = lab_dir};

	ck_assert_crash_run(rule, &opts, &out);
}

START_TEST(by_itself_the_program_notices_nothing)
{
	struct lab_result result;

	setenv("CRASH_DIR", lab_dir, 1);
	result = LAB_COMMAND(lab_program(builds[_i].program));
	lab_assert_status(&result, 0);
	lab_assert_file("data", builds[_i].all);
}
END_TEST

START_TEST(each_point_is_where_it_stands)
{
	const struct build *build = &builds[_i];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		run(build->program, rows[i].rule, NULL);
		ck_assert_msg(out.killed, "%s of %s: %s", rows[i].rule, build->program,
			      crash_out_describe(&out));
		ck_assert_str_eq(out.rule, rows[i].rule);
		ck_assert_int_eq(out.signal, SIGKILL);
		lab_assert_file("data", rows[i].left);
		crash_out_clear(&out);
	}
	run(build->program, "points.end", NULL);
	ck_assert_crashed_at(&out, "points.end#1");
	ck_assert_msg(strstr(out.file, "points.c") != NULL, "%s", out.file);
	ck_assert_complete(&out);
	lab_assert_file("data", lab_text("%.*s", (int)strlen(build->all) - 1, build->all));
	crash_out_clear(&out);
}
END_TEST

/* Points and calls are one sequence also where the ones are seen inside and the others outside. */
START_TEST(points_and_calls_go_together)
{
	run(builds[_i].program, "points.thread:log,write#8:log,write#9", NULL);
	ck_assert_crashed_at(&out, "write#9");
	ck_assert_int_eq(strncmp(out.log[0], "points.thread#1 in ", 19), 0);
	ck_assert_int_eq(strncmp(out.log[1], "write#8 ", 8), 0);
	lab_assert_file("data", "mijnnnat");
	crash_out_clear(&out);
}
END_TEST

START_TEST(passes_are_counted_and_missed_points_named)
{
	run(builds[_i].program, "points.inline#3,points.handler#2", NULL);
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(out.unreached[0], "points.inline#3");
	ck_assert_str_eq(out.unreached[1], "points.handler#2");
	ck_assert_ptr_nonnull(strstr(out.passed, "2 points.inline"));
	ck_assert_ptr_nonnull(strstr(out.passed, "1 points.handler"));
	lab_assert_file("data", builds[_i].all);
	crash_out_clear(&out);
}
END_TEST

/* Each instance of a template is a site, and all are one point. */
START_TEST(templates_have_a_site_for_each_instance)
{
	run("points_cxx", "points.template#2", NULL);
	ck_assert_crashed_at(&out, "points.template#2");
	lab_assert_file("data", "mijnnnathc1");
	crash_out_clear(&out);
}
END_TEST

/* What is loaded later has its points when it is loaded. */
START_TEST(a_library_that_is_loaded_has_points)
{
	const char *library = lab_text("%s/../../.libs/libpoints.so", lab_variable("PROGRAMS"));
	struct crash_opts opts = {.program = lab_program("points"),
				  .args = (const char *const[]){library, NULL},
				  .dir = lab_dir};

	run("points", "library.p*", library);
	ck_assert_crashed_at(&out, "library.point#1");
	lab_assert_file("data", "mijnnnathc");
	ck_assert_ptr_nonnull(strstr(out.file, "points_library.c"));
	crash_out_clear(&out);
	/* crash_breakpoint() in the program: the name may be one made at run time, so it is not refused */
	ck_assert_crash_run("library.point", &opts, &out);
	ck_assert_crashed_at(&out, "library.point");
	crash_out_clear(&out);
}
END_TEST

/* -DCRASH_DISABLE: no sites, no names, and nothing to crash at but calls. */
START_TEST(disabled_nothing_is_left)
{
	struct lab_result result = LAB_CRASHINJECT("list", "--points", lab_program("points_disabled"));

	lab_assert_status(&result, 0);
	ck_assert_ptr_nonnull(strstr(result.out, "have no explicit breakpoints\n"));
	ck_assert_ptr_null(
		strstr(lab_text("%s", LAB_COMMAND("readelf", "-SW", lab_program("points_disabled")).out),
		       "crash_sites"));
	run("points_disabled", "points.main", NULL);
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(out.unreached[0], "points.main");
	lab_assert_file("data", "mijnnnathce");
	crash_out_clear(&out);
	run("points_disabled", "write#2", NULL);
	ck_assert_crashed_at(&out, "write#2");
	crash_out_clear(&out);
}
END_TEST

/* Without the command: libcrashpoint reads CRASH_AT by itself. */
START_TEST(a_static_program_crashes_alone)
{
	struct lab_result result;

	setenv("CRASH_DIR", lab_dir, 1);
	setenv("CRASH_AT", "points.handler", 1);
	result = LAB_COMMAND(lab_program("points_static"));
	lab_assert_status(&result, 128 + SIGKILL);
	lab_assert_file("data", "mijnnnat");
	setenv("CRASH_AT", "points.handler:exit=5", 1);
	result = LAB_COMMAND(lab_program("points_static"));
	lab_assert_status(&result, 5);
	setenv("CRASH_AT", "points.h:foo", 1);
	result = LAB_COMMAND(lab_program("points_static"));
	lab_assert_status(&result, 125);
	ck_assert_ptr_nonnull(strstr(result.err, "column 10: there is no modifier \"foo\""));
}
END_TEST

/* ------------------------------------------------------------------ check.h */

/* Tests that fail, each on purpose; their messages are what is tested. */
START_TEST(fails_of_another_point)
{
	run("points", "points.inline#2", NULL);
	ck_assert_crashed_at(&out, "points.main");
}
END_TEST

START_TEST(fails_of_no_crash)
{
	struct crash_opts opts = {
		.program = "sh",
		.args = (const char *const[]){"-c", "echo to stdout; echo to stderr >&2; exit 3", NULL}};

	ck_assert_crash_run("write#5", &opts, &out);
	ck_assert_crashed_at(&out, "write#5");
}
END_TEST

START_TEST(fails_of_status)
{
	struct crash_opts opts = {.program = "sh", .args = (const char *const[]){"-c", "exit 3", NULL}};

	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_exited(&out, 4);
}
END_TEST

START_TEST(fails_of_no_timeout)
{
	struct crash_opts opts = {.program = "true"};

	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_timed_out(&out);
}
END_TEST

START_TEST(fails_of_rules)
{
	struct crash_opts opts = {.program = "true"};

	ck_assert_crash_run("wirte#5", &opts, &out);
}
END_TEST

START_TEST(fails_of_what_is_not_seen)
{
	struct crash_opts opts = {.program = "true", .flags = CRASH_NO_SUPERVISOR};

	ck_assert_crash_run("write:log", &opts, &out);
	ck_assert_complete(&out);
}
END_TEST

static const struct {
	const TTest *const *test; /* Check's own variable, whose value is not a constant */
	const char *says[4];
} failures[] = {
	{&fails_of_another_point,
	 {"expected a crash at points.main, but killed at points.inline#2", "main  ", "points.c:"}},
	{&fails_of_no_crash,
	 {"expected a crash at write#5, but write#5 was not reached; the program exited with 3",
	  "its stdout:\nto stdout\n", "its stderr:\nto stderr\n"}},
	{&fails_of_status, {"expected exit status 4, but the program exited with 3"}},
	{&fails_of_no_timeout, {"expected a timeout, but the program exited with 0"}},
	{&fails_of_rules,
	 {"crash_run(wirte#5): the rules do not parse: wirte#5\n^ column 1", "did you mean write?"}},
	{&fails_of_what_is_not_seen,
	 {"expected a complete run, but write:log was not reached", "incomplete: no-supervisor"}},
};

START_TEST(an_assertion_that_fails_says_how_the_run_went)
{
	Suite *suite = suite_create("failing");
	TCase *tcase = tcase_create("failing");
	SRunner *runner = srunner_create(suite);
	TestResult **results;

	tcase_add_test(tcase, *failures[_i].test);
	suite_add_tcase(suite, tcase);
	srunner_set_fork_status(runner, CK_FORK);
	unsetenv("CK_RUN_CASE");
	srunner_run_all(runner, CK_SILENT);
	ck_assert_int_eq(srunner_ntests_failed(runner), 1);
	results = srunner_failures(runner);
	for (int i = 0; i < 4 && failures[_i].says[i]; i++)
		ck_assert_msg(strstr(tr_msg(results[0]), failures[_i].says[i]) != NULL, "no \"%s\" in: %s",
			      failures[_i].says[i], tr_msg(results[0]));
	free(results);
	srunner_free(runner);
}
END_TEST

START_TEST(a_point_without_a_number_is_any_pass_of_it)
{
	run("points", "points.inline#2", NULL);
	ck_assert(crash_out_is_at(&out, "points.inline"));
	ck_assert(crash_out_is_at(&out, "points.inline#2"));
	ck_assert(!crash_out_is_at(&out, "points.inline#1"));
	ck_assert(!crash_out_is_at(&out, "points.inline#"));
	ck_assert(!crash_out_is_at(&out, "points.inl"));
	crash_out_clear(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("breakpoints");
	TCase *tcase = lab_case(suite, "builds", 60);

	tcase_add_loop_test(tcase, by_itself_the_program_notices_nothing, 0, BUILDS);
	tcase_add_loop_test(tcase, each_point_is_where_it_stands, 0, BUILDS);
	tcase_add_loop_test(tcase, points_and_calls_go_together, 0, BUILDS);
	tcase_add_loop_test(tcase, passes_are_counted_and_missed_points_named, 0, BUILDS);

	tcase = lab_case(suite, "kinds", 60);
	tcase_add_test(tcase, templates_have_a_site_for_each_instance);
	tcase_add_test(tcase, a_library_that_is_loaded_has_points);
	tcase_add_test(tcase, disabled_nothing_is_left);
	tcase_add_test(tcase, a_static_program_crashes_alone);

	tcase = lab_case(suite, "check.h", 60);
	tcase_add_loop_test(tcase, an_assertion_that_fails_says_how_the_run_went, 0,
			    sizeof failures / sizeof *failures);
	tcase_add_test(tcase, a_point_without_a_number_is_any_pass_of_it);
	return lab_run(suite);
}
