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
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* ------------------------------------------------------------------ ranges of a file */

static const struct {
	const char *program, *route;
} ways[] = {{"side_ways", "libc"}, {"side_ways", "inline"}, {"side_ways_static", "libc"}};

#define WAYS (int)(sizeof ways / sizeof *ways)

/* Records the change of a range, and puts the last state into the directory `state`. */
static struct lab_result record_and_replay(int way, const char *change)
{
	const char *program = lab_program(ways[way].program);
	const char *script = lab_text(
		"mkdir data && cd data && $CRASHINJECT record -q -o ../trace -- %s range %s %s && cd .. && "
		"last=$($CRASHINJECT replay trace kill@999999 2>&1 | sed 's/.*points 0 to "
		"\\([0-9]*\\).*/\\1/') && "
		"$CRASHINJECT replay trace kill@$last state",
		program, ways[way].route, change);

	return LAB_COMMAND("sh", "-c", script);
}

static const char *const followed[] = {"zero", "zero-end", "unreserve", "unreserve-here", "reserve"};

#define FOLLOWED (int)(sizeof followed / sizeof *followed)

/* What the kernel makes a fallocate() of is one, and leaves what it leaves. */
START_TEST(a_range_that_ioctl_changes_is_followed)
{
	struct lab_result result = record_and_replay(_i % WAYS, followed[_i / WAYS]);
	const char *text = lab_text("range %s %s", ways[_i % WAYS].route, followed[_i / WAYS]);
	struct lab_listing listing;
	size_t bytes, expected;

	lab_assert_status(&result, 0);
	if (strstr(result.err, "unsupported") || strstr(result.out, "unsupported"))
		LAB_SKIP("the file system cannot: %s", text);
	ck_assert_ptr_nonnull(strstr(result.out, "done"));
	ck_assert_int_eq(memcmp(lab_read("state/range", &bytes), lab_read("data/range", &expected), 5 * 4096),
			 0);
	ck_assert_uint_eq(bytes, expected);
	listing = lab_list(NULL, (const char *const[]){lab_program(ways[_i % WAYS].program), "range",
						       ways[_i % WAYS].route, followed[_i / WAYS], NULL});
	ck_assert_msg(strstr(lab_list_text(&listing), "truncate#1 range") != NULL, "%s",
		      lab_list_text(&listing));
}
END_TEST

/* The model has no effect for it: no state behind it is right, and it is said. */
START_TEST(a_range_that_moves_others_is_said)
{
	const char *change = _i / WAYS ? "insert" : "collapse";
	struct lab_result result = record_and_replay(_i % WAYS, change);

	if (strstr(result.err, "unsupported") || strstr(result.out, "unsupported"))
		LAB_SKIP("the file system cannot %s", change);
	lab_assert_status(&result, 3);
	ck_assert_ptr_nonnull(strstr(result.err, "1 ops are not modelled, the first: fallocate"));
}
END_TEST

