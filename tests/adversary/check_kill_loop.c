/* SPDX-License-Identifier: MIT */
/*
 * check_kill_loop.c - SIGKILL at any moment of any command: nothing is left, and what was begun can be ended.
 *
 * Method: each command first runs undisturbed, to see how long it takes. Then it is killed at a random moment
 * of that time, alone or with its process group. Right afterwards, before anything else runs that could clean
 * up for it, the world is looked at for processes, mounts and temporary files. An exploration into a
 * directory is resumed until it is not killed any more: then its result is the one of an exploration that
 * nobody disturbed.
 *
 * The moments come from a fixed seed. CRASHINJECT_LONG=1 in the environment: 1,000 kills.
 */
#include "tests/run/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SEED 20261128
#define SHORT 40
#define LONG 1000

/* Six states or so of each kind, some of them wrong, and time to be killed while the program runs. */
#define PROGRAM                                                                                              \
	"sh", "-c",                                                                                          \
		"cd \"${CRASH_DIR:-.}\"; for i in 1 2; do echo $i >f.tmp; sleep 0.02; mv f.tmp f; echo $i; " \
		"done"
#define CHECK "sleep 0.01; test ! -e f || test -s f"
#define EXPLORE "explore", "--jobs=2", "--dir=store", "--model=posix"

static const struct {
	const char *name;
	const char *words[24]; /* of the command, behind its name */
	bool resumes;	       /* into the directory `kept` */
} commands[] = {
	{"run", {"run", "--dir=store", "--at", "rename#9", "--", PROGRAM}, false},
	{"run that crashes", {"run", "--dir=store", "--at", "rename#2", "--", PROGRAM}, false},
	{"list", {"list", "--dir=store", "--", PROGRAM}, false},
	{"record", {"record", "--dir=store", "--output=trace", "--", PROGRAM}, false},
	{"explore", {EXPLORE, "--check", CHECK, "--", PROGRAM}, false},
	{"explore on copies", {EXPLORE, "--copy", "--check", CHECK, "--", PROGRAM}, false},
	{"explore with a setup", {EXPLORE, "--setup=echo 0 >f", "--check", CHECK, "--", PROGRAM}, false},
	{"explore a trace", {EXPLORE, "--check", CHECK, "whole.trace"}, false},
	{"explore into a directory", {EXPLORE, "--output=kept", "--check", CHECK, "--", PROGRAM}, true},
	{"copies into a directory",
	 {EXPLORE, "--copy", "--output=kept", "--check", CHECK, "--", PROGRAM},
	 true},
	{"a trace into a directory", {EXPLORE, "--output=kept", "--check", CHECK, "whole.trace"}, true},
	{"rerun", {"explore", "--jobs=2", "--dir=store", "--rerun", "--check", CHECK, "--", PROGRAM}, false},
	{"lint", {"lint", "--dir=store", "--", PROGRAM}, false},
	{"report", {"report", "part-1", "part-2"}, false},
	{"replay", {"replay", "whole.trace", "posix@4-2", "state"}, false},
};

#define COMMANDS (sizeof commands / sizeof *commands)

static const char *const resume[] = {"explore", "--resume=kept", NULL};

/* ------------------------------------------------------------------ commands */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static pid_t begin(const char *const *words)
{
	const char *argv[32] = {lab_variable("CRASHINJECT")};

	for (size_t i = 0; words[i]; i++)
		argv[i + 1] = words[i];
	return world_begin(argv);
}

/* The data directory is what it was at first. */
static void make_store(void)
{
	lab_remove("store");
	lab_remove("state");
	ck_assert_int_eq(system("mkdir store"), 0);
}

/* Kills it at some moment of the time that it needs, or lets it end; its status. */
static int disturb(const char *const *words, double seconds)
{
	pid_t pid = begin(words);
	bool group = random() % 2;

	lab_pause((unsigned int)(1000 * seconds * (double)(random() % 1100) / 1000));
	kill(group ? -pid : pid, SIGKILL);
	return world_await(pid);
}

/* ------------------------------------------------------------------ results */

