/* SPDX-License-Identifier: MIT */
/*
 * check_model.c - what the model makes of a recording is what the file system made of the run.
 *
 * Method: a program does random things in a directory while it is recorded. The recording is replayed on the
 * model, which knows only the tree from before the run, and the states that it passes are put on disk, step
 * by step: over a whole copy, and as the layer of an overlay. What comes out must be what the program left.
 */
#include <crashinject/crashinject.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "explore/fs/fs_replay.h"
#include "explore/fs/nodes.h"
#include "explore/recording/sandbox.h"
#include "tests/explore/ends.h"
#include "tests/explore/make_script.h"
#include "tests/explore/made.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"
#include "trace/reader.h"

struct run {
	struct ends ends;
	char script[PATH_MAX];
	const char *program;
	uint64_t seed;
	int ops;
	unsigned int wishes;
};

/* What the shim sees, and what it does not see. */
static const char *const programs[] = {"script", "script_static"};

#define PROGRAMS 2

/* What scripts do that is always seen and modelled. */
#define USUAL SCRIPT_MEMORY

static void prepare(struct run *run, const char *program, uint64_t seed, int ops, unsigned int wishes,
		    bool links)
{
	run->program = program;
	run->seed = seed;
	run->ops = ops;
	run->wishes = wishes;
	ends_prepare(&run->ends, "SEED=%llu: %s, %d ops %x", (unsigned long long)seed, program, ops, wishes);
	snprintf(run->script, sizeof run->script, "%.4000s/script", run->ends.directory);
	trees_start(run->ends.before, seed, links);
}

static const char *const *command(const struct run *run)
{
	return script_command(run->program, run->script, run->seed, (unsigned int)run->ops, run->wishes);
}

/* ------------------------------------------------------------------ whole copies */

static void check_whole(const char *program, uint64_t seed, int ops, unsigned int wishes, const char *model)
{
	static struct run run;

	prepare(&run, program, seed, ops, wishes, true);
	trees_start(run.ends.after, seed, true);
	trees_start(run.ends.copy, seed, true);
	trees_record(run.ends.after, command(&run), &run.ends.trace);
	ends_replay(&run.ends, run.ends.after, model);
	ends_compare(&run.ends);
	ends_finish(&run.ends);
}

START_TEST(short_runs_end_as_the_model_says)
{
	uint64_t seed = support_seed();

	for (int i = 0; i < support_rounds(40); i++)
		check_whole(programs[_i], seed + (uint64_t)i, 1 + i % 30, USUAL, i % 2 ? "posix" : "kill");
}
END_TEST

START_TEST(long_runs_end_as_the_model_says)
{
	uint64_t seed = support_seed();

	for (int i = 0; i < support_rounds(4); i++)
		check_whole(programs[_i], seed + (uint64_t)i, 1500, USUAL, "posix");
}
END_TEST

START_TEST(runs_of_several_processes_end_as_the_model_says)
{
	uint64_t seed = support_seed();

	for (int i = 0; i < support_rounds(4); i++)
		check_whole(programs[_i], seed + (uint64_t)i, 150, USUAL | SCRIPT_PROCESSES, "posix");
}
END_TEST

START_TEST(runs_of_several_threads_end_as_the_model_says)
{
	uint64_t seed = support_seed();

	for (int i = 0; i < support_rounds(4); i++)
		check_whole(programs[_i], seed + (uint64_t)i, 150, USUAL | SCRIPT_THREADS, "posix");
}
END_TEST

/* ------------------------------------------------------------------ overlays */

/* In the sandbox: runs the program there, and leaves what it left as text. */
static void record_there(const struct run *run, int trace, int text)
{
	struct crash__sandbox sandbox;
	char *is;

	trees_ok(crash__sandbox_enter(&sandbox, run->ends.before, NULL));
	trees_ok(crash__sandbox_mount(&sandbox, NULL));
	trees_run(sandbox.directory, command(run), trace);
	is = trees_text(sandbox.directory);
	ck_assert_int_eq(write(text, is, strlen(is)), (ssize_t)strlen(is));
}

