/* SPDX-License-Identifier: MIT */
/*
 * check_unloaded.c - programs that the shim is not loaded into: static ones, and those that the kernel runs
 * in secure mode. What nobody sees of them is said, and nothing else is.
 */
#include "tests/run/lab.h"

#include <crashinject/check.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct crash_out out;

static bool has_reason(const char *reason)
{
	for (char **at = out.incomplete_reasons; *at; at++)
		if (strncmp(*at, reason, strlen(reason)) == 0)
			return true;
	return false;
}

static void assert_refused(const char *words, const char *scenario, const struct crash_opts *opts)
{
	ck_assert_int_eq(crash_run(scenario, opts, &out), CRASH_ENOSHIM);
	ck_assert_msg(strstr(crash_error_detail(), words) != NULL, "expected \"%s\" in \"%s\"", words,
		      crash_error_detail());
}

/* ------------------------------------------------------------------ secure mode */

/* A copy of programs/steps, which root makes setgid to somebody else. False: we cannot. */
static bool make_setgid(void)
{
	if (geteuid() != 0)
		return false;
	lab_copy(lab_program("steps"), "program");
	return chown("program", 0, 65534) == 0 && chmod("program", 02755) == 0;
}

static const struct {
	const char *scenario;
	uint32_t flags;
	bool said;
} children[] = {
	{"write#9", 0, false}, /* the filter sees it */
	{"write#9", CRASH_NO_SUPERVISOR, true},
	{"steps.fixed", 0, true},
	{"steps.fixed,write#9", 0, true},
	{"steps.fixed,write#9", CRASH_NO_SUPERVISOR, true},
};

START_TEST(a_child_in_secure_mode_is_seen_or_said)
{
	struct crash_opts opts = {
		.program = "sh",
		.args = LAB_ARGS("-c", "./program 'open data wc' 'write 3 one' fixed-point; :"),
		.dir = lab_dir,
		.cwd = lab_dir,
		.flags = children[_i].flags};

	if (!make_setgid())
		LAB_SKIP("only root can make a program setgid to somebody else");
	ck_assert_crash_run(children[_i].scenario, &opts, &out);
	ck_assert_exited(&out, 0);
	lab_assert_file("data", "one");
	ck_assert(has_reason("secure-mode: ") == children[_i].said);
	ck_assert(out.complete == !children[_i].said);
	crash_out_clear(&out);
}
END_TEST

START_TEST(a_program_in_secure_mode_is_refused_where_nobody_sees_it)
{
	struct crash_opts opts = {.program = "./program", .args = LAB_ARGS("open data wc", "write 3 one")};
	struct lab_listing listing;

	if (!make_setgid())
		LAB_SKIP("only root can make a program setgid to somebody else");
	assert_refused("setuid or setgid", "steps.fixed", &opts);
	assert_refused("setuid or setgid", "steps.fixed,write#1", &opts);
	opts.dir = lab_dir;
	ck_assert_crash_run("write#1", &opts, &out);
	ck_assert_crashed_at(&out, "write#1");
	ck_assert_complete(&out);
	crash_out_clear(&out);
	listing = lab_list(LAB_ARGS("--no-supervisor"),
			   (const char *const[]){"./program", "open data wc", "write 3 one", NULL});
	lab_assert_status(&listing.result, 3);
	ck_assert_ptr_nonnull(strstr(listing.result.out, "secure-mode: "));
	/* to root itself a bit of root's gives nothing */
	ck_assert_int_eq(chown("program", 0, 0), 0);
	ck_assert_int_eq(chmod("program", 06755), 0);
	opts.args = LAB_ARGS("fixed-point");
	opts.flags = CRASH_NO_SUPERVISOR;
	ck_assert_crash_run("steps.fixed", &opts, &out);
	ck_assert_crashed_at(&out, "steps.fixed");
	crash_out_clear(&out);
}
END_TEST