static json_t *essence(const char *place)
{
	json_t *result = json_load_file(lab_text("%s/result.json", place), 0, NULL);

	ck_assert_msg(result != NULL, "there is no result in %s", place);
	return lab_essence(result);
}

static void assert_same(json_t *is, json_t *expected, const char *name, int kill)
{
	ck_assert_msg(json_equal(is, expected), "%s, kill %d: the result is %.1500s and not %.1500s", name,
		      kill, json_dumps(is, JSON_SORT_KEYS), json_dumps(expected, JSON_SORT_KEYS));
}

/* A result that stands in TMPDIR was named, and is whole. */
static void assert_results_whole(void)
{
	ck_assert_msg(system("for r in tmp/crashinject-result-*; do [ ! -e \"$r\" ] || "
			     "\"$CRASHINJECT\" report -q \"$r\" >/dev/null || [ $? = 1 ] || exit 1; done") ==
			      0,
		      "a result in TMPDIR is not whole: %s", world_said());
}

/* Goes on with what was killed, is killed again once or twice, and ends it. */
static void end_it(size_t at, double seconds, json_t *expected, int number)
{
	int status = 137;

	for (int times = 0; status == 137; times++) {
		status = access("kept", F_OK) < 0 ? 125 :
			 times < 2		  ? disturb(resume, seconds) :
						    world_await(begin(resume));
		world_assert_nothing_left(true);
	}
	if (status == 125) {
		ck_assert_msg(access("kept", F_OK) < 0 || strstr(world_said(), "nothing was recorded"), "%s",
			      world_said());
		status = world_await(begin(commands[at].words));
	}
	ck_assert_msg(status == 1, "%s, kill %d: status %d, %s", commands[at].name, number, status,
		      world_said());
	assert_same(essence("kept"), expected, commands[at].name, number);
}

/* ------------------------------------------------------------------ the loop */

struct undisturbed {
	double seconds;
	json_t *result;
};

static void look(struct undisturbed *seen)
{
	make_store();
	ck_assert_int_eq(world_await(begin((const char *const[]){
				 "record", "--dir=store", "--output=whole.trace", "--", PROGRAM, NULL})),
			 0);
	for (int part = 1; part <= 2; part++)
		ck_assert_int_le(world_await(begin((const char *const[]){
					 EXPLORE, "--check", CHECK, "-o", lab_text("part-%d", part),
					 "--shard", lab_text("%d/2", part), "whole.trace", NULL})),
				 1);
	for (size_t i = 0; i < COMMANDS; i++) {
		double start;
		int status;

		make_store();
		start = now();
		status = world_await(begin(commands[i].words));
		seen[i].seconds = now() - start;
		ck_assert_msg(status == 0 || status == 1, "%s: status %d, %s", commands[i].name, status,
			      world_said());
		if (commands[i].resumes)
			seen[i].result = essence("kept");
		lab_remove("kept");
		world_assert_nothing_left(false);
	}
}

START_TEST(nothing_is_left_of_what_is_killed_and_it_can_be_ended)
{
	const char *value = getenv("CRASHINJECT_LONG");
	int kills = value && strcmp(value, "1") == 0 ? LONG : SHORT;
	struct undisturbed seen[COMMANDS];

	if (!world_make(NULL))
		printf("SKIP: what is left in /dev/shm: no mount namespace can be had\n");
	look(seen);
	srandom(SEED);
	for (int i = 0; i < kills; i++) {
		size_t at = (size_t)i % COMMANDS;

		make_store();
		disturb(commands[at].words, seen[at].seconds);
		assert_results_whole();
		world_assert_nothing_left(false);
		if (commands[at].resumes)
			end_it(at, seen[at].seconds, seen[at].result, i);
		lab_remove("kept");
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kill loop");
	TCase *loop = lab_case(suite, "loop", 3600);

	if (!lab_sandboxes()) {
		printf("SKIP: kill loop: user namespaces with overlays are not to be had here\n");
		return 77;
	}
	tcase_add_test(loop, nothing_is_left_of_what_is_killed_and_it_can_be_ended);
	return lab_run(suite);
}
