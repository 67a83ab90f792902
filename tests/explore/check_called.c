/* SPDX-License-Identifier: MIT */
/*
 * check_called.c - crash_explore(): exploring as a function, of functions of this test.
 *
 * Method: a store that replaces its file, with a sync before or without. What the functions see of the
 * process that they are called in they write beside the data directory.
 */
#include "tests/run/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <crashinject/check.h>

extern char **environ;

/* What a function is given. */
struct kind {
	bool syncs;
	char beside[256]; /* a directory for what it sees */
	char zero, last;
};

static int constructed;

__attribute__((constructor)) static void construct(void)
{
	constructed = 7;
}

static bool write_file(const char *name, const char *text, bool sync)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
		    (!sync || fsync(fd) == 0);

	return fd >= 0 && close(fd) == 0 && good;
}

static bool sync_directory(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	return fd >= 0 && fsync(fd) == 0 && close(fd) == 0;
}

/* Two values, one after the other; each is acknowledged. */
static int save(const char *directory, const void *argument)
{
	const struct kind *kind = argument;

	if (chdir(directory) < 0)
		return 9;
	for (int i = 1; i <= 2; i++) {
		const char *value = i == 1 ? "1" : "2";

		if (!write_file("value.new", value, kind && kind->syncs) ||
		    rename("value.new", "value") < 0 || !sync_directory())
			return 8;
		printf("%s\n", value);
		fflush(stdout);
	}
	return 0;
}

static int save_safely(const char *directory, const void *argument)
{
	(void)argument;
	return save(directory, &(struct kind){.syncs = true});
}

static void look(struct crash_checked *state, const void *argument)
{
	const char *acked = lab_read(lab_text("%s/stdout", state->acked_dir), NULL);
	const char *value = lab_read("value", NULL);

	(void)argument;
	if (!acked || !*acked)
		return;
	if (!value || strlen(value) != 1) {
		state->verdict = CRASH_INCONSISTENT;
		state->text = "the value is gone";
	} else if (value[0] < acked[strlen(acked) - 2]) {
		state->verdict = CRASH_LOST;
		state->text = "the value is the old one";
	}
}

static void die(struct crash_checked *state, const void *argument)
{
	look(state, argument);
	if (state->verdict != CRASH_CONSISTENT)
		abort();
}

static void accept_all(struct crash_checked *state, const void *argument)
{
	(void)state, (void)argument;
}

/* The file of the program below is never empty. */
static void read_f(struct crash_checked *state, const void *argument)
{
	const char *content = lab_read("f", NULL);

	(void)argument;
	if (content && !*content)
		state->verdict = CRASH_INCONSISTENT;
}

static void refuse_all(struct crash_checked *state, const void *argument)
{
	(void)argument;
	state->verdict = CRASH_INCONSISTENT;
	state->text = "this is never right";
}

/* ------------------------------------------------------------------ */

static struct crash_explored explored(const struct crash_explore_opts *opts)
{
	struct crash_explored out;
	int error;

	ck_assert(mkdir("tmp", 0755) == 0 || errno == EEXIST);
	setenv("TMPDIR", lab_text("%s/tmp", lab_dir), 1);
	error = crash_explore(opts, &out);
	ck_assert_msg(error == 0, "%s: %s", crash_strerror(error), crash_error_detail());
	return out;
}

static int error_of(const struct crash_explore_opts *opts)
{
	struct crash_explored out;
	int error;

	ck_assert(mkdir("tmp", 0755) == 0 || errno == EEXIST);
	setenv("TMPDIR", lab_text("%s/tmp", lab_dir), 1);
	error = crash_explore(opts, &out);
	ck_assert_int_lt(error, 0);
	ck_assert_int_eq(lab_entries("tmp"), 0);
	return error;
}

#define assert_has(text, part) ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in: %s", part, text)

START_TEST(what_is_right_passes_with_one_line_and_leaves_nothing)
{
	struct crash_explore_opts opts = {
		.workload = save_safely, .check_state = look, .models = "ext4,posix"};
	struct crash_explored out = explored(&opts);
	const char *text = crash_explored_describe(&out);

	ck_assert_msg(out.safe, "%s", text);
	ck_assert_int_eq(out.status, 0);
	ck_assert_uint_eq(out.finding_count, 0);
	ck_assert_uint_gt(out.checked, 5);
	ck_assert_ptr_null(out.incomplete_reasons[0]);
	ck_assert_ptr_null(out.directory);
	assert_has(text, "crash-safe: ");
	ck_assert_ptr_null(strchr(text, '\n'));
	ck_assert_int_eq(lab_entries("tmp"), 0);
	crash_explored_clear(&out);
	ck_assert_crash_safe(save_safely, look, "ext4");
}
END_TEST