/* What the kernel refuses is no op, and the program sees the same error. */
START_TEST(a_request_that_is_refused_is_no_op)
{
	const char *change = _i / WAYS ? "bad-whence" : "bad-address";
	struct crash_opts opts = {.program = lab_program(ways[_i % WAYS].program),
				  .args = LAB_ARGS("range", ways[_i % WAYS].route, change),
				  .dir = lab_dir};

	ck_assert_crash_run("truncate#1,write@*/range#6", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_complete(&out);
	ck_assert_str_eq(out.stdout_data, _i / WAYS ? "EINVAL\n" : "EFAULT\n");
	crash_out_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ children */

/* The parent goes on where it was, and its child is another process. */
START_TEST(a_child_that_syscall_makes_leaves_our_stack_alone)
{
	static const char *const kinds[] = {"vfork", "clone", "fork"};
	struct lab_listing listing =
		lab_list(NULL, (const char *const[]){lab_program("side_ways"), "child", kinds[_i], NULL});
	char *text = lab_list_text(&listing);
	long process[2] = {-1, -1};

	lab_assert_status(&listing.result, 0);
	ck_assert_str_eq(listing.result.err, "3\n");
	for (int i = 0; i < 2; i++)
		process[i] = (long)lab_json_number(json_array_get(listing.ops, (size_t)i + 1), "process", -1);
	ck_assert_msg(process[0] != process[1] && process[0] >= 0 && process[1] >= 0, "%s", text);
	ck_assert_uint_eq(json_array_size(listing.ops), 3);
	if (_i < 2)
		lab_assert_file("children", "childparent");
}
END_TEST

/* ------------------------------------------------------------------ results */

START_TEST(a_copy_of_what_there_is_has_a_result)
{
	struct lab_listing listing =
		lab_list(NULL, (const char *const[]){lab_program("side_ways_static"), "copy", NULL});

	lab_assert_status(&listing.result, 0);
	lab_assert_file("to", "all of it");
	ck_assert_msg(strstr(lab_list_text(&listing), "write#2 to") != NULL, "%s", lab_list_text(&listing));
}
END_TEST

/* From the second time on the data are read with the stack, which they must not be in part. */
START_TEST(a_write_from_where_memory_ends_writes_what_there_is)
{
	static const char check[] =
		"[ ! -e file ] || printf abcdefghi | head -c $(wc -c <file) | cmp - file || exit 1; "
		"[ $CRASH_POINT != write#3:after ] || [ $(wc -c <file) = 9 ]";
	struct lab_result result;

	ck_assert_int_eq(mkdir("data", 0755), 0);
	result = LAB_CRASHINJECT("explore", "--root", "data", "--model", "kill", "--check", check, "--",
				 lab_program("by_route_static"), "inline", "open data/file ct", "edge 3 abc",
				 "edge 3 def", "edge 3 ghi");
	lab_assert_status(&result, 0);
}
END_TEST

/* In a directory of its own, as somebody who has no rights. */
static void become_ordinary(const char *directory)
{
	ck_assert_int_eq(chmod(lab_dir, 0755), 0);
	ck_assert(mkdir(directory, 0755) == 0 && chmod(directory, 0777) == 0 && chdir(directory) == 0);
	setenv("TMPDIR", "/tmp", 1);
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(65533) < 0 || setuid(65533) < 0))
		_exit(1);
}

/*
 * In the sandbox of an ordinary user we have rights that no program has: nobody but the process itself could
 * make its calls, and the result of each that makes a name was unknown.
 */
START_TEST(in_a_sandbox_of_an_ordinary_user_results_are_known)
{
	struct lab_result result;

	become_ordinary("data");
	if (access(lab_variable("CRASHINJECT_PRELOAD"), R_OK) < 0 || !lab_sandboxes())
		LAB_SKIP("there is no sandbox for other users");
	result = LAB_CRASHINJECT("explore", "--model", "kill", "--check", LAB_READS, "--",
				 lab_program("side_ways_static"), "names");
	lab_assert_status(&result, 0);
}
END_TEST

/* Root may have given up its rights. */
START_TEST(of_a_program_with_fewer_rights_results_are_known)
{
	struct lab_result result =
		LAB_COMMAND("setpriv", "--inh-caps", "-all", "--bounding-set", "-all", "true");

	if (result.status != 0)
		LAB_SKIP("there is no setpriv, or it may not");
	result = LAB_CRASHINJECT("list", "-q", "--", "setpriv", "--inh-caps", "-all", "--bounding-set",
				 "-all", lab_program("side_ways_static"), "names");
	lab_assert_status(&result, 0);
}
END_TEST

/* ------------------------------------------------------------------ filters of the program's own */

static const struct {
	const char *install, *answer;
	bool asks; /* a tracer */
} filters[] = {
	{"seccomp", "trace", true},    {"prctl", "trace", true},
	{"seccomp", "computed", true}, /* which of the answers cannot be said beforehand */
	{"seccomp", "errno", false},   {"prctl", "errno", false},
	{"seccomp", "log", false},
};

