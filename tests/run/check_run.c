/* SPDX-License-Identifier: MIT */
/*
 * check_run.c - crash_run(): what it starts, what it says, what it leaves behind.
 *
 * Method: tests/programs/behave has one bad habit for each thing that can go wrong with a process tree.
 * Processes of a run are known by a variable in the environment they were started with, which stays
 * readable whatever they do to themselves.
 */
#include "tests/run/lab.h"

#include <crashinject/check.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *text_of(const char *const *list)
{
	static char text[4096];

	text[0] = '\0';
	for (; list && *list; list++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s|", *list);
	return text;
}

static struct crash_out out;

/* ------------------------------------------------------------------ defaults */

/* Everything zero: the helper, from PATH, in a fresh directory, to its end. */
START_TEST(a_zeroed_request_runs_the_helper_in_a_directory_of_its_own)
{
	char *directory = strdup(lab_variable("HELPER")), *slash = strrchr(directory, '/');
	struct stat status;

	*slash = '\0';
	setenv("PATH", lab_text("%s:%s", directory, getenv("PATH")), 1);
	setenv("TMPDIR", lab_dir, 1);
	ck_assert_crash_run(NULL, NULL, &out);
	ck_assert_exited(&out, 0);
	ck_assert_complete(&out);
	ck_assert_int_eq(out.signal, 0);
	ck_assert_ptr_null(out.point);
	ck_assert_ptr_nonnull(strstr(out.stdout_data, "ack 1 "));
	ck_assert_uint_eq(out.stdout_len, strlen(out.stdout_data));
	ck_assert_uint_eq(out.stderr_len, 0);
	ck_assert_uint_eq(out.left_behind, 0);
	ck_assert(out.seconds > 0 && out.seconds < 30);
	/* below TMPDIR, made for this run alone, and the store is in it */
	ck_assert_int_eq(strncmp(out.dir, lab_dir, strlen(lab_dir)), 0);
	ck_assert_int_eq(stat(out.dir, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0700);
	ck_assert_int_gt(lab_entries(out.dir), 0);
	crash_out_clear(&out);
	ck_assert_int_eq(lab_entries(lab_dir), 0);
}
END_TEST

/* stdin is empty, and an empty scenario has no rules. */
START_TEST(the_program_reads_nothing_unless_asked_to)
{
	struct crash_opts opts = LAB_BEHAVE("cat");
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "input", 5), 5);
	close(ends[1]);
	dup2(ends[0], 0);
	ck_assert_crash_run("", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(out.stdout_data, "");
	crash_out_clear(&out);

	opts.flags = CRASH_INHERIT_STDIN;
	ck_assert_crash_run("", &opts, &out);
	ck_assert_str_eq(out.stdout_data, "input");
	crash_out_clear(&out);
}
END_TEST

/* What is inherited is not captured. */
START_TEST(streams_that_are_inherited_go_where_the_callers_go)
{
	struct crash_opts opts = {.program = lab_program("steps"),
				  .args = LAB_ARGS("say out", "complain err")};
	int saved[2] = {dup(1), dup(2)}, fd;

	fflush(NULL);
	fd = open("streams", O_RDWR | O_CREAT | O_APPEND, 0644);
	dup2(fd, 1);
	dup2(fd, 2);
	opts.flags = CRASH_INHERIT_STDOUT;
	ck_assert_crash_run(NULL, &opts, &out);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	ck_assert_str_eq(out.stdout_data, "");
	ck_assert_str_eq(out.stderr_data, "err\n");
	lab_assert_file("streams", "out\n");
	crash_out_clear(&out);

	dup2(fd, 1);
	dup2(fd, 2);
	opts.flags = CRASH_INHERIT_STDERR;
	ck_assert_crash_run(NULL, &opts, &out);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	ck_assert_str_eq(out.stdout_data, "out\n");
	ck_assert_str_eq(out.stderr_data, "");
	lab_assert_file("streams", "out\nerr\n");
	crash_out_clear(&out);
}
END_TEST

/* The program gets the name it was asked for by, the arguments, the working directory. */
START_TEST(arguments_and_working_directory_arrive)
{
	struct crash_opts opts = {
		.program = "sh",
		.args = LAB_ARGS("-c", "echo \"$0:$1:$#\"; pwd", "zero", "one two", "", "--help"),
		.cwd = "sub"};

	ck_assert_int_eq(mkdir("sub", 0755), 0);
	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_str_eq(out.stdout_data, lab_text("zero:one two:3\n%s/sub\n", lab_dir));
	crash_out_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ output */

static unsigned char byte_at(int fd, long i)
{
	return (unsigned char)(i * 7 + (i >> 8) * 13 + fd);
}

static void check_stream(const char *data, size_t length, int fd, size_t expected)
{
	size_t same = 0;

	ck_assert_uint_eq(length, expected);
	ck_assert_int_eq(data[length], '\0');
	while (same < length && (unsigned char)data[same] == byte_at(fd, (long)same))
		same++;
	ck_assert_msg(same == length, "byte %zu of stream %d", same, fd);
}

static const size_t spews[][2] = {
	{0, 0},	       {1, 0}, {0, 1}, {4095, 4096}, {4096, 4097}, {65536, 65537}, {20 << 20, 20 << 20},
	{20 << 20, 3},
};

/* Neither stream blocks the other, NUL bytes are bytes, and each ends with a NUL that does not count. */
START_TEST(output_of_any_size_on_both_streams_arrives_unchanged)
{
	struct crash_opts opts =
		LAB_BEHAVE("spew", lab_text("%zu", spews[_i][0]), lab_text("%zu", spews[_i][1]));

	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_exited(&out, 0);
	check_stream(out.stdout_data, out.stdout_len, 1, spews[_i][0]);
	check_stream(out.stderr_data, out.stderr_len, 2, spews[_i][1]);
	crash_out_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ endings */

static const int statuses[] = {0, 1, 3, 42, 124, 125, 126, 127, 128, 137, 255};

START_TEST(the_exit_status_is_the_programs_own)
{
	struct crash_opts opts = LAB_BEHAVE("exit", lab_text("%d", statuses[_i]));

	ck_assert_crash_run(_i % 2 ? "write#1" : NULL, &opts, &out);
	ck_assert_exited(&out, statuses[_i]);
	ck_assert_int_eq(out.signal, 0);
	ck_assert_uint_eq(out.left_behind, 0);
	ck_assert_str_eq(text_of((const char *const *)out.unreached), _i % 2 ? "write#1|" : "");
	ck_assert_str_eq(out.passed, "no points");
	crash_out_clear(&out);
}
END_TEST

static const int deaths[] = {SIGTERM, SIGKILL, SIGSEGV, SIGABRT,
			     SIGHUP,  SIGINT,  SIGXFSZ, 34 /* a realtime signal */};

/* SIGKILL by anybody else is somebody else's, also while a rule waits for its point. */
START_TEST(a_signal_that_is_not_ours_is_told_and_is_no_crash)
{
	struct crash_opts opts = LAB_BEHAVE("die", lab_text("%d", deaths[_i / 2]));

	ck_assert_crash_run(_i % 2 ? "write#1" : "", &opts, &out);
	ck_assert(!out.killed);
	ck_assert(!out.timed_out);
	ck_assert_int_eq(out.signal, deaths[_i / 2]);
	ck_assert_int_eq(out.exit_code, -1);
	ck_assert_ptr_null(out.point);
	crash_out_clear(&out);
}
END_TEST

START_TEST(a_kill_by_the_programs_own_child_is_no_crash)
{
	struct crash_opts opts = LAB_BEHAVE("murdered");

	ck_assert_crash_run("write#1,fsync#2", &opts, &out);
	ck_assert(!out.killed);
	ck_assert(!out.timed_out);
	ck_assert_int_eq(out.signal, SIGKILL);
	ck_assert_str_eq(text_of((const char *const *)out.unreached), "write#1|fsync#2|");
	crash_out_clear(&out);
}
END_TEST

/* Nor is it if rules have fired before, as long as they kill nobody. */
START_TEST(a_kill_after_a_rule_that_only_logs_is_no_crash)
{
	struct crash_opts opts = {.program = lab_program("steps"),
				  .args = LAB_ARGS("open data wc", "write 3 one", "raise 9")};

	ck_assert_crash_run("write#1:log", &opts, &out);
	ck_assert(!out.killed);
	ck_assert_int_eq(out.signal, SIGKILL);
	ck_assert_ptr_null(out.point);
	ck_assert_str_eq(text_of((const char *const *)out.unreached), "");
	crash_out_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ trees */

static const struct {
	const char *habit, *argument, *scenario;
} endless[] = {
	{"sleep", NULL, NULL},	   {"sleep", NULL, "write#1"}, {"ignore", NULL, "write#1"},
	{"stop", NULL, NULL},	   {"stop", NULL, "write#1"},  {"tree", "12", NULL},
	{"tree", "12", "fsync#9"},
};

/* A timeout is never a crash, and takes the whole tree, whatever its processes do about signals. */
START_TEST(a_timeout_ends_the_whole_tree)
{
	const char *marker = lab_mark("timeout");
	struct crash_opts opts = LAB_BEHAVE(endless[_i].habit, endless[_i].argument);

	opts.timeout_ms = 300;
	opts.env = LAB_ARGS(marker);
	ck_assert_crash_run(endless[_i].scenario, &opts, &out);
	ck_assert_timed_out(&out);
	ck_assert_int_eq(out.exit_code, -1);
	ck_assert_int_eq(out.signal, SIGKILL);
	ck_assert_ptr_null(out.point);
	ck_assert(out.seconds >= 0.3);
	ck_assert_uint_eq(lab_processes(marker), 0);
	crash_out_clear(&out);
}
END_TEST

/* No timeout means none: the program decides when it is over. */
START_TEST(without_a_timeout_the_program_takes_its_time)
{
	struct crash_opts opts = {.program = lab_program("steps"), .args = LAB_ARGS("sleep 400", "say over")};

	opts.timeout_ms = CRASH_NO_TIMEOUT;
	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(out.stdout_data, "over\n");
	ck_assert(out.seconds >= 0.4);
	crash_out_clear(&out);
}
END_TEST

/* Double fork, a session of its own, no descriptors: the daemon is ended all the same, and counted. */
START_TEST(a_daemon_is_left_behind_and_ended)
{
	const char *marker = lab_mark("daemon");
	struct crash_opts opts = LAB_BEHAVE("daemon");

	opts.linger_ms = 50;
	opts.env = LAB_ARGS(marker);
	ck_assert_crash_run(_i ? "write#1" : NULL, &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_uint_eq(out.left_behind, 1);
	ck_assert_uint_eq(lab_processes(marker), 0);
	crash_out_clear(&out);
}
END_TEST

/* A process that outlives the program a little may finish. */
START_TEST(what_lingers_may_finish_within_its_time)
{
	struct crash_opts opts = {
		.program = lab_program("steps"),
		.args = LAB_ARGS("background {", "sleep 200", "open late wc", "write 3 done", "}", "exit 0"),
		.dir = lab_dir,
	};

	opts.linger_ms = 20000;
	ck_assert_crash_run("write#7", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_uint_eq(out.left_behind, 0);
	ck_assert(out.seconds < 19);
	lab_assert_file("late", "done");
	crash_out_clear(&out);
}
END_TEST

/* ... but not beyond the time of the whole tree. */
START_TEST(the_timeout_ends_what_lingers)
{
	struct crash_opts opts = {
		.program = lab_program("steps"),
		.args = LAB_ARGS("background {", "sleep 20000", "open late wc", "}", "exit 0"),
		.dir = lab_dir,
	};

	opts.timeout_ms = 4000;
	opts.linger_ms = 60000;
	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_uint_eq(out.left_behind, 1);
	ck_assert_int_eq(access("late", F_OK), -1);
	crash_out_clear(&out);
}
END_TEST

/* ... and crash: a point that a child reaches after the program's end is still a point. */
START_TEST(what_lingers_can_still_crash)
{
	struct crash_opts opts = {
		.program = lab_program("steps"),
		.args = LAB_ARGS("background {", "sleep 200", "open late wc", "write 3 one", "write 3 two",
				 "}", "exit 0"),
		.dir = lab_dir,
	};

	opts.linger_ms = 20000;
	ck_assert_crash_run("write#2", &opts, &out);
	ck_assert(out.killed);
	ck_assert_str_eq(out.point, "write#2");
	ck_assert_int_eq(out.exit_code, 0);
	lab_assert_file("late", "one");
	crash_out_clear(&out);
}
END_TEST

/* The control block is mapped and not a descriptor, so that closing everything changes nothing. */
START_TEST(a_program_that_closes_every_descriptor_is_still_crashed)
{
	struct crash_opts opts = LAB_BEHAVE("barefoot");

	opts.dir = lab_dir;
	ck_assert_crash_run("write#2", &opts, &out);
	ck_assert_crashed_at(&out, "write#2");
	lab_assert_file("data", "first\n");
	crash_out_clear(&out);
}
END_TEST

/* Without a filter a call inside libc that is not patched would be missed. */
START_TEST(a_damaged_note_about_libc_hides_no_call)
{
	static const char *const damages[] = {"nothing", "count", "place", "sum"};
	struct crash_opts opts = {.program = lab_program("scribble"),
				  .args = LAB_ARGS(damages[_i]),
				  .flags = CRASH_NO_SUPERVISOR};

	ck_assert_crash_run("write@*/line", &opts, &out);
	ck_assert_msg(out.killed, "%s", out.stderr_data);
	ck_assert_crashed_at(&out, "write#1");
	lab_assert_file("line", "");
	crash_out_clear(&out);
}
END_TEST

static void assert_incomplete(const char *reason)
{
	bool told = false;

	for (char **at = out.incomplete_reasons; at && *at; at++)
		told |= strncmp(*at, reason, strlen(reason)) == 0;
	ck_assert_msg(told && !out.complete, "not said: %s", reason);
}

/*
 * A program of the tree that has the shim of another installation cannot read the block. That is said on its
 * stderr and in the result, with the supervisor, which sees its calls, and without.
 */
START_TEST(a_shim_of_another_version_is_noticed)
{
	struct crash_opts opts = {.program = lab_program("scribble"),
				  .args = LAB_ARGS("version"),
				  .flags = _i ? CRASH_NO_SUPERVISOR : 0};

	ck_assert_crash_run("write#2", &opts, &out);
	ck_assert_exited(&out, 0);
	lab_assert_file("line", "a line\n");
	ck_assert_ptr_nonnull(strstr(out.stderr_data, "and this shim is of version "));
	ck_assert_ptr_nonnull(strstr(out.stderr_data, "this process is not watched"));
	assert_incomplete("other-shim: ");
	crash_out_clear(&out);
}
END_TEST

/* A stray store into the memory that is shared ends neither keeper nor command, and is no crash of ours. */
START_TEST(damaged_memory_makes_the_run_incomplete)
{
	static const char *const damages[] = {"ring", "rings", "rule",	  "call",      "plan", "zeros",
					      "ones", "noise", "counter", "rings-too", "over", "over-raw"};
	struct crash_opts opts = {.program = lab_program("scribble"),
				  .args = LAB_ARGS(damages[_i / 2], _i % 2 ? "12" : NULL)};

	opts.timeout_ms = _i < 10 ? 60000 : 4000; /* some wait for what is gone */
	ck_assert_crash_run("write:log,write#9", &opts, &out);
	ck_assert(!out.killed || (_i % 2 && strcmp(out.point, "write#9") == 0));
	assert_incomplete("damaged: ");
	crash_out_clear(&out);
}
END_TEST

/* Only a rule stops the tree, and with it the clock. */
START_TEST(a_timeout_holds_whatever_the_program_wrote_over)
{
	struct crash_opts opts = {
		.program = lab_program("scribble"), .args = LAB_ARGS("stopped"), .timeout_ms = 300};

	ck_assert_crash_run("write#9", &opts, &out);
	ck_assert(out.timed_out);
	crash_out_clear(&out);
}
END_TEST

/* Whatever else is there: the supervisor sees what the shim cannot count any more. */
START_TEST(what_is_mapped_over_the_block_hides_no_call)
{
	static const char *const damages[] = {"over", "over-raw"};
	struct crash_opts opts = {.program = lab_program("scribble"), .args = LAB_ARGS(damages[_i], "12")};

	ck_assert_crash_run("write#9", &opts, &out);
	ck_assert_crashed_at(&out, "write#9");
	assert_incomplete("damaged: ");
	crash_out_clear(&out);
}
END_TEST

/* Without us there would be nothing there to unmap. */
START_TEST(who_unmaps_all_that_is_there_does_not_unmap_the_block)
{
	static const char *const damages[] = {"unmap", "protect"};
	struct crash_opts opts = {.program = lab_program("scribble"),
				  .args = LAB_ARGS(damages[_i / 2], _i % 2 ? "12" : NULL)};

	ck_assert_crash_run("write#9", &opts, &out);
	ck_assert(out.killed == _i % 2);
	if (!out.killed)
		ck_assert_exited(&out, 0);
	ck_assert_complete(&out);
	crash_out_clear(&out);
}
END_TEST

/* Many signals while the program runs under watch disturb neither. */
START_TEST(a_program_in_a_storm_of_signals_ends_as_it_does_alone)
{
	struct crash_opts opts = LAB_BEHAVE("storm");

	ck_assert_crash_run("write#1", &opts, &out);
	ck_assert_exited(&out, 5);
	crash_out_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ directories */

static const char *const nested[] = {
	"mkdir a", "mkdir a/b", "open a/b/c wc", "symlink /etc link", "open f wc", "write 4 x", NULL};

/* A directory that was made is removed with all that is in it, and nothing outside is. */
START_TEST(a_directory_that_was_made_goes_with_the_result)
{
	struct crash_opts opts = {.program = lab_program("steps"), .args = nested};
	char *dir;

	ck_assert_crash_run(_i ? "write#1" : NULL, &opts, &out);
	ck_assert(out.killed == (_i != 0));
	dir = strdup(out.dir);
	ck_assert_int_eq(lab_entries(dir), 3);
	crash_out_clear(&out);
	ck_assert_int_eq(lab_entries(dir), -1);
	ck_assert_int_eq(access("/etc/passwd", R_OK), 0);
	/* once more does nothing */
	crash_out_clear(&out);
}
END_TEST

START_TEST(a_directory_stays_if_it_was_given_or_is_to_be_kept)
{
	struct crash_opts opts = {.program = lab_program("steps"), .args = nested, .dir = "given"};
	char *dir;

	ck_assert_int_eq(mkdir("given", 0755), 0);
	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_str_eq(out.dir, lab_text("%s/given", lab_dir));
	crash_out_clear(&out);
	ck_assert_int_eq(lab_entries("given"), 3);

	setenv("TMPDIR", lab_dir, 1);
	opts.dir = NULL;
	opts.flags = CRASH_KEEP_DIR;
	ck_assert_crash_run(NULL, &opts, &out);
	dir = strdup(out.dir);
	crash_out_clear(&out);
	ck_assert_int_eq(lab_entries(dir), 3);
}
END_TEST

/* A run that cannot be made leaves no directory. */
START_TEST(a_run_that_fails_leaves_no_directory)
{
	struct crash_opts opts = LAB_BEHAVE("exit", "0");

	ck_assert_int_eq(mkdir("tmp", 0755), 0);
	setenv("TMPDIR", lab_text("%s/tmp", lab_dir), 1);
	ck_assert_int_eq(crash_run("write#", &opts, &out), CRASH_ESPEC);
	opts.root = "/nonexistent";
	ck_assert_int_eq(crash_run("write#1", &opts, &out), CRASH_EDIR);
	ck_assert_int_eq(lab_entries("tmp"), 0);
}
END_TEST

/* ------------------------------------------------------------------ environment */

/* The caller's, then ours, then the request's: the last one wins, and there is one of each name. */
START_TEST(environment_strings_of_the_request_win)
{
	struct crash_opts opts = {.program = "env"};
	char *text;

	setenv("LAB_OWN", "callers", 1);
	setenv("LAB_BOTH", "callers", 1);
	setenv("CRASH_AT", "fsync#99", 1);
	opts.env = LAB_ARGS("LAB_BOTH=first", "LAB_NEW=new=er", "LAB_BOTH=second", "LAB_EMPTY=");
	opts.dir = lab_dir;
	ck_assert_crash_run("write#5", &opts, &out);
	text = lab_text("\n%s", out.stdout_data);
	ck_assert_ptr_nonnull(strstr(text, "\nLAB_OWN=callers\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nLAB_BOTH=second\n"));
	ck_assert_ptr_null(strstr(strstr(text, "\nLAB_BOTH=") + 1, "\nLAB_BOTH="));
	ck_assert_ptr_nonnull(strstr(text, "\nLAB_NEW=new=er\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nLAB_EMPTY=\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nCRASH_AT=write#5\n"));
	ck_assert_ptr_null(strstr(text, "fsync#99"));
	ck_assert_ptr_nonnull(strstr(text, lab_text("\nCRASH_DIR=%s\n", lab_dir)));
	crash_out_clear(&out);

	opts.env = LAB_ARGS("CRASH_DIR=/elsewhere");
	ck_assert_crash_run("write#5", &opts, &out);
	ck_assert_ptr_nonnull(strstr(out.stdout_data, "CRASH_DIR=/elsewhere\n"));
	crash_out_clear(&out);
}
END_TEST

/* A preload of the caller's own comes along, and the program sees nothing of ours. */
START_TEST(an_ld_preload_that_is_there_is_kept)
{
	struct crash_opts opts = LAB_BEHAVE("print", "LD_PRELOAD");

	ck_assert_crash_run("write#5", &opts, &out);
	ck_assert_str_eq(out.stdout_data, "(unset)\n");
	crash_out_clear(&out);
	opts.env = LAB_ARGS("LD_PRELOAD=libm.so.6");
	ck_assert_crash_run("write#5", &opts, &out);
	ck_assert_str_eq(out.stdout_data, "libm.so.6\n");
	crash_out_clear(&out);
	/* the program of a plain run is not touched at all */
	opts.env = NULL;
	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_str_eq(out.stdout_data, "(unset)\n");
	crash_out_clear(&out);
}
END_TEST

/*
 * What a library puts in the place of libc's functions is for the program, and may not be ready when the shim
 * starts: under fakeroot, files had other owners.
 */
START_TEST(a_library_beside_ours_is_not_called_by_ours)
{
	const char *library = lab_text("LD_PRELOAD=%s/../../.libs/libbystander.so", lab_variable("PROGRAMS"));
	struct crash_opts opts = {.program = lab_program("steps"),
				  .args = LAB_ARGS("open data bct", "write 3 one", "store 3 0 two", "fork {",
						   "write 3 child", "}", "fsync 3", "close 3", "exec {",
						   "open data wa", "write 3 more"),
				  .env = LAB_ARGS(library),
				  .dir = lab_dir};
	static const char *const scenarios[] = {"write#99", "write:log"};

	ck_assert_crash_run(scenarios[_i], &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(out.stdout_data, "");
	ck_assert_str_eq(out.stderr_data, "");
	crash_out_clear(&out);
}
END_TEST

/*
 * Before our constructor has run, what another library's does is seen by the supervisor; and what the shim
 * has instead of libc's functions works, also where there is no supervisor. Newer loaders run the constructor
 * of the library first that is loaded first.
 */
START_TEST(constructors_before_ours_are_seen)
{
	const char *library = lab_text("%s/../../.libs/libearly.so", lab_variable("PROGRAMS"));
	struct crash_opts opts = {.program = lab_program("steps"),
				  .args = LAB_ARGS("open data wct", "write 3 one"),
				  .env = LAB_ARGS(lab_text("LD_PRELOAD=%s", library), "EARLY=line"),
				  .dir = lab_dir,
				  .cwd = lab_dir};
	struct lab_result result;

	result =
		LAB_COMMAND("env", lab_text("LD_PRELOAD=%s %s", lab_variable("CRASHINJECT_PRELOAD"), library),
			    "CRASH_AT=write#99", "EARLY=line", opts.program, "open data wct");
	ck_assert_int_eq(result.status, 0);
	lab_assert_file("line", "early\n");
	ck_assert_crash_run("write#99", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_complete(&out);
	crash_out_clear(&out);
	ck_assert_crash_run("write@*/line", &opts, &out);
	ck_assert_crashed_at(&out, "write#1");
	lab_assert_file("line", "");
	crash_out_clear(&out);
}
END_TEST

START_TEST(owners_that_fakeroot_makes_are_the_same)
{
	struct lab_result result = LAB_COMMAND("fakeroot", "true");
	struct crash_opts opts = {.program = "fakeroot",
				  .args = LAB_ARGS("sh", "-c",
						   "touch a && chown 1:2 a && stat -c %u:%g a && cp -p a b "
						   "&& mv b c && ls -n --time-style=+ c"),
				  .dir = lab_dir,
				  .cwd = lab_dir};
	char *alone;

	if (result.status != 0)
		LAB_SKIP("there is no fakeroot that works");
	ck_assert_crash_run(NULL, &opts, &out);
	alone = lab_text("%s", out.stdout_data);
	ck_assert_msg(strncmp(alone, "1:2\n", 4) == 0, "%s", alone);
	crash_out_clear(&out);
	ck_assert_crash_run("write#99", &opts, &out);
	ck_assert_exited(&out, 0);
	ck_assert_str_eq(out.stdout_data, alone);
	crash_out_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ describing */

START_TEST(a_description_says_how_it_ended_and_what_was_written)
{
	struct crash_opts opts = {
		.program = lab_program("steps"),
		.dir = lab_dir,
		.args = LAB_ARGS("say to-stdout", "complain to-stderr", "open data wc", "write 3 12345")};
	char *text;

	ck_assert_crash_run("write@*/data:torn=2", &opts, &out);
	text = crash_out_describe(&out);
	ck_assert_ptr_nonnull(strstr(text, "killed at write#1 (write) on "));
	ck_assert_ptr_nonnull(strstr(text, "/data, 5 bytes, 2 of them written"));
	ck_assert_ptr_nonnull(strstr(text, "rule write@*/data:torn=2, process "));
	ck_assert_ptr_nonnull(strstr(text, "do_write"));
	ck_assert_ptr_nonnull(strstr(text, "its stdout:\nto-stdout\n"));
	ck_assert_ptr_nonnull(strstr(text, "its stderr:\nto-stderr\n"));
	free(text);
	crash_out_clear(&out);

	ck_assert_crash_run("fsync#2", &opts, &out);
	text = crash_out_describe(&out);
	ck_assert_ptr_nonnull(strstr(text, "fsync#2 was not reached; the program exited with 0"));
	ck_assert_ptr_nonnull(strstr(text, "it passed 1 write, 1 open"));
	free(text);
	crash_out_clear(&out);
}
END_TEST

/* It said "0 of them written" of bytes that were in the file, and named a caller at address 0. */
START_TEST(a_store_is_found_when_it_is_written)
{
	struct crash_opts opts = {
		.program = lab_program(_i ? "mapped_static" : "mapped"), .dir = lab_dir, .cwd = lab_dir};
	char *text;

	ck_assert_crash_run("store#1", &opts, &out);
	text = crash_out_describe(&out);
	ck_assert_msg(strstr(text, "/mapped, offset 65536, 4096 bytes, 4096 of them written") != NULL, "%s",
		      text);
	ck_assert_msg(strstr(text, " 0x0 ") == NULL && strstr(text, " 0x0\n") == NULL, "%s", text);
	ck_assert_int_eq(lab_read("mapped", NULL)[66000], 'x');
	free(text);
	crash_out_clear(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crash_run");
	TCase *tcase;

	tcase = lab_case(suite, "defaults", 60);
	tcase_add_test(tcase, a_zeroed_request_runs_the_helper_in_a_directory_of_its_own);
	tcase_add_test(tcase, the_program_reads_nothing_unless_asked_to);
	tcase_add_test(tcase, streams_that_are_inherited_go_where_the_callers_go);
	tcase_add_test(tcase, arguments_and_working_directory_arrive);

	tcase = lab_case(suite, "output", 60);
	tcase_add_loop_test(tcase, output_of_any_size_on_both_streams_arrives_unchanged, 0,
			    sizeof spews / sizeof *spews);

	tcase = lab_case(suite, "endings", 60);
	tcase_add_loop_test(tcase, the_exit_status_is_the_programs_own, 0,
			    sizeof statuses / sizeof *statuses);
	tcase_add_loop_test(tcase, a_signal_that_is_not_ours_is_told_and_is_no_crash, 0,
			    2 * sizeof deaths / sizeof *deaths);
	tcase_add_test(tcase, a_kill_by_the_programs_own_child_is_no_crash);
	tcase_add_test(tcase, a_kill_after_a_rule_that_only_logs_is_no_crash);

	tcase = lab_case(suite, "trees", 60);
	tcase_add_loop_test(tcase, a_timeout_ends_the_whole_tree, 0, sizeof endless / sizeof *endless);
	tcase_add_test(tcase, without_a_timeout_the_program_takes_its_time);
	tcase_add_loop_test(tcase, a_daemon_is_left_behind_and_ended, 0, 2);
	tcase_add_test(tcase, what_lingers_may_finish_within_its_time);
	tcase_add_test(tcase, the_timeout_ends_what_lingers);
	tcase_add_test(tcase, what_lingers_can_still_crash);
	tcase_add_test(tcase, a_program_that_closes_every_descriptor_is_still_crashed);
	tcase_add_loop_test(tcase, a_damaged_note_about_libc_hides_no_call, 0, 4);
	tcase_add_loop_test(tcase, a_shim_of_another_version_is_noticed, 0, 2);
	tcase_add_test(tcase, a_timeout_holds_whatever_the_program_wrote_over);
	tcase_add_loop_test(tcase, damaged_memory_makes_the_run_incomplete, 0, 24);
	tcase_add_loop_test(tcase, what_is_mapped_over_the_block_hides_no_call, 0, 2);
	tcase_add_loop_test(tcase, who_unmaps_all_that_is_there_does_not_unmap_the_block, 0, 4);
	tcase_add_test(tcase, a_program_in_a_storm_of_signals_ends_as_it_does_alone);

	tcase = lab_case(suite, "directories", 60);
	tcase_add_loop_test(tcase, a_directory_that_was_made_goes_with_the_result, 0, 2);
	tcase_add_test(tcase, a_directory_stays_if_it_was_given_or_is_to_be_kept);
	tcase_add_test(tcase, a_run_that_fails_leaves_no_directory);

	tcase = lab_case(suite, "environment", 60);
	tcase_add_test(tcase, environment_strings_of_the_request_win);
	tcase_add_test(tcase, an_ld_preload_that_is_there_is_kept);
	tcase_add_loop_test(tcase, a_library_beside_ours_is_not_called_by_ours, 0, 2);
	tcase_add_test(tcase, constructors_before_ours_are_seen);
	tcase_add_test(tcase, owners_that_fakeroot_makes_are_the_same);

	tcase = lab_case(suite, "describing", 60);
	tcase_add_test(tcase, a_description_says_how_it_ended_and_what_was_written);
	tcase_add_loop_test(tcase, a_store_is_found_when_it_is_written, 0, 2);
	return lab_run(suite);
}
