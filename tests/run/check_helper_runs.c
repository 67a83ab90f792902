/* SPDX-License-Identifier: MIT */
/*
 * check_helper_runs.c - the reference stores, killed for real: at each breakpoint and at each op of each
 * scenario, and what was acknowledged is there afterwards.
 *
 * Method: the helper says itself which scenarios, breakpoints and planted bugs it has, so that a new one
 * is tested without a word here. A run is killed, what it printed are the acknowledgements, and the
 * helper's own `verify` recovers the store and compares.
 */
#include "tests/run/lab.h"

#include <crashinject/check.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct crash_out out;

/* What `crashinject-helper COMMAND --json` says. */
static json_t *ask(const char *command)
{
	struct lab_result result = LAB_COMMAND(lab_variable("HELPER"), command, "--json");

	lab_assert_status(&result, 0);
	return lab_json_lines(result.out);
}

/* How a killed run looks afterwards; `bug` is planted in the run and in the recovery. */
struct aftermath {
	bool killed;
	int status; /* of verify */
	const char *said;
};

/* Runs a scenario in a new directory, up to the crash, and verifies what is left. */
static struct aftermath crash_and_verify(const char *rule, const char *scenario, const char *bug)
{
	const char *const env[] = {lab_text("HELPER_BUG=%s", bug ? bug : ""), NULL};
	struct crash_opts opts = {.program = lab_variable("HELPER"),
				  .args = (const char *const[]){scenario, NULL},
				  .env = env,
				  .dir = "store"};
	struct aftermath aftermath;
	struct lab_result result;

	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	ck_assert_crash_run(rule, &opts, &out);
	aftermath.killed = out.killed;
	if (!out.killed)
		ck_assert_exited(&out, 0);
	lab_write("acks", out.stdout_data, out.stdout_len);
	crash_out_clear(&out);
	result = LAB_COMMAND("env", env[0], lab_variable("HELPER"), "verify", "store", "acks");
	aftermath.status = result.status;
	aftermath.said = result.err;
	return aftermath;
}

static json_t *scenario_of(int index)
{
	json_t *scenarios = ask("list");

	return json_array_get(scenarios, (size_t)index);
}

#define SCENARIOS 6

START_TEST(the_helper_has_so_many_scenarios)
{
	ck_assert_uint_eq(json_array_size(ask("list")), SCENARIOS);
}
END_TEST

/* ------------------------------------------------------------------ killed anywhere */

/* At each breakpoint of each scenario, the first two times it is passed. */
START_TEST(killed_at_any_breakpoint_a_store_keeps_every_ack)
{
	json_t *scenario = scenario_of(_i), *point;
	const char *name = lab_json_text(scenario, "scenario");
	unsigned int died = 0;
	size_t i;

	json_array_foreach(json_object_get(scenario, "points"), i, point) {
		for (int hit = 1; hit <= 2; hit++) {
			const char *rule = lab_text("%s#%d", json_string_value(point), hit);
			struct aftermath aftermath = crash_and_verify(rule, name, NULL);

			/* by itself every scenario passes all of its points once */
			ck_assert_msg(aftermath.killed || hit > 1, "%s does not pass %s", name, rule);
			ck_assert_msg(aftermath.status == 0, "%s, killed at %s: %s", name, rule,
				      aftermath.said);
			died += aftermath.killed;
			if (!aftermath.killed)
				break;
		}
	}
	ck_assert_uint_ge(died, json_array_size(json_object_get(scenario, "points")));
}
END_TEST

/* Goes through the ops of a scenario; `all` is the others in a row, and every seventh step in it will do. */
static void kill_at_each(int index, const char *family, const char *modifiers, int step)
{
	json_t *scenario = scenario_of(index);
	const char *name = lab_json_text(scenario, "scenario");
	struct aftermath aftermath;
	int n = 1;

	if (strcmp(name, "all") == 0)
		step *= 7;
	do {
		const char *rule = lab_text("%s#%d%s", family, n, modifiers);

		aftermath = crash_and_verify(rule, name, NULL);
		ck_assert_msg(aftermath.status == 0, "%s, killed at %s: %s", name, rule, aftermath.said);
		n += step;
	} while (aftermath.killed);
	/* each of a dozen commits is a header, a frame and a sync at least */
	ck_assert_int_gt(n, 20);
}

#define DEFINE_KILL(test, family, modifiers, step)                                                           \
	START_TEST(test)                                                                                     \
	{                                                                                                    \
		kill_at_each(_i, family, modifiers, step);                                                   \
	}                                                                                                    \
	END_TEST

DEFINE_KILL(killed_at_any_write_a_store_keeps_every_ack, "write", "", 1)
DEFINE_KILL(killed_in_the_middle_of_any_write_a_store_keeps_every_ack, "write", ":torn=50%", 2)
DEFINE_KILL(killed_after_any_op_a_store_keeps_every_ack, "io", ":after", 4)

/* A store that is killed again and again, and goes on from where it was. */
START_TEST(a_store_that_is_killed_again_and_again_keeps_every_ack)
{
	const char *helper = lab_variable("HELPER");
	struct crash_opts opts = {
		.program = helper, .args = (const char *const[]){"all", NULL}, .dir = "store"};
	struct lab_result result;
	FILE *acks = fopen("acks", "w");

	ck_assert_int_eq(mkdir("store", 0755), 0);
	for (int n = 1; n <= 40; n++) {
		ck_assert_crash_run(lab_text("io#%d", n * 7), &opts, &out);
		ck_assert(out.killed);
		fwrite(out.stdout_data, 1, out.stdout_len, acks);
		fflush(acks);
		crash_out_clear(&out);
	}
	result = LAB_COMMAND(helper, "verify", "store", "acks");
	lab_assert_status(&result, 0);
	fclose(acks);
}
END_TEST