/* Files that the run left alone are copied one by one into a directory that moves. */
static char *without_links(char *text)
{
	for (char *at = text; (at = strstr(at, " links ")) != NULL;) {
		size_t skip = strcspn(at + 7, " ");

		memmove(at, at + 7 + skip, strlen(at + 7 + skip) + 1);
	}
	return text;
}

/* In another sandbox: what the layer shows, through the overlay. */
static void walk_there(struct run *run, char *should)
{
	struct crash__sandbox sandbox;
	char tree[64], store[64], lower[64], *is;

	trees_ok(crash__sandbox_enter(&sandbox, run->ends.before, NULL));
	crash__sandbox_path(&sandbox, "tree", tree);
	crash__sandbox_path(&sandbox, "store", store);
	crash__sandbox_path(&sandbox, "lower", lower);
	/* the starting tree is read below what is mounted over it */
	crash__base_close(run->ends.base);
	trees_ok(crash__base_open(lower, &run->ends.base));
	run->ends.fs.base = run->ends.base;
	ends_walk(&run->ends, tree, store, true);
	trees_ok(crash__sandbox_mount(&sandbox, "tree"));
	is = without_links(trees_text(sandbox.directory));
	should = without_links(should);
	ck_assert_msg(strcmp(is, should) == 0, "%s in an overlay: %s", run->ends.name,
		      trees_differ(is, should));
}

static void wait_for(pid_t pid)
{
	int status;

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	/* a failed assertion in a child has said what it is */
	ck_assert_msg(status == 0, "the sandboxed part failed (%d)", status);
}

/* Lets the program run on an overlay, and leaves its trace; returns what it left. */
static char *run_there(struct run *run)
{
	int trace = memfd_create("trace", MFD_CLOEXEC), text = memfd_create("text", MFD_CLOEXEC);
	struct stat status;
	char *left;
	pid_t pid = crash__sandbox_fork(false, SIGKILL);

	if (pid == 0) {
		record_there(run, trace, text);
		_exit(0);
	}
	wait_for(pid);
	ck_assert_int_eq(fstat(text, &status), 0);
	left = calloc(1, (size_t)status.st_size + 1);
	ck_assert_int_eq(pread(text, left, (size_t)status.st_size, 0), status.st_size);
	trees_read(trace, &run->ends.trace);
	close(trace);
	close(text);
	return left;
}

/* Without rights an overlay takes hard links apart when it copies a file up: a run there has none to begin
 * with. */
static void check_overlay(uint64_t seed, int ops, unsigned int wishes, bool recorded_there)
{
	static struct run run;
	bool links = !recorded_there || geteuid() == 0;
	char *before, *now, *should;
	pid_t pid;

	prepare(&run, "script", seed, ops, wishes, links);
	before = trees_text(run.ends.before);
	if (recorded_there) {
		should = run_there(&run);
	} else {
		trees_start(run.ends.after, seed, true);
		trees_record(run.ends.after, command(&run), &run.ends.trace);
		should = trees_text(run.ends.after);
	}
	ends_replay(&run.ends, recorded_there ? run.ends.before : run.ends.after, "posix");
	pid = crash__sandbox_fork(false, SIGKILL);
	if (pid == 0) {
		walk_there(&run, should);
		_exit(0);
	}
	wait_for(pid);
	now = trees_text(run.ends.before);
	ck_assert_msg(strcmp(before, now) == 0, "%s: the original has changed: %s", run.ends.name,
		      trees_differ(now, before));
	ends_finish(&run.ends);
	free(before);
	free(now);
	free(should);
}

static bool no_sandbox(const char *test)
{
	const char *why;
	char directory[PATH_MAX];

	support_directory(directory);
	if (crash__sandbox_possible(directory, &why))
		return false;
	support_say_skip(test, why);
	return true;
}

START_TEST(short_runs_in_an_overlay_end_as_the_layer_shows)
{
	uint64_t seed = support_seed();

	if (no_sandbox(__func__))
		return;
	for (int i = 0; i < support_rounds(40); i++)
		check_overlay(seed + (uint64_t)i, 1 + i % 30, USUAL, i % 2);
}
END_TEST

START_TEST(long_runs_in_an_overlay_end_as_the_layer_shows)
{
	uint64_t seed = support_seed();

	if (no_sandbox(__func__))
		return;
	for (int i = 0; i < support_rounds(4); i++)
		check_overlay(seed + (uint64_t)i, i % 2 ? 100 : 1000, USUAL | (i % 2 ? SCRIPT_PROCESSES : 0),
			      i / 2 % 2);
}
END_TEST