/* The kernel reports the call to us instead, and the program sees it made. */
START_TEST(a_filter_that_asks_a_tracer_makes_the_result_incomplete)
{
	struct crash_opts opts = {.program = lab_program(_i % 2 ? "side_ways_static" : "side_ways"),
				  .args = LAB_ARGS("filter", filters[_i / 2].install, filters[_i / 2].answer),
				  .dir = lab_dir};

	ck_assert_crash_run("write#9", &opts, &out);
	if (out.exit_code == 77)
		LAB_SKIP("no filter can be installed here");
	ck_assert_exited(&out, 0);
	ck_assert(has_reason("tracer-outranked: ") == filters[_i / 2].asks);
	ck_assert(out.complete == !filters[_i / 2].asks);
	if (!filters[_i / 2].asks)
		ck_assert_str_eq(out.stdout_data, _i / 2 == 5 ? "synced\n" : "EXDEV\n");
	crash_out_clear(&out);
	/* without ours nothing is in the tracer's way */
	opts.flags = CRASH_NO_SUPERVISOR;
	opts.program = lab_program("side_ways");
	ck_assert_crash_run("write#9", &opts, &out);
	ck_assert(!has_reason("tracer-outranked: "));
	if (filters[_i / 2].asks)
		ck_assert_str_eq(out.stdout_data, "ENOSYS\n");
	crash_out_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ acknowledgements */

static const char *const tellings[] = {"sendfile", "splice", "relay", "vmsplice"};

#define TELLINGS (int)(sizeof tellings / sizeof *tellings)

/* What a program has acknowledged in the end that goes one of the ways. */
static const char *acknowledged_by(const char *program, const char *way)
{
	const char *script = lab_text(
		"mkdir data && cd data && $CRASHINJECT record -q -o ../trace -- %s %s >../out && cd .. && "
		"last=$($CRASHINJECT replay trace kill@999999 2>&1 | sed 's/.*points 0 to "
		"\\([0-9]*\\).*/\\1/') && "
		"$CRASHINJECT replay --acked acked trace kill@$last state",
		lab_program(program), way);
	struct lab_result result = LAB_COMMAND("sh", "-c", script);

	lab_assert_status(&result, 0);
	return lab_read("acked", NULL);
}

/* What was told is told, whether write() was asked to or another call. */
START_TEST(what_the_kernel_copies_to_others_is_an_acknowledgement)
{
	const char *program = _i < TELLINGS ? "side_ways" : "side_ways_static";

	ck_assert_str_eq(acknowledged_by(program, lab_text("tell %s | cat", tellings[_i % TELLINGS])),
			 "told\n");
	lab_assert_file("out", "told\n");
}
END_TEST

/* Nobody has heard it. */
START_TEST(what_was_told_in_vain_is_no_acknowledgement)
{
	ck_assert_str_eq(acknowledged_by(_i ? "side_ways_static" : "side_ways", "mutter"), "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("side ways");
	TCase *tcase = lab_case(suite, "io_uring", 60);

	tcase_add_loop_test(tcase, what_goes_through_a_ring_is_never_missed_silently, 0,
			    sizeof rings / sizeof *rings);
	tcase_add_loop_test(tcase, a_scenario_of_points_alone_leaves_rings_to_the_program, 0, 2);

	tcase = lab_case(suite, "ranges", 60);
	tcase_add_loop_test(tcase, a_range_that_ioctl_changes_is_followed, 0, FOLLOWED * WAYS);
	tcase_add_loop_test(tcase, a_range_that_moves_others_is_said, 0, 2 * WAYS);
	tcase_add_loop_test(tcase, a_request_that_is_refused_is_no_op, 0, 2 * WAYS);

	tcase = lab_case(suite, "children", 60);
	tcase_add_loop_test(tcase, a_child_that_syscall_makes_leaves_our_stack_alone, 0, 3);

	tcase = lab_case(suite, "results", 60);
	tcase_add_test(tcase, a_copy_of_what_there_is_has_a_result);
	tcase_add_test(tcase, a_write_from_where_memory_ends_writes_what_there_is);
	tcase_add_test(tcase, in_a_sandbox_of_an_ordinary_user_results_are_known);
	tcase_add_test(tcase, of_a_program_with_fewer_rights_results_are_known);

	tcase = lab_case(suite, "filters", 60);
	tcase_add_loop_test(tcase, a_filter_that_asks_a_tracer_makes_the_result_incomplete, 0,
			    2 * sizeof filters / sizeof *filters);

	tcase = lab_case(suite, "acknowledgements", 60);
	tcase_add_loop_test(tcase, what_the_kernel_copies_to_others_is_an_acknowledgement, 0, 2 * TELLINGS);
	tcase_add_loop_test(tcase, what_was_told_in_vain_is_no_acknowledgement, 0, 2);
	return lab_run(suite);
}
