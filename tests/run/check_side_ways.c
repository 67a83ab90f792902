/* SPDX-License-Identifier: MIT */
/*
 * check_side_ways.c - ways to storage that are easily missed: each is seen, or the result says that it was
 * not.
 *
 * Method: tests/programs/side_ways goes them, in a dynamic and in a static build.
 */
#include "tests/run/lab.h"

#include <crashinject/check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct crash_out out;

/* Whether the result has this reason; the list ends with NULL. */
static bool has_reason(const char *reason)
{
	for (char **at = out.incomplete_reasons; *at; at++)
		if (strncmp(*at, reason, strlen(reason)) == 0)
			return true;
	return false;
}

/* ------------------------------------------------------------------ io_uring */

static const struct ring {
	const char *program, *route;
	uint32_t flags;
	bool refused;
} rings[] = {
	{"side_ways", "syscall", 0, true},
	{"side_ways", "inline", 0, true},
	{"side_ways_static", "syscall", 0, true},
	{"side_ways", "syscall", CRASH_NO_SUPERVISOR, true},
	{"side_ways", "syscall", CRASH_ALLOW_IO_URING, false},
	{"side_ways", "inline", CRASH_ALLOW_IO_URING, false},
	{"side_ways_static", "syscall", CRASH_ALLOW_IO_URING, false},
	{"side_ways", "syscall", CRASH_ALLOW_IO_URING | CRASH_NO_SUPERVISOR, false},
};

/* Whichever instruction sets the ring up: it is refused, or it makes the result incomplete. */
START_TEST(what_goes_through_a_ring_is_never_missed_silently)
{
	const struct ring *ring = &rings[_i];
	struct crash_opts opts = {.program = lab_program(ring->program),
				  .args = LAB_ARGS("ring", ring->route),
				  .dir = lab_dir,
				  .flags = ring->flags};

	ck_assert_crash_run(NULL, &opts, &out);
	if (out.exit_code == 77 || strncmp(out.stdout_data, "refused", 7) == 0)
		LAB_SKIP("there is no io_uring here");
	crash_out_clear(&out);
	ck_assert_crash_run("write#9", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(out.stdout_data, ring->refused ? "refused\n" : "written\n");
	ck_assert(has_reason("io-uring: ") == !ring->refused);
	ck_assert(out.complete == (ring->refused && !(ring->flags & CRASH_NO_SUPERVISOR)));
	crash_out_clear(&out);
}
END_TEST

/* Where no ops count nothing is missed. */
START_TEST(a_scenario_of_points_alone_leaves_rings_to_the_program)
{
	struct crash_opts opts = {.program = lab_program("side_ways"),
				  .args = LAB_ARGS("ring", _i ? "inline" : "syscall"),
				  .dir = lab_dir};

	ck_assert_crash_run(NULL, &opts, &out);
	if (out.exit_code == 77 || strncmp(out.stdout_data, "refused", 7) == 0)
		LAB_SKIP("there is no io_uring here");
	crash_out_clear(&out);
	ck_assert_crash_run("a-point", &opts, &out);
	ck_assert_str_eq(out.stdout_data, "written\n");
	ck_assert_complete(&out);
	crash_out_clear(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("side ways");
	TCase *tcase = lab_case(suite, "io_uring", 60);

	tcase_add_loop_test(tcase, what_goes_through_a_ring_is_never_missed_silently, 0,
			    sizeof rings / sizeof *rings);
	tcase_add_loop_test(tcase, a_scenario_of_points_alone_leaves_rings_to_the_program, 0, 2);
	return lab_run(suite);
}