/* As somebody without rights: then the filter takes from the program what it would gain. */
static void run_unprivileged(void)
{
	struct crash_opts opts = {.program = "./program", .args = LAB_ARGS("fixed-point"), .dir = "/"};

	ck_assert_int_eq(chmod("program", 04755), -1); /* it is not ours */
	ck_assert_crash_run("steps.fixed,fsync#9", &opts, &out);
	ck_assert_crashed_at(&out, "steps.fixed");
	ck_assert_complete(&out);
	crash_out_clear(&out);
	assert_refused("setuid or setgid", "steps.fixed", &opts); /* for which there is no filter */
	opts.program = "./capable";
	assert_refused("file capabilities", "steps.fixed,fsync#9", &opts);
	ck_assert_crash_run("fsync#9", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_complete(&out);
	crash_out_clear(&out);
	opts.flags = CRASH_NO_SUPERVISOR;
	assert_refused("file capabilities", "fsync#9", &opts);
}

START_TEST(a_filter_may_end_secure_mode)
{
	/* struct vfs_cap_data: version 2, effective; CAP_NET_BIND_SERVICE */
	static const uint32_t capability[5] = {0x02000001, 1u << 10};
	pid_t child;
	int status;

	if (!make_setgid())
		LAB_SKIP("only root can make a program setuid to somebody else");
	ck_assert_int_eq(chmod("program", 04755), 0);
	lab_copy(lab_program("steps"), "capable");
	if (setxattr("capable", "security.capability", capability, sizeof capability, 0) < 0)
		LAB_SKIP("files have no capabilities here");
	ck_assert_int_eq(chmod(lab_dir, 0755), 0);
	setenv("TMPDIR", "/tmp", 1);
	child = fork();
	if (child == 0) {
		if (setgid(65533) < 0 || setuid(65533) < 0)
			_exit(1);
		if (access(lab_variable("CRASHINJECT_PRELOAD"), R_OK) < 0)
			_exit(77);
		run_unprivileged();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		LAB_SKIP("the shim is where other users cannot read");
	ck_assert_int_eq(status, 0);
}
END_TEST

/* ------------------------------------------------------------------ static programs */

/* What a shell starts gets what libcrashpoint needs. */
START_TEST(points_of_a_static_child_are_reached)
{
	struct crash_opts opts = {
		.program = "sh", .args = LAB_ARGS("-c", "$PROGRAMS/points_static; :"), .dir = lab_dir};

	ck_assert_crash_run(_i ? "points.handler,write#99" : "points.handler", &opts, &out);
	ck_assert_crashed_at(&out, "points.handler");
	crash_out_clear(&out);
}
END_TEST

static const struct {
	const char *scenario, *command;
	bool said;
} statics[] = {
	{"steps.fixed", "$PROGRAMS/steps_static fixed-point; :", true},
	{"steps.fixed,write#99", "$PROGRAMS/steps_static fixed-point; :", true},
	{"steps.fixed,write#99", "exec $PROGRAMS/steps_static fixed-point", true},
	{"a.point", "$PROGRAMS/side_ways_static filter seccomp log; :", false}, /* it has none */
	{"a.point,write#99", "$PROGRAMS/side_ways_static filter seccomp log; :", false},
	{"write#99", "$PROGRAMS/steps_static fixed-point; :", false}, /* nobody asks for them */
	{"points.none", "$PROGRAMS/points_static; :", false},
};

START_TEST(points_that_nobody_attends_to_are_said)
{
	struct crash_opts opts = {
		.program = "sh", .args = LAB_ARGS("-c", statics[_i].command), .dir = lab_dir};

	ck_assert_crash_run(statics[_i].scenario, &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert(has_reason("no-shim: ") == statics[_i].said);
	ck_assert(out.complete == !statics[_i].said);
	crash_out_clear(&out);
}
END_TEST

/* The filter sees its calls; that its points were not reached means nothing. */
START_TEST(a_static_program_with_dead_points_is_incomplete)
{
	struct crash_opts opts = {.program = lab_program("steps_static"), .args = LAB_ARGS("fixed-point")};

	ck_assert_crash_run("steps.fixed,write#99", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert(!out.complete && has_reason("no-shim: "));
	crash_out_clear(&out);
}
END_TEST

/* A static program hands on what those need that it starts. */
START_TEST(points_below_a_static_program_are_reached)
{
	struct crash_opts opts = {
		.program = lab_program("side_ways_static"),
		.args = LAB_ARGS("start", lab_program("points")),
		.dir = lab_dir,
	};

	ck_assert_crash_run(_i ? "points.handler,write#99" : "points.handler", &opts, &out);
	ck_assert_crashed_at(&out, "points.handler");
	crash_out_clear(&out);
}
END_TEST

START_TEST(a_libcrashpoint_of_another_version_is_called_that)
{
	struct crash_opts opts = {.program = lab_program("side_ways_static"), .args = LAB_ARGS("stranger")};

	assert_refused("of another version", "a.point", &opts);
}
END_TEST

/* A log of points needs nobody who watches calls. */
START_TEST(a_log_of_points_is_complete)
{
	struct crash_opts opts = {.program = lab_program("points"), .dir = lab_dir};

	opts.flags = _i ? CRASH_NO_SUPERVISOR : 0;
	ck_assert_crash_run("points.handler:log", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_ptr_nonnull(out.log[0]);
	ck_assert_complete(&out);
	crash_out_clear(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unloaded");
	TCase *tcase = lab_case(suite, "secure mode", 60);

	tcase_add_loop_test(tcase, a_child_in_secure_mode_is_seen_or_said, 0,
			    sizeof children / sizeof *children);
	tcase_add_test(tcase, a_program_in_secure_mode_is_refused_where_nobody_sees_it);
	tcase_add_test(tcase, a_filter_may_end_secure_mode);

	tcase = lab_case(suite, "static programs", 60);
	tcase_add_loop_test(tcase, points_of_a_static_child_are_reached, 0, 2);
	tcase_add_loop_test(tcase, points_that_nobody_attends_to_are_said, 0,
			    sizeof statics / sizeof *statics);
	tcase_add_test(tcase, a_static_program_with_dead_points_is_incomplete);
	tcase_add_loop_test(tcase, points_below_a_static_program_are_reached, 0, 2);
	tcase_add_test(tcase, a_libcrashpoint_of_another_version_is_called_that);
	tcase_add_loop_test(tcase, a_log_of_points_is_complete, 0, 2);
	return lab_run(suite);
}
