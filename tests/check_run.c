/* SPDX-License-Identifier: MIT */
/*
 * check_run.c - crash_run(): what it starts, what it says, what it leaves behind.
 *
 * Method: tests/programs/behave has one bad habit for each thing that can go wrong with a process tree.
 * Processes of a run are known by a variable in the environment they were started with, which stays
 * readable whatever they do to themselves.
 */
#include "tests/lab.h"

#include <crashinject/check.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A run of behave with one habit. */
#define BEHAVE(...) {.program = lab_program("behave"), .args = ARGS(__VA_ARGS__)}

static const char *text_of(const char *const *list)
{
	static char text[4096];

	text[0] = '\0';
	for (; list && *list; list++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s|", *list);
	return text;
}

static struct crash_out out;

/* Marks the processes of a test; returns the variable. */
static const char *mark(const char *name)
{
	return lab_text("LAB_MARK=%s-%d", name, (int)getpid());
}

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

/* stdin is empty, and an empty scenario is none. */
START_TEST(the_program_reads_nothing_unless_asked_to)
{
	struct crash_opts opts = BEHAVE("cat");
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
	struct crash_opts opts = {.program = lab_program("steps"), .args = ARGS("say out", "complain err")};
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
	struct crash_opts opts = {.program = "sh",
				  .args = ARGS("-c", "echo \"$0:$1:$#\"; pwd", "zero", "one two", "", "--help"),
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
	{0, 0}, {1, 0}, {0, 1}, {4095, 4096}, {4096, 4097}, {65536, 65537}, {20 << 20, 20 << 20}, {20 << 20, 3},
};

/* Neither stream blocks the other, NUL bytes are bytes, and each ends with a NUL that does not count. */
START_TEST(output_of_any_size_on_both_streams_arrives_unchanged)
{
	struct crash_opts opts = BEHAVE("spew", lab_text("%zu", spews[_i][0]), lab_text("%zu", spews[_i][1]));

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
	struct crash_opts opts = BEHAVE("exit", lab_text("%d", statuses[_i]));

	ck_assert_crash_run(_i % 2 ? "write#1" : NULL, &opts, &out);
	ck_assert_exited(&out, statuses[_i]);
	ck_assert_int_eq(out.signal, 0);
	ck_assert_uint_eq(out.left_behind, 0);
	ck_assert_str_eq(text_of((const char *const *)out.unreached), _i % 2 ? "write#1|" : "");
	ck_assert_str_eq(out.passed, "no points");
	crash_out_clear(&out);
}
END_TEST

static const int deaths[] = {SIGTERM, SIGKILL, SIGSEGV, SIGABRT, SIGHUP, SIGINT, SIGXFSZ, 34 /* a realtime signal */};

/* SIGKILL by anybody else is somebody else's, also while a rule waits for its point. */
START_TEST(a_signal_that_is_not_ours_is_told_and_is_no_crash)
{
	struct crash_opts opts = BEHAVE("die", lab_text("%d", deaths[_i / 2]));

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
	struct crash_opts opts = BEHAVE("murdered");

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
				  .args = ARGS("open data wc", "write 3 one", "raise 9")};

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
	{"sleep", NULL, NULL},	  {"sleep", NULL, "write#1"}, {"ignore", NULL, "write#1"}, {"stop", NULL, NULL},
	{"stop", NULL, "write#1"}, {"tree", "12", NULL},	      {"tree", "12", "fsync#9"},
};

/* A timeout is never a crash, and takes the whole tree, whatever its processes do about signals. */
START_TEST(a_timeout_ends_the_whole_tree)
{
	const char *marker = mark("timeout");
	struct crash_opts opts = BEHAVE(endless[_i].habit, endless[_i].argument);

	opts.timeout_ms = 300;
	opts.env = ARGS(marker);
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
	struct crash_opts opts = {.program = lab_program("steps"), .args = ARGS("sleep 400", "say over")};

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
	const char *marker = mark("daemon");
	struct crash_opts opts = BEHAVE("daemon");

	opts.linger_ms = 50;
	opts.env = ARGS(marker);
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
		.args = ARGS("background {", "sleep 200", "open late wc", "write 3 done", "}", "exit 0"),
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

/* ... and crash: a point that a child reaches after the program's end is still a point. */
START_TEST(what_lingers_can_still_crash)
{
	struct crash_opts opts = {
		.program = lab_program("steps"),
		.args = ARGS("background {", "sleep 200", "open late wc", "write 3 one", "write 3 two", "}", "exit 0"),
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
	struct crash_opts opts = BEHAVE("barefoot");

	opts.dir = lab_dir;
	ck_assert_crash_run("write#2", &opts, &out);
	ck_assert_crashed_at(&out, "write#2");
	lab_assert_file("data", "first\n");
	crash_out_clear(&out);
}
END_TEST

/* Many signals while the program runs under watch disturb neither. */
START_TEST(a_program_in_a_storm_of_signals_ends_as_it_does_alone)
{
	struct crash_opts opts = BEHAVE("storm");

	ck_assert_crash_run("write#1", &opts, &out);
	ck_assert_exited(&out, 5);
	crash_out_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ the caller */

static volatile int caller_alarms;

static void count_alarm(int signal)
{
	(void)signal;
	caller_alarms++;
}

/* Signals of the caller arrive there, during the run, and no interrupted call spoils it. */
START_TEST(the_callers_own_signals_go_on)
{
	struct crash_opts opts = {.program = lab_program("steps"), .args = ARGS("sleep 300", "exit 6")};
	struct itimerval often = {{0, 1000}, {0, 1000}}, never = {0};
	struct sigaction action = {.sa_handler = count_alarm}, after;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	ck_assert_crash_run("write#1", &opts, &out);
	setitimer(ITIMER_REAL, &never, NULL);
	ck_assert_exited(&out, 6);
	ck_assert_int_gt(caller_alarms, 20);
	sigaction(SIGALRM, NULL, &after);
	ck_assert_ptr_eq((void *)after.sa_handler, (void *)count_alarm);
	crash_out_clear(&out);
}
END_TEST

/* A line of /proc/PID/status that is a set of signals; without the two that are libc's own affair. */
static unsigned long long signals_in(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	ck_assert_msg(at != NULL, "no %s in %s", name, status);
	return strtoull(at + strlen(name), NULL, 16) & ~(3ull << 31);
}

/* The program starts with the signals blocked and ignored that the caller has blocked and ignored. */
START_TEST(the_program_inherits_the_callers_signal_mask)
{
	const char *const arguments[] = {"cat", "/proc/self/status", NULL}, *alone;
	struct crash_opts opts = {.program = arguments[0], .args = arguments + 1};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGUSR2, SIG_IGN);
	alone = lab_command(NULL, arguments).out;
	ck_assert_crash_run("write#1", &opts, &out);
	ck_assert_uint_eq(signals_in(out.stdout_data, "SigBlk:"), UINT64_C(1) << (SIGUSR1 - 1));
	ck_assert_uint_eq(signals_in(out.stdout_data, "SigIgn:"), signals_in(alone, "SigIgn:"));
	ck_assert_uint_ne(signals_in(alone, "SigIgn:") & UINT64_C(1) << (SIGUSR2 - 1), 0);
	crash_out_clear(&out);
}
END_TEST

/* A caller that ignores SIGCHLD still learns how its programs ended. */
START_TEST(a_caller_that_ignores_the_end_of_children_gets_every_status)
{
	struct crash_opts opts = BEHAVE("exit", "3"), crash = {.program = lab_program("steps"),
							      .args = ARGS("open a wc", "write 3 x")};

	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 40; i++) {
		ck_assert_crash_run(i % 2 ? NULL : "write#1", &opts, &out);
		ck_assert_exited(&out, 3);
		crash_out_clear(&out);
	}
	ck_assert_crash_run("write#1", &crash, &out);
	ck_assert_crashed_at(&out, "write#1");
	crash_out_clear(&out);
}
END_TEST

/* A child of the caller's own, which has nothing to do with the run, is the caller's to wait for. */
START_TEST(the_callers_other_children_are_left_alone)
{
	struct crash_opts opts = BEHAVE("exit", "0");
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(17);
	ck_assert_crash_run("write#1", &opts, &out);
	crash_out_clear(&out);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 17);
	/* one that lives is not taken for a process of the run */
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	ck_assert_crash_run("write#1", &opts, &out);
	ck_assert_uint_eq(out.left_behind, 0);
	crash_out_clear(&out);
	ck_assert(lab_lives(pid));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
END_TEST

/* Fifty runs of all kinds leave nothing: no zombie, no descriptor, no file, no process. */
START_TEST(fifty_runs_leave_nothing_behind)
{
	const char *marker = mark("leak"), *environment[] = {marker, NULL};
	struct crash_opts opts[] = {
		BEHAVE("control"),
		{.program = lab_program("steps"), .args = ARGS("open a wc", "write 3 x", "fsync 3")},
		BEHAVE("exit", "3"),
		{.program = lab_program("steps_static"), .args = ARGS("open a wc", "write 3 x", "fsync 3")},
		BEHAVE("tree", "3"),
		{.program = "/nonexistent/program"},
	};
	static const char *const scenarios[] = {NULL, "write#1", "fsync#1:log", "write#1:after", "write#1", "write#1"};
	char *controls[10];
	unsigned int descriptors, count = 0;

	ck_assert_int_eq(mkdir("tmp", 0755), 0);
	setenv("TMPDIR", lab_text("%s/tmp", lab_dir), 1);
	for (int i = 0; i < 54; i++) {
		int kind = i % 6, error;

		if (i == 6)
			descriptors = lab_descriptors();
		opts[kind].env = environment;
		opts[kind].timeout_ms = kind == 4 ? 50 : 20000;
		error = crash_run(scenarios[kind], &opts[kind], &out);
		ck_assert_int_eq(error, kind == 5 ? CRASH_ENOPROGRAM : 0);
		if (error)
			continue;
		ck_assert(out.killed == (kind == 1 || kind == 3));
		ck_assert(out.timed_out == (kind == 4));
		crash_out_clear(&out);
	}
	ck_assert_uint_eq(lab_descriptors(), descriptors);
	ck_assert_int_eq(lab_entries("tmp"), 0);
	ck_assert_uint_eq(lab_processes(marker), 0);
	ck_assert_int_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	/* where the run's own files were, there is nothing now */
	for (; count < 10; count++) {
		struct crash_opts asking = BEHAVE("control");

		ck_assert_crash_run("write#1", &asking, &out);
		out.stdout_data[strcspn(out.stdout_data, "\n")] = '\0';
		ck_assert_msg(out.stdout_data[0] == '/', "no control block: %s", out.stdout_data);
		controls[count] = strdup(out.stdout_data);
		crash_out_clear(&out);
	}
	while (count--) {
		ck_assert_msg(access(controls[count], F_OK) < 0, "%s is still there", controls[count]);
		*strrchr(controls[count], '/') = '\0';
		ck_assert_msg(access(controls[count], F_OK) < 0, "%s is still there", controls[count]);
	}
}
END_TEST

struct job {
	pthread_t thread;
	int number;
	const char *problem;
};

/* One thread's runs: a crash, an ending, an error, each with an answer of its own. */
static void *do_runs(void *argument)
{
	struct job *job = argument;
	char rule[32], point[32], text[32], missing[32];
	struct crash_opts opts = {.program = lab_program("steps")}, other = {.program = missing};
	struct crash_out mine;

	snprintf(rule, sizeof rule, "write#%d:after", job->number);
	snprintf(point, sizeof point, "write#%d", job->number);
	snprintf(text, sizeof text, "say %d", job->number);
	snprintf(missing, sizeof missing, "/missing/program-%d", job->number);
	opts.args = ARGS("open data wc", text, "repeat 8 {", "write 3 x", "}");
	for (int i = 0; i < 6; i++) {
		size_t bytes = 0;

		if (crash_run(rule, &opts, &mine) != 0)
			return job->problem = "an error", NULL;
		free(lab_read(lab_text("%s/data", mine.dir), &bytes));
		if (!mine.killed || strcmp(mine.point, point) != 0)
			return job->problem = "another point", NULL;
		if (bytes != (size_t)job->number)
			return job->problem = "another file", NULL;
		if (atoi(mine.stdout_data) != job->number)
			return job->problem = "another output", NULL;
		crash_out_clear(&mine);
		if (crash_run(rule, &other, &mine) != CRASH_ENOPROGRAM || !strstr(crash_error_detail(), missing))
			return job->problem = "another error", NULL;
	}
	return NULL;
}

START_TEST(eight_threads_run_at_once_and_each_gets_its_own_answers)
{
	struct job jobs[8] = {0};

	for (int i = 0; i < 8; i++) {
		jobs[i].number = i + 1;
		ck_assert_int_eq(pthread_create(&jobs[i].thread, NULL, do_runs, &jobs[i]), 0);
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(jobs[i].thread, NULL);
		ck_assert_msg(!jobs[i].problem, "thread %d got %s", i + 1, jobs[i].problem);
	}
}
END_TEST

/* Starts a run of a program that writes its process id to `file` and sleeps, as its children do; in a child. */
static pid_t run_in_child(const char *file, const char *marker)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct crash_opts opts = BEHAVE("pid", file, "5");
		struct crash_out mine;

		opts.env = ARGS(marker);
		_exit(crash_run("write#100", &opts, &mine) == CRASH_EKEEPER ? 88 : 1);
	}
	return pid;
}