/* The finding can be replayed from what was kept. */
START_TEST(what_is_wrong_is_found_and_kept)
{
	struct crash_explore_opts opts = {.workload = save, .check_state = look, .models = "posix"};
	struct crash_explored out = explored(&opts);
	const char *text = crash_explored_describe(&out);
	struct lab_result replayed;

	ck_assert(!out.safe);
	ck_assert_int_eq(out.status, 1);
	ck_assert_uint_ge(out.finding_count, 1);
	assert_has(text, "found\n");
	assert_has(text, "\n  repair: fsync of value.new before rename");
	assert_has(text, "\n  replay: crashinject replay ");
	assert_has(text, "\n  the check said: the value is gone");
	assert_has(text, lab_text("\nthe result is in %s", out.directory));
	assert_has(text, "check_called.c:");
	ck_assert_int_eq(lab_entries("tmp"), 1);
	replayed = LAB_COMMAND("sh", "-c",
			       lab_text("crashinject() { '%s' \"$@\"; }; mkdir again; cd again && %s",
					lab_variable("CRASHINJECT"), out.findings[0].replay));
	lab_assert_status(&replayed, 0);
	crash_explored_clear(&out);
}
END_TEST

START_TEST(what_was_acknowledged_and_is_gone_is_lost)
{
	struct crash_explore_opts opts = {.workload = save, .check_state = look, .models = "posix"};
	struct crash_explored out;
	size_t lost = 0;

	/* as a check for the shell says it */
	opts.check_state = NULL;
	opts.check = "acked=$(tail -n 1 $CRASH_ACKED_DIR/stdout); v=$(cat value 2>/dev/null); "
		     "test -z \"$acked\" || test \"$v\" = 2 || test \"$v\" = \"$acked\" || exit 2";
	out = explored(&opts);
	for (size_t i = 0; i < out.finding_count; i++)
		lost += strcmp(out.findings[i].kind, "lost") == 0;
	ck_assert_uint_ge(lost, 1);
	crash_explored_clear(&out);
}
END_TEST