/* As somebody without rights. `recorded_there` is left out: such an overlay cannot rename old directories. */
static void check_without_rights(uint64_t seed)
{
	char program[PATH_MAX];

	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	/* /proc/self belongs to us only then */
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	snprintf(program, sizeof program, "%.4000s/script", getenv("PROGRAMS"));
	if (access(program, X_OK) < 0 || access(getenv("CRASHINJECT_PRELOAD"), R_OK) < 0) {
		support_say_skip("runs_without_rights_end_as_the_layer_shows",
				 "the build is not readable for others");
		return;
	}
	if (no_sandbox("runs_without_rights_end_as_the_layer_shows"))
		return;
	for (int i = 0; i < support_rounds(20); i++)
		check_overlay(seed + (uint64_t)i, 1 + i * 10 % 200, USUAL, false);
}

START_TEST(runs_without_rights_end_as_the_layer_shows)
{
	uint64_t seed = support_seed();
	char directory[PATH_MAX];
	pid_t pid;

	if (geteuid() != 0)
		support_skip("we have no rights to give up; the other tests are about that");
	support_directory(directory);
	ck_assert_int_eq(chmod(dirname(directory), 0777), 0);
	pid = fork();
	if (pid == 0) {
		check_without_rights(seed);
		_exit(0);
	}
	wait_for(pid);
}
END_TEST

/* ------------------------------------------------------------------ what is not as it seems */

/* A file is removed; before that op has ended, another process makes a file that gets its inode number. */
START_TEST(a_number_that_is_used_again_is_the_new_file)
{
	static const struct made_op ops[] = {{MADE_CREATE, "b", NULL, 0},
					     {MADE_UNLINK, "b", NULL, 0},
					     {MADE_CREATE, "c", NULL, 0},
					     {MADE_APPEND, "c", NULL, 7}};
	static struct made made;
	struct crash__base *base;
	struct crash__fs fs;
	char directory[PATH_MAX];

	support_directory(directory);
	made_base(directory);
	made_start(&made);
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		ck_assert(made_do(&made, &ops[i]));
	made.events[2].made_inode = made.files[1].inode = made.events[1].inode;
	made.events[2].start = made.events[1].start + 1;
	made.events[2].end = made.events[1].start + 2;
	made.events[1].end = made.events[1].start + 3;
	made.events[3].start = made.events[1].end + 1;
	made.events[3].end = made.events[1].end + 2;
	trees_ok(crash__base_open(directory, &base));
	trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
	ck_assert_int_eq(fs.unknown, 0);
	ck_assert_uint_eq(fs.nodes[fs.slots[crash__slot_of_name(&fs, 1, "c", 1)].child].size, 7);
	crash__fs_clear(&fs);
	crash__base_close(base);
}
END_TEST

START_TEST(no_path_leads_out_of_the_data_directory)
{
	static const char *const paths[] = {MADE_ROOT "/../b", MADE_ROOT "/d/../../b", MADE_ROOT "/./b",
					    MADE_ROOT "/d/.."};
	static struct made made;
	struct crash__base *base;
	struct crash__fs fs;
	char directory[PATH_MAX];

	support_directory(directory);
	made_base(directory);
	made_start(&made);
	ck_assert(made_do(&made, &(struct made_op){MADE_MKDIR, "d", NULL, 0}));
	ck_assert(made_do(&made, &(struct made_op){MADE_CREATE, "b", NULL, 0}));
	made.events[1].path = paths[_i];
	trees_ok(crash__base_open(directory, &base));
	trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
	ck_assert_msg(fs.unknown == 1, "%s: %d", paths[_i], (int)fs.unknown);
	ck_assert_uint_eq(fs.steps_count, 1);
	crash__fs_clear(&fs);
	crash__base_close(base);
}
END_TEST