/* Where the run of that process keeps its files. */
static char *control_of(long pid)
{
	size_t bytes;
	char *text = lab_read(lab_text("/proc/%ld/environ", pid), &bytes), *at;

	ck_assert_ptr_nonnull(text);
	at = memmem(text, bytes, "CRASH_CONTROL=", 14);
	ck_assert_ptr_nonnull(at);
	at += 14;
	at[strcspn(at, ",")] = '\0';
	*strrchr(at, '/') = '\0';
	return at;
}

static long number_in(const char *path)
{
	char *text = lab_read(path, NULL);

	return text ? atol(text) : 0;
}

static long parent_of(long pid)
{
	char *text = lab_read(lab_text("/proc/%ld/stat", pid), NULL);
	char *end = text ? strrchr(text, ')') : NULL;

	return end ? atol(end + 4) : 0;
}

/* The caller dies by SIGKILL in the middle: tree and files go without it. */
START_TEST(when_the_caller_is_killed_the_tree_and_the_files_go)
{
	const char *marker = mark("orphan");
	pid_t caller = run_in_child(lab_text("%s/pid", lab_dir), marker);
	long program, keeper;
	char *control;

	LAB_AWAIT((program = number_in("pid")) > 0);
	keeper = parent_of(program);
	ck_assert_int_ne(keeper, caller);
	ck_assert_int_eq(parent_of(keeper), caller);
	control = control_of(program);
	ck_assert_int_eq(access(control, F_OK), 0);
	kill(caller, SIGKILL);
	ck_assert_int_eq(waitpid(caller, NULL, 0), caller);
	LAB_AWAIT(lab_processes(marker) == 0);
	LAB_AWAIT(!lab_lives(keeper));
	LAB_AWAIT(access(control, F_OK) < 0);
}
END_TEST