START_TEST(a_check_that_aborts_has_judged_the_state)
{
	struct crash_explore_opts opts = {.workload = save, .check_state = die, .models = "posix"};
	struct crash_explored out = explored(&opts);

	ck_assert_int_eq(out.status, 1);
	ck_assert_str_eq(out.findings[0].kind, "signal");
	crash_explored_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ the process that they are called in */

static int write_down(const char *directory, const void *argument)
{
	const struct kind *kind = argument;
	FILE *file = fopen(lab_text("%s/seen", kind->beside), "w");

	fprintf(file, "constructed %d, last %c, zero %d, CRASH_DIR %d\n", constructed, kind->last, kind->zero,
		strcmp(directory, getenv("CRASH_DIR")));
	fclose(file);
	/* what it starts finds nothing of us */
	if (system(lab_text("env >%s/environment", kind->beside)) != 0)
		return 7;
	return save(directory, argument);
}

START_TEST(a_function_finds_what_main_would_and_its_argument)
{
	struct kind kind = {.syncs = true, .last = 'z'};
	struct crash_explore_opts opts = {.workload = write_down,
					  .check_state = look,
					  .argument = &kind,
					  .argument_size = sizeof kind,
					  .models = "kill"};
	struct crash_explored out;
	const char *environment;

	strcpy(kind.beside, lab_dir);
	out = explored(&opts);
	ck_assert_msg(out.safe, "%s", crash_explored_describe(&out));
	lab_assert_file("seen", "constructed 7, last z, zero 0, CRASH_DIR 0\n");
	environment = lab_read("environment", NULL);
	assert_has(environment, "CRASH_DIR=");
	ck_assert_ptr_null(strstr(environment, "CRASHINJECT_START"));
	ck_assert_ptr_null(strstr(environment, "libcrashinject-start"));
	crash_explored_clear(&out);
}
END_TEST

static int write_and_fail(const char *directory, const void *argument)
{
	(void)argument;
	write_file(lab_text("%s/f", directory), "x", true);
	return 3;
}

START_TEST(a_workload_that_fails_makes_it_incomplete)
{
	struct crash_explore_opts opts = {.workload = write_and_fail, .check_state = accept_all};
	struct crash_explored out = explored(&opts);
	const char *text = crash_explored_describe(&out);

	ck_assert(!out.safe);
	ck_assert_int_eq(out.status, 3);
	assert_has(text, "0 found\nincomplete: ");
	assert_has(text, "exited with 3");
	ck_assert_ptr_nonnull(out.directory);
	crash_explored_clear(&out);
}
END_TEST

/* ------------------------------------------------------------------ what else the command can do */

START_TEST(programs_and_functions_go_together)
{
	static const char *const program[] = {"sh", "-c",
					      "cd $CRASH_DIR && echo a >f.new && mv f.new f && echo 1", NULL};
	struct crash_explore_opts opts = {
		.program = program, .check = "test ! -e f || test -s f", .models = "posix"};
	struct crash_explored out = explored(&opts);

	ck_assert_int_eq(out.status, 1);
	crash_explored_clear(&out);
	opts.check = NULL;
	opts.models = "kill";
	opts.check_state = read_f;
	out = explored(&opts);
	ck_assert_int_eq(out.status, 0);
	crash_explored_clear(&out);
	opts.check_state = accept_all; /* that is no all-clear */
	out = explored(&opts);
	ck_assert_int_eq(out.status, 3);
	assert_has(crash_explored_describe(&out), "the checker sees nothing");
	crash_explored_clear(&out);
}
END_TEST

START_TEST(options_are_the_commands_own)
{
	const char *output[] = {"--output", lab_text("%s/kept", lab_dir), NULL};
	const char *resume[] = {"--resume", output[1], NULL}, *finding[] = {"--finding", NULL, NULL};
	const char *accepted[] = {"--baseline", lab_text("%s/baseline", lab_dir), NULL};
	struct crash_explore_opts opts = {
		.workload = save, .check_state = look, .models = "posix", .options = output};
	struct crash_explored out = explored(&opts), again;

	ck_assert_int_eq(out.status, 1);
	ck_assert_ptr_null(out.directory);
	ck_assert_int_eq(lab_entries("tmp"), 0);
	again = explored(&(struct crash_explore_opts){.options = resume});
	ck_assert_int_eq(again.status, 1);
	ck_assert_str_eq(again.findings[0].id, out.findings[0].id);
	crash_explored_clear(&again);

	finding[1] = out.findings[0].id;
	opts.options = finding;
	again = explored(&opts);
	ck_assert_int_eq(again.status, 1);
	ck_assert_str_eq(again.findings[0].kind, "there");
	crash_explored_clear(&again);
	opts.workload = save_safely;
	again = explored(&opts);
	ck_assert_msg(again.safe, "%s", crash_explored_describe(&again));
	crash_explored_clear(&again);

	for (size_t i = 0; i < out.finding_count; i++) {
		FILE *file = fopen(accepted[1], "a");

		fprintf(file, "%s\n", out.findings[i].id);
		fclose(file);
	}
	opts.workload = save;
	opts.options = accepted;
	again = explored(&opts);
	ck_assert_msg(again.safe && again.findings[0].accepted, "%s", crash_explored_describe(&again));
	crash_explored_clear(&again);
	crash_explored_clear(&out);
}
END_TEST

START_TEST(what_cannot_be_explored_is_an_error)
{
	static const char *const program[] = {"true", NULL};
	const struct crash_explore_opts good = {
		.workload = save_safely, .check_state = look, .models = "kill"};
	struct crash_explore_opts opts = good;

	ck_assert_int_eq(error_of(NULL), CRASH_EINVAL);
	ck_assert_int_eq(error_of(&(struct crash_explore_opts){.check = "true"}), CRASH_EINVAL);
	opts.program = program;
	ck_assert_int_eq(error_of(&opts), CRASH_EINVAL);
	opts = good;
	opts.check = "true";
	ck_assert_int_eq(error_of(&opts), CRASH_EINVAL);
	opts = good;
	opts.argument = "";
	opts.argument_size = CRASH_MOST_ARGUMENT + 1;
	ck_assert_int_eq(error_of(&opts), CRASH_EINVAL);
	opts = good;
	opts.command = "/nonexistent/crashinject";
	ck_assert_int_eq(error_of(&opts), CRASH_ENOPROGRAM);
	assert_has(crash_error_detail(), "/nonexistent/crashinject: ");
	opts = good;
	opts.models = "ext5";
	ck_assert_int_eq(error_of(&opts), CRASH_EEXPLORE);
	assert_has(crash_error_detail(), "ext5");
	opts = good;
	opts.command = "true"; /* which says nothing: no result is no all-clear */
	ck_assert_int_eq(error_of(&opts), CRASH_EEXPLORE);
	opts = good;
	opts.check_state = refuse_all;
	ck_assert_int_eq(error_of(&opts), CRASH_EEXPLORE);
	assert_has(crash_error_detail(), "this is never right");
	opts = good;
	signal(SIGCHLD, SIG_IGN);
	ck_assert_int_eq(error_of(&opts), CRASH_ESYSTEM);
	assert_has(crash_error_detail(), "SIGCHLD is ignored");
}
END_TEST

static void *explore_in_thread(void *workload)
{
	struct crash_explore_opts opts = {
		.workload = (crash_workload_function *)workload, .check_state = look, .models = "posix"};
	struct crash_explored out;
	int error = crash_explore(&opts, &out);
	intptr_t status = error == 0 ? out.status : error;

	if (error == 0)
		crash_explored_clear(&out);
	return (void *)status;
}

START_TEST(threads_may_explore_at_once)
{
	pthread_t threads[2];
	void *status[2];

	setenv("TMPDIR", lab_dir, 1);
	ck_assert_int_eq(pthread_create(&threads[0], NULL, explore_in_thread, (void *)save), 0);
	ck_assert_int_eq(pthread_create(&threads[1], NULL, explore_in_thread, (void *)save_safely), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_join(threads[i], &status[i]), 0);
	ck_assert_int_eq((int)(intptr_t)status[0], 1);
	ck_assert_int_eq((int)(intptr_t)status[1], 0);
}
END_TEST

/* Until it is killed: the check waits for the end of the test. */
static void wait_long(struct crash_checked *state, const void *argument)
{
	(void)state;
	(void)argument;
	close(open(getenv("BEGUN"), O_CREAT | O_WRONLY, 0600));
	sleep(100);
}

START_TEST(who_is_killed_while_it_explores_leaves_nothing)
{
	pid_t pid;

	ck_assert_int_eq(mkdir("tmp", 0755), 0);
	setenv("TMPDIR", lab_text("%s/tmp", lab_dir), 1);
	setenv("BEGUN", lab_text("%s/begun", lab_dir), 1);
	pid = fork();
	if (pid == 0) {
		struct crash_explore_opts opts = {.workload = save_safely, .check_state = wait_long};
		struct crash_explored out;

		_exit(crash_explore(&opts, &out) < 0);
	}
	while (access("begun", F_OK) < 0)
		usleep(10000);
	ck_assert_int_eq(lab_entries("tmp"), 2);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	while (lab_entries("tmp") > 0)
		usleep(10000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("exploring as a function");
	TCase *found = lab_case(suite, "found", 120), *called = lab_case(suite, "called", 120),
	      *options = lab_case(suite, "options", 120);

	tcase_add_test(found, what_is_right_passes_with_one_line_and_leaves_nothing);
	tcase_add_test(found, what_is_wrong_is_found_and_kept);
	tcase_add_test(found, what_was_acknowledged_and_is_gone_is_lost);
	tcase_add_test(found, a_check_that_aborts_has_judged_the_state);
	tcase_add_test(called, a_function_finds_what_main_would_and_its_argument);
	tcase_add_test(called, a_workload_that_fails_makes_it_incomplete);
	tcase_add_test(called, threads_may_explore_at_once);
	tcase_add_test(called, who_is_killed_while_it_explores_leaves_nothing);
	tcase_add_test(options, programs_and_functions_go_together);
	tcase_add_test(options, options_are_the_commands_own);
	tcase_add_test(options, what_cannot_be_explored_is_an_error);
	return lab_run(suite);
}