/* ------------------------------------------------------------------ counts */

/* Each of the twelve commits passes the middle of its frame once, whatever else there is. */
START_TEST(passes_are_counted)
{
	struct crash_opts opts = {.program = lab_variable("HELPER"),
				  .args = (const char *const[]){"wal", NULL},
				  .dir = lab_dir};

	ck_assert_crash_run("wal.mid-frame#13", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_msg(strstr(out.passed, "12 wal.mid-frame") != NULL, "%s", out.passed);
	ck_assert_str_eq(out.unreached[0], "wal.mid-frame#13");
	crash_out_clear(&out);
	ck_assert_int_eq(LAB_COMMAND("sh", "-c", "rm -rf *").status, 0);
	ck_assert_crash_run("wal.mid-frame#12", &opts, &out);
	ck_assert_crashed_at(&out, "wal.mid-frame#12");
	ck_assert_ptr_nonnull(strstr(out.file, "wal.c"));
	crash_out_clear(&out);
}
END_TEST

/* Breakpoints of the other threads stand in one count, too. */
START_TEST(passes_of_all_threads_are_one_count)
{
	struct crash_opts opts = {.program = lab_variable("HELPER"),
				  .args = (const char *const[]){"concurrent", NULL},
				  .dir = "store"};

	for (int n = 1; n <= 12; n += 3) {
		lab_remove("store");
		ck_assert_int_eq(mkdir("store", 0755), 0);
		ck_assert_crash_run(lab_text("wal.append.frame-emitted#%d", n), &opts, &out);
		ck_assert_crashed_at(&out, lab_text("wal.append.frame-emitted#%d", n));
		crash_out_clear(&out);
	}
}
END_TEST

START_TEST(an_unknown_scenario_is_refused_with_those_that_there_are)
{
	struct lab_result result = LAB_COMMAND(lab_variable("HELPER"), "waal");
	json_t *scenario;
	size_t i;

	lab_assert_status(&result, 64);
	ck_assert_ptr_nonnull(strstr(result.err, "Did you mean 'wal'?"));
	json_array_foreach(ask("list"), i, scenario)
		ck_assert_msg(strstr(result.err, lab_text("\n%s ", lab_json_text(scenario, "scenario"))) !=
				      NULL,
			      "%s", result.err);
}
END_TEST

/* ------------------------------------------------------------------ planted bugs */

/* Whether a crash at any hit of the breakpoint shows the bug. */
static bool shows_at(const json_t *bug, const char *point)
{
	struct aftermath aftermath;
	int hit = 1;

	do {
		aftermath = crash_and_verify(lab_text("%s#%d", point, hit++), lab_json_text(bug, "scenario"),
					     lab_json_text(bug, "bug"));
		if (aftermath.status != 0)
			return true;
	} while (aftermath.killed);
	return false;
}

#define BUGS 64 /* more than there are */

/*
 * A bug that a killed process can show is shown at the breakpoint that its row names. One that takes a
 * power loss is not, wherever the process is killed: nobody may think that kills test durability.
 */
START_TEST(a_kill_shows_what_a_kill_can_show_and_no_more)
{
	json_t *bugs = ask("bugs"), *bug = json_array_get(bugs, (size_t)_i), *scenario, *point;
	bool by_kill;
	size_t i, k;

	ck_assert_uint_lt(json_array_size(bugs), BUGS);
	if (!bug)
		return;
	by_kill = strcmp(lab_json_text(bug, "shows_on"), "kill") == 0;
	ck_assert_msg(shows_at(bug, lab_json_text(bug, "point")) == by_kill, "%s, killed at %s, is %s",
		      lab_json_text(bug, "bug"), lab_json_text(bug, "point"),
		      by_kill ? "not shown" : "shown");
	if (by_kill)
		return;
	json_array_foreach(ask("list"), i, scenario) {
		if (strcmp(lab_json_text(scenario, "scenario"), lab_json_text(bug, "scenario")) != 0)
			continue;
		json_array_foreach(json_object_get(scenario, "points"), k, point) {
			struct aftermath aftermath =
				crash_and_verify(json_string_value(point), lab_json_text(bug, "scenario"),
						 lab_json_text(bug, "bug"));

			ck_assert_msg(aftermath.status == 0, "%s, killed at %s: %s",
				      lab_json_text(bug, "bug"), json_string_value(point), aftermath.said);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("helper runs");
	TCase *tcase;

	tcase = lab_case(suite, "killed", 240);
	tcase_add_test(tcase, the_helper_has_so_many_scenarios);
	tcase_add_loop_test(tcase, killed_at_any_breakpoint_a_store_keeps_every_ack, 0, SCENARIOS);
	tcase_add_loop_test(tcase, killed_at_any_write_a_store_keeps_every_ack, 0, SCENARIOS);
	tcase_add_loop_test(tcase, killed_in_the_middle_of_any_write_a_store_keeps_every_ack, 0, SCENARIOS);
	tcase_add_loop_test(tcase, killed_after_any_op_a_store_keeps_every_ack, 0, SCENARIOS);
	tcase_add_test(tcase, a_store_that_is_killed_again_and_again_keeps_every_ack);

	tcase = lab_case(suite, "counts", 60);
	tcase_add_test(tcase, passes_are_counted);
	tcase_add_test(tcase, passes_of_all_threads_are_one_count);
	tcase_add_test(tcase, an_unknown_scenario_is_refused_with_those_that_there_are);

	tcase = lab_case(suite, "bugs", 240);
	tcase_add_loop_test(tcase, a_kill_shows_what_a_kill_can_show_and_no_more, 0, BUGS);
	return lab_run(suite);
}