/* The keeper dies: an error of its own, and neither program nor files stay. */
START_TEST(when_the_keeper_is_killed_that_is_said)
{
	const char *marker = mark("unkept");
	pid_t caller = run_in_child(lab_text("%s/pid", lab_dir), marker);
	char *control;
	long program;
	int status;

	LAB_AWAIT((program = number_in("pid")) > 0);
	control = control_of(program);
	kill((pid_t)parent_of(program), SIGKILL);
	ck_assert_int_eq(waitpid(caller, &status, 0), caller);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 88);
	ck_assert_uint_eq(lab_processes(marker), 0);
	ck_assert_int_lt(access(control, F_OK), 0);
}
END_TEST

/* ------------------------------------------------------------------ directories */

static const char *const nested[] = {"mkdir a", "mkdir a/b", "open a/b/c wc", "symlink /etc link",
				     "open f wc", "write 4 x", NULL};

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
	struct crash_opts opts = BEHAVE("exit", "0");

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
	opts.env = ARGS("LAB_BOTH=first", "LAB_NEW=new=er", "LAB_BOTH=second", "LAB_EMPTY=");
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

	opts.env = ARGS("CRASH_DIR=/elsewhere");
	ck_assert_crash_run("write#5", &opts, &out);
	ck_assert_ptr_nonnull(strstr(out.stdout_data, "CRASH_DIR=/elsewhere\n"));
	crash_out_clear(&out);
}
END_TEST

