/* SPDX-License-Identifier: MIT */
/*
 * check_run_caller.c - crash_run(): what it does to who calls it, and what becomes of it when that one dies.
 *
 * Processes of a run are known by a variable in the environment they were started with, which stays readable
 * whatever they do to themselves.
 */
#include "tests/run/lab.h"

#include <crashinject/check.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static struct crash_out out;

static volatile int caller_alarms;

static void count_alarm(int signal)
{
	(void)signal;
	caller_alarms++;
}

/* Signals of the caller arrive there, during the run, and no interrupted call spoils it. */
START_TEST(the_callers_own_signals_go_on)
{
	struct crash_opts opts = {.program = lab_program("steps"), .args = LAB_ARGS("sleep 300", "exit 6")};
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
	struct crash_opts opts = LAB_BEHAVE("exit", "3"),
			  crash = {.program = lab_program("steps"),
				   .args = LAB_ARGS("open a wc", "write 3 x")};

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
	struct crash_opts opts = LAB_BEHAVE("exit", "0");
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
	const char *marker = lab_mark("leak"), *environment[] = {marker, NULL};
	struct crash_opts opts[] = {
		LAB_BEHAVE("control"),
		{.program = lab_program("steps"), .args = LAB_ARGS("open a wc", "write 3 x", "fsync 3")},
		LAB_BEHAVE("exit", "3"),
		{.program = lab_program("steps_static"),
		 .args = LAB_ARGS("open a wc", "write 3 x", "fsync 3")},
		LAB_BEHAVE("tree", "3"),
		{.program = "/nonexistent/program"},
	};
	static const char *const scenarios[] = {NULL,	   "write#1", "fsync#1:log", "write#1:after",
						"write#1", "write#1"};
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
		struct crash_opts asking = LAB_BEHAVE("control");

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
	opts.args = LAB_ARGS("open data wc", text, "repeat 8 {", "write 3 x", "}");
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
		if (crash_run(rule, &other, &mine) != CRASH_ENOPROGRAM ||
		    !strstr(crash_error_detail(), missing))
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

/* Starts a run of a program that writes its process id to `file` and sleeps, as its children do; in a child.
 */
static pid_t run_in_child(const char *file, const char *marker)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct crash_opts opts = LAB_BEHAVE("pid", file, "5");
		struct crash_out mine;

		opts.env = LAB_ARGS(marker);
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
	const char *marker = lab_mark("orphan");
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
	const char *marker = lab_mark("unkept");
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

int main(void)
{
	Suite *suite = suite_create("crash_run, the caller");
	TCase *tcase = lab_case(suite, "the caller", 60);
	tcase_add_test(tcase, the_callers_own_signals_go_on);
	tcase_add_test(tcase, the_program_inherits_the_callers_signal_mask);
	tcase_add_test(tcase, a_caller_that_ignores_the_end_of_children_gets_every_status);
	tcase_add_test(tcase, the_callers_other_children_are_left_alone);
	tcase_add_test(tcase, fifty_runs_leave_nothing_behind);
	tcase_add_test(tcase, eight_threads_run_at_once_and_each_gets_its_own_answers);
	tcase_add_test(tcase, when_the_caller_is_killed_the_tree_and_the_files_go);
	tcase_add_test(tcase, when_the_keeper_is_killed_that_is_said);
	return lab_run(suite);
}