/* A recording in which each number is what somebody put there. */
static const struct {
	struct made_op op;
	int argument; /* of the call, that is changed; -1: the result, -2: the offset */
	int64_t value;
} forged[] = {
	{{MADE_SHRINK, "a", NULL, 0}, 1, -1},
	{{MADE_SHRINK, "a", NULL, 0}, 1, INT64_MIN},
	{{MADE_ALLOCATE, "a", NULL, 7}, 3, -1},
	{{MADE_ALLOCATE, "a", NULL, 7}, 3, INT64_MAX},
	{{MADE_ALLOCATE, "a", NULL, 7}, 2, -8},
	{{MADE_APPEND, "a", NULL, 7}, -2, INT64_MAX - 2},
	{{MADE_APPEND, "a", NULL, 0}, -1, INT64_C(1) << 60},
};

START_TEST(no_number_is_believed_that_no_file_can_have)
{
	static struct made made;
	struct crash__event *event = &made.events[0];
	struct crash__base *base;
	struct crash__fs fs;
	char directory[PATH_MAX];

	support_directory(directory);
	made_base(directory);
	made_start(&made);
	ck_assert(made_do(&made, &forged[_i].op));
	if (forged[_i].argument >= 0)
		event->args[forged[_i].argument] = forged[_i].value;
	else if (forged[_i].argument == -1)
		event->result = forged[_i].value;
	else
		event->offset = (uint64_t)forged[_i].value;
	if (event->kernel == CRASH__CALL_fallocate)
		event->args[1] = FALLOC_FL_PUNCH_HOLE;
	trees_ok(crash__base_open(directory, &base));
	trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
	ck_assert_msg(fs.unknown == 1, "%d: %d", _i, (int)fs.unknown);
	ck_assert_uint_eq(fs.effects_count, 0);
	crash__fs_clear(&fs);
	crash__base_close(base);
}
END_TEST

/* Two writes to the same bytes of which the second began when, and they differ or not. */
static const struct {
	bool at_once, same;
	uint64_t unordered;
} races[] = {{false, false, 0}, {true, false, 1}, {true, true, 0}};

START_TEST(of_writes_at_the_same_time_nobody_knows_which_came_last)
{
	static const struct made_op write = {MADE_OVERWRITE, "a", NULL, 0};
	static struct made made;
	struct crash__base *base;
	struct crash__fs fs;
	char directory[PATH_MAX];

	support_directory(directory);
	made_base(directory);
	made_start(&made);
	ck_assert(made_do(&made, &write) && made_do(&made, &write));
	if (races[_i].at_once)
		made.events[1].start = made.events[0].start;
	if (races[_i].same)
		made.pieces[1].bytes = made.pieces[0].bytes;
	trees_ok(crash__base_open(directory, &base));
	trees_ok(crash__fs_replay(&fs, &made.trace, MADE_ROOT, base));
	ck_assert_uint_eq(fs.unordered, races[_i].unordered);
	crash__fs_clear(&fs);
	crash__base_close(base);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model");
	double seconds = getenv("CRASHINJECT_LONG") ? 3600 : 300;
	TCase *tcase;

	tcase = support_case(suite, "whole copies", NULL);
	tcase_add_loop_test(tcase, short_runs_end_as_the_model_says, 0, PROGRAMS);
	tcase_add_loop_test(tcase, long_runs_end_as_the_model_says, 0, PROGRAMS);
	tcase_add_loop_test(tcase, runs_of_several_processes_end_as_the_model_says, 0, PROGRAMS);
	tcase_add_loop_test(tcase, runs_of_several_threads_end_as_the_model_says, 0, PROGRAMS);
	tcase_set_timeout(tcase, seconds);
	tcase = support_case(suite, "overlays", short_runs_in_an_overlay_end_as_the_layer_shows,
			     long_runs_in_an_overlay_end_as_the_layer_shows,
			     runs_without_rights_end_as_the_layer_shows, NULL);
	tcase_set_timeout(tcase, seconds);
	tcase = support_case(suite, "appearances", a_number_that_is_used_again_is_the_new_file, NULL);
	tcase_add_loop_test(tcase, no_path_leads_out_of_the_data_directory, 0, 4);
	tcase_add_loop_test(tcase, of_writes_at_the_same_time_nobody_knows_which_came_last, 0, 3);
	tcase_add_loop_test(tcase, no_number_is_believed_that_no_file_can_have, 0,
			    (int)(sizeof forged / sizeof *forged));
	return support_run(suite);
}