/* A preload of the caller's own comes along, and the program sees nothing of ours. */
START_TEST(an_ld_preload_that_is_there_is_kept)
{
	struct crash_opts opts = BEHAVE("print", "LD_PRELOAD");

	ck_assert_crash_run("write#5", &opts, &out);
	ck_assert_str_eq(out.stdout_data, "(unset)\n");
	crash_out_clear(&out);
	opts.env = ARGS("LD_PRELOAD=libm.so.6");
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

/* ------------------------------------------------------------------ errors */

/* The run cannot be made, and the detail says so in these words. */
static void assert_refused(int expected, const char *words, const char *scenario, const struct crash_opts *opts)
{
	struct crash_out untouched, before;
	int error;

	memset(&untouched, 0x5a, sizeof untouched);
	memset(&before, 0x5a, sizeof before);
	error = crash_run(scenario, opts, &untouched);
	ck_assert_msg(error == expected, "expected %s, got %s: %s", crash_strerror(expected),
		      crash_strerror(error), crash_error_detail());
	ck_assert_msg(strstr(crash_error_detail(), words) != NULL, "expected \"%s\" in \"%s\"", words,
		      crash_error_detail());
	ck_assert_msg(memcmp(&untouched, &before, sizeof before) == 0, "a failure has touched the result");
}

static void write_program(const char *path, const void *content, size_t bytes, mode_t mode)
{
	lab_write(path, content, bytes);
	ck_assert_int_eq(chmod(path, mode), 0);
}

START_TEST(a_program_that_cannot_be_found)
{
	struct crash_opts opts = {.program = "/nonexistent/program"};

	assert_refused(CRASH_ENOPROGRAM, "/nonexistent/program: No such file", "write#1", &opts);
	opts.program = "there-is-no-such-program";
	assert_refused(CRASH_ENOPROGRAM, "there-is-no-such-program is not in PATH", "write#1", &opts);
	opts.program = "";
	assert_refused(CRASH_ENOPROGRAM, "name is empty", "write#1", &opts);
	write_program("here", "#!/bin/sh\n", 10, 0755);
	opts.program = "here";
	assert_refused(CRASH_ENOPROGRAM, "did you mean ./", NULL, &opts);
	opts.program = "./here";
	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_exited(&out, 0);
	crash_out_clear(&out);
	/* where neither PATH nor the installation has a helper */
	setenv("PATH", lab_dir, 1);
	opts.program = NULL;
	assert_refused(CRASH_ENOPROGRAM, "crashinject-helper is not in PATH", NULL, &opts);
}
END_TEST

START_TEST(a_program_that_cannot_be_executed)
{
	struct crash_opts opts = {.program = "./program"};

	write_program("program", "#!/bin/sh\n", 10, 0644);
	assert_refused(CRASH_ENOEXEC, "chmod +x", "write#1", &opts);
	write_program("program", "#!/nonexistent/interpreter -x\n", 30, 0755);
	assert_refused(CRASH_ENOEXEC, "its interpreter /nonexistent/interpreter does not exist", "write#1", &opts);
	assert_refused(CRASH_ENOEXEC, "its interpreter /nonexistent/interpreter does not exist", NULL, &opts);
	write_program("program", "no header at all\n", 17, 0755);
	assert_refused(CRASH_ENOEXEC, "neither a binary nor a script", "write#1", &opts);
	opts.program = lab_dir;
	assert_refused(CRASH_ENOEXEC, "is a directory", "write#1", &opts);
}
END_TEST

static const struct {
	unsigned char class;
	uint16_t machine;
	const char *name;
} foreigners[] = {
	{ELFCLASS64, EM_AARCH64, "aarch64"}, {ELFCLASS32, EM_386, "i386"}, {ELFCLASS32, EM_X86_64, "x32"},
	{ELFCLASS64, EM_RISCV, "riscv"},     {ELFCLASS32, EM_ARM, "arm"}, {ELFCLASS64, EM_S390, "another machine"},
};

START_TEST(a_program_for_another_architecture)
{
	struct crash_opts opts = {.program = "./program"};
	Elf64_Ehdr header = {.e_type = ET_EXEC, .e_machine = foreigners[_i].machine};

	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = foreigners[_i].class;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	write_program("program", &header, sizeof header, 0755);
	assert_refused(CRASH_EFOREIGN, lab_text("is built for %s,", foreigners[_i].name), "write#1", &opts);
}
END_TEST

/* A copy of behave whose dynamic linker has another name. */
static void write_for_linker(const char *path, const char *linker)
{
	size_t bytes;
	char *program = lab_read(lab_program("behave"), &bytes);
	char *at = memmem(program, bytes, "/lib64/ld-linux-x86-64.so.2", 28);

	ck_assert_ptr_nonnull(at);
	ck_assert_uint_le(strlen(linker), 27);
	memset(at, 0, 28);
	memcpy(at, linker, strlen(linker));
	write_program(path, program, bytes, 0755);
}

START_TEST(a_program_whose_dynamic_linker_is_missing)
{
	struct crash_opts opts = {.program = "./program"};

	write_for_linker("program", "/lib64/ld-linux-lab.so.9");
	assert_refused(CRASH_ENOEXEC, "its dynamic linker /lib64/ld-linux-lab.so.9 does not exist", "write#1", &opts);
}
END_TEST

START_TEST(a_program_of_another_libc)
{
	struct crash_opts opts = {.program = "./program", .flags = CRASH_NO_SUPERVISOR};

	write_for_linker("program", "/lib/ld-musl-x86_64.so.1");
	assert_refused(CRASH_ENOSHIM, "/lib/ld-musl-x86_64.so.1 and not glibc", "write#1", &opts);
}
END_TEST

/* Nothing can be preloaded into a static program; without a filter nobody sees it at all. */
START_TEST(a_static_program_that_nobody_could_see)
{
	struct crash_opts opts = {.program = lab_program("steps_static"), .args = ARGS("fixed-point")};

	assert_refused(CRASH_ENOSHIM, "not linked with libcrashpoint.a", "steps.fixed", &opts);
	opts.flags = CRASH_NO_SUPERVISOR;
	assert_refused(CRASH_ENOSHIM, "statically linked, so nothing can be preloaded", "write#1", &opts);
	assert_refused(CRASH_ENOSHIM, "statically linked", "steps.fixed,write#1", &opts);
	/* with the filter its calls are seen */
	opts.flags = 0;
	opts.args = ARGS("open data wc", "write 3 one", "write 3 two");
	opts.dir = lab_dir;
	ck_assert_crash_run("write#2", &opts, &out);
	ck_assert_crashed_at(&out, "write#2");
	ck_assert_complete(&out);
	lab_assert_file("data", "one");
	crash_out_clear(&out);
}
END_TEST

/* ld.so preloads nothing into a setuid program that somebody else runs. */
START_TEST(a_setuid_program_without_a_filter)
{
	struct crash_opts opts = {.program = "./program", .args = ARGS("exit", "4"), .flags = CRASH_NO_SUPERVISOR};
	pid_t pid;
	int status;

	if (geteuid() != 0)
		LAB_SKIP("only root can make a program setuid to somebody else");
	lab_copy(lab_program("behave"), "program");
	ck_assert_int_eq(chmod("program", 04755), 0);
	ck_assert_int_eq(chmod(lab_dir, 0755), 0);
	setenv("TMPDIR", "/tmp", 1);
	pid = fork();
	if (pid == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(1);
		if (access(lab_variable("CRASHINJECT_PRELOAD"), R_OK) < 0)
			_exit(77);
		assert_refused(CRASH_ENOSHIM, "setuid or setgid", "write#1", &opts);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		LAB_SKIP("the shim is where other users cannot read");
	ck_assert_int_eq(status, 0);
}
END_TEST

static const char *const awkward[] = {"with space", "with:colon", "with$dollar", "both : of them"};

/* ld.so splits LD_PRELOAD at spaces and colons; a shim whose path has them is loaded all the same. */
START_TEST(a_preload_path_with_spaces_and_colons_works)
{
	struct crash_opts opts = {.program = lab_program("steps"),
				  .args = ARGS("open data wc", "write 3 one", "exec {", "write 3 two"),
				  .dir = lab_dir};

	ck_assert_int_eq(mkdir(awkward[_i], 0755), 0);
	lab_copy(lab_variable("CRASHINJECT_PRELOAD"), lab_text("%s/preload.so", awkward[_i]));
	opts.preload = lab_text("%s/preload.so", awkward[_i]);
	/* the shim has to be there: no filter sees the call instead */
	opts.flags = CRASH_NO_SUPERVISOR;
	ck_assert_crash_run("write#2", &opts, &out);
	ck_assert_crashed_at(&out, "write#2");
	lab_assert_file("data", "one");
	crash_out_clear(&out);
}
END_TEST

START_TEST(a_preload_module_that_is_missing_or_none)
{
	struct crash_opts opts = {.program = lab_program("steps"), .args = ARGS("fixed-point"),
				  .preload = "/nonexistent/preload.so"};

	assert_refused(CRASH_EPRELOAD, "/nonexistent/preload.so: No such file", "write#1", &opts);
	opts.preload = NULL;
	setenv("CRASHINJECT_PRELOAD", "/nonexistent/by-environment.so", 1);
	assert_refused(CRASH_EPRELOAD, "/nonexistent/by-environment.so", "write#1", &opts);
	/* nothing to preload, nothing to miss */
	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_exited(&out, 0);
	crash_out_clear(&out);
	/* what ld.so refuses to load is not silently missing */
	lab_write("junk.so", "no library\n", 11);
	opts.preload = "junk.so";
	assert_refused(CRASH_ENOSHIM, "never loaded", "steps.fixed", &opts);
}
END_TEST

START_TEST(a_directory_that_cannot_be_used)
{
	struct crash_opts opts = BEHAVE("exit", "0");

	opts.dir = "missing";
	assert_refused(CRASH_EDIR, "missing: No such file", NULL, &opts);
	lab_write("file", "", 0);
	opts.dir = "file";
	assert_refused(CRASH_EDIR, "file is not a directory", NULL, &opts);
	opts.dir = NULL;
	opts.root = "missing";
	assert_refused(CRASH_EDIR, "--root missing: No such file", "write#1", &opts);
	opts.root = NULL;
	opts.cwd = "missing";
	assert_refused(CRASH_EDIR, "missing: No such file", "write#1", &opts);
	opts.cwd = "file";
	assert_refused(CRASH_EDIR, "file is not a directory", NULL, &opts);
	opts.cwd = NULL;
	setenv("TMPDIR", "/nonexistent", 1);
	assert_refused(CRASH_EDIR, "/nonexistent/", NULL, &opts);
}
END_TEST

/* The rule as it stands, a caret below it at the column, and what is wrong there. */
START_TEST(rules_that_do_not_parse)
{
	struct crash_opts opts = BEHAVE("exit", "0");

	assert_refused(CRASH_ESPEC, "write#1,fsync#x\n              ^ column 15: ", "write#1,fsync#x", &opts);
	assert_refused(CRASH_ESPEC, "did you mean write?", "wrte#1", &opts);
	assert_refused(CRASH_ESPEC, "column 9: ", "write#1:tron=5", &opts);
	assert_refused(CRASH_ESPEC, "did you mean torn?", "write#1:tron=5", &opts);
	setenv("CRASH_AFTER", "many", 1);
	assert_refused(CRASH_ESPEC, "CRASH_AFTER=many", "write#1", &opts);
}
END_TEST

START_TEST(a_point_that_the_program_does_not_have)
{
	struct crash_opts opts = {.program = lab_variable("HELPER")};

	assert_refused(CRASH_EPOINT, "did you mean wal.mid-frame?", "wal.mid-fram", &opts);
	assert_refused(CRASH_EPOINT, "it has: ", "entirely.different", &opts);
	assert_refused(CRASH_EPOINT, "in=no_such_function: neither", "write#1:in=no_such_function", &opts);
}
END_TEST

START_TEST(a_caller_who_asks_for_nothing)
{
	ck_assert_int_eq(crash_run(NULL, NULL, NULL), CRASH_EINVAL);
	ck_assert_str_eq(crash_error_detail(), "out is NULL");
}
END_TEST

/* Whichever descriptor it is that cannot be had: the call is named, and nothing stays. */
START_TEST(a_process_that_has_no_descriptors_left)
{
	const char *marker = mark("full");
	struct crash_opts opts = BEHAVE("tree", "2");
	unsigned int used = lab_descriptors() - 1, refused = 0;
	struct rlimit limit, before;
	int error = -1;

	opts.env = ARGS(marker);
	opts.timeout_ms = 200;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_int_eq(mkdir("tmp", 0755), 0);
	setenv("TMPDIR", lab_text("%s/tmp", lab_dir), 1);
	for (unsigned int more = 0; error != 0 && more < 30; more++) {
		limit = (struct rlimit){used + more, before.rlim_max};
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		error = crash_run("write#1", &opts, &out);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
		if (error == CRASH_ESYSTEM && strstr(crash_error_detail(), "Too many open files"))
			refused++;
		if (error == 0)
			crash_out_clear(&out);
		ck_assert_uint_eq(lab_processes(marker), 0);
		ck_assert_int_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1);
		ck_assert_uint_eq(lab_descriptors() - 1, used);
		ck_assert_int_eq(lab_entries("tmp"), 0);
	}
	ck_assert_int_eq(error, 0);
	ck_assert_uint_ge(refused, 5);
}
END_TEST

static const int codes[] = {
#define CRASH_ERROR(NAME, value, message) CRASH_##NAME,
#include <crashinject/errors.def>
#undef CRASH_ERROR
};

#define CODES (sizeof codes / sizeof *codes)

/* Every error is negative and has a sentence that no other has. */
START_TEST(every_error_has_a_sentence_of_its_own)
{
	for (size_t i = 0; i < CODES; i++) {
		ck_assert_int_lt(codes[i], 0);
		ck_assert_str_ne(crash_strerror(codes[i]), crash_strerror(-9999));
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(crash_strerror(codes[i]), crash_strerror(codes[j]));
	}
	ck_assert_str_eq(crash_strerror(0), "success");
	ck_assert_str_eq(crash_strerror(1), crash_strerror(-9999));
}
END_TEST

/* A success after an error leaves no detail behind. */
START_TEST(a_detail_belongs_to_the_last_failure_alone)
{
	struct crash_opts opts = BEHAVE("exit", "0"), wrong = {.program = "/nonexistent"};

	ck_assert_int_eq(crash_run(NULL, &wrong, &out), CRASH_ENOPROGRAM);
	ck_assert_str_ne(crash_error_detail(), "");
	ck_assert_crash_run(NULL, &opts, &out);
	ck_assert_str_eq(crash_error_detail(), "");
	crash_out_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ describing */

START_TEST(a_description_says_how_it_ended_and_what_was_written)
{
	struct crash_opts opts = {.program = lab_program("steps"), .dir = lab_dir,
				  .args = ARGS("say to-stdout", "complain to-stderr", "open data wc", "write 3 12345")};
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
	tcase_add_loop_test(tcase, the_exit_status_is_the_programs_own, 0, sizeof statuses / sizeof *statuses);
	tcase_add_loop_test(tcase, a_signal_that_is_not_ours_is_told_and_is_no_crash, 0,
			    2 * sizeof deaths / sizeof *deaths);
	tcase_add_test(tcase, a_kill_by_the_programs_own_child_is_no_crash);
	tcase_add_test(tcase, a_kill_after_a_rule_that_only_logs_is_no_crash);

	tcase = lab_case(suite, "trees", 60);
	tcase_add_loop_test(tcase, a_timeout_ends_the_whole_tree, 0, sizeof endless / sizeof *endless);
	tcase_add_test(tcase, without_a_timeout_the_program_takes_its_time);
	tcase_add_loop_test(tcase, a_daemon_is_left_behind_and_ended, 0, 2);
	tcase_add_test(tcase, what_lingers_may_finish_within_its_time);
	tcase_add_test(tcase, what_lingers_can_still_crash);
	tcase_add_test(tcase, a_program_that_closes_every_descriptor_is_still_crashed);
	tcase_add_test(tcase, a_program_in_a_storm_of_signals_ends_as_it_does_alone);

	tcase = lab_case(suite, "the caller", 60);
	tcase_add_test(tcase, the_callers_own_signals_go_on);
	tcase_add_test(tcase, the_program_inherits_the_callers_signal_mask);
	tcase_add_test(tcase, a_caller_that_ignores_the_end_of_children_gets_every_status);
	tcase_add_test(tcase, the_callers_other_children_are_left_alone);
	tcase_add_test(tcase, fifty_runs_leave_nothing_behind);
	tcase_add_test(tcase, eight_threads_run_at_once_and_each_gets_its_own_answers);
	tcase_add_test(tcase, when_the_caller_is_killed_the_tree_and_the_files_go);
	tcase_add_test(tcase, when_the_keeper_is_killed_that_is_said);

	tcase = lab_case(suite, "directories", 60);
	tcase_add_loop_test(tcase, a_directory_that_was_made_goes_with_the_result, 0, 2);
	tcase_add_test(tcase, a_directory_stays_if_it_was_given_or_is_to_be_kept);
	tcase_add_test(tcase, a_run_that_fails_leaves_no_directory);

	tcase = lab_case(suite, "environment", 60);
	tcase_add_test(tcase, environment_strings_of_the_request_win);
	tcase_add_test(tcase, an_ld_preload_that_is_there_is_kept);

	tcase = lab_case(suite, "errors", 60);
	tcase_add_test(tcase, a_program_that_cannot_be_found);
	tcase_add_test(tcase, a_program_that_cannot_be_executed);
	tcase_add_loop_test(tcase, a_program_for_another_architecture, 0, sizeof foreigners / sizeof *foreigners);
	tcase_add_test(tcase, a_program_whose_dynamic_linker_is_missing);
	tcase_add_test(tcase, a_program_of_another_libc);
	tcase_add_test(tcase, a_static_program_that_nobody_could_see);
	tcase_add_test(tcase, a_setuid_program_without_a_filter);
	tcase_add_loop_test(tcase, a_preload_path_with_spaces_and_colons_works, 0, sizeof awkward / sizeof *awkward);
	tcase_add_test(tcase, a_preload_module_that_is_missing_or_none);
	tcase_add_test(tcase, a_directory_that_cannot_be_used);
	tcase_add_test(tcase, rules_that_do_not_parse);
	tcase_add_test(tcase, a_point_that_the_program_does_not_have);
	tcase_add_test(tcase, a_caller_who_asks_for_nothing);
	tcase_add_test(tcase, a_process_that_has_no_descriptors_left);
	tcase_add_test(tcase, every_error_has_a_sentence_of_its_own);
	tcase_add_test(tcase, a_detail_belongs_to_the_last_failure_alone);

	tcase = lab_case(suite, "describing", 60);
	tcase_add_test(tcase, a_description_says_how_it_ended_and_what_was_written);
	return lab_run(suite);
}
