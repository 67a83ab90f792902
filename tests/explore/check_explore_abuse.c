/* SPDX-License-Identifier: MIT */
/*
 * check_explore_abuse.c - explore that is killed, starved, or has to do with programs that do as they like.
 *
 * Method: two reference stores, one that is right and one that is not (commits are acknowledged before they
 * are synced, so that it takes a power loss to see it). Whatever is done, the right one is never found to be
 * wrong, the wrong one is never said to be right, and afterwards no process, mount or temporary file is left,
 * and the data directory is empty as it was. Each test has a mount namespace with a /dev/shm of its own,
 * where that can be had.
 *
 * CRASHINJECT_LONG=1 in the environment: more random moments.
 */
#include "tests/run/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/programs/older_libc.h"

#define RIGHT "wal"
#define WRONG "--bug", "wal-ack-before-sync", "wal"

static unsigned int findings(const char *text)
{
	unsigned int count = 0;

	while ((text = strstr(text, "\nfinding ")) != NULL) {
		count++;
		text++;
	}
	return count;
}

#define EXPLORE(...)                                                                                         \
	((const char *const[]){lab_variable("CRASHINJECT"), "explore", "--jobs=2", "--dir=store",            \
			       __VA_ARGS__, NULL})

/* Explores one of the reference stores. */
#define STORE(model, check, ...)                                                                             \
	EXPLORE("--model", model, "--check", check, "--", lab_variable("HELPER"), __VA_ARGS__)

/* A checker that knows what is right, and does something else as well. */
static const char *verify(const char *then)
{
	return lab_text("\"%s\" verify . \"$CRASH_ACKED\"; status=$?; %s; exit $status",
			lab_variable("HELPER"), then);
}

/* ------------------------------------------------------------------ what is left */

static void assert_nothing_left(void)
{
	world_assert_nothing_left(false);
	ck_assert_int_eq(lab_entries("store"), 0);
}

/* ------------------------------------------------------------------ killed */

START_TEST(nothing_is_left_when_it_is_killed_at_any_moment)
{
	const char *value = getenv("CRASHINJECT_LONG");
	int times = value && strcmp(value, "1") == 0 ? 100 : 8;

	world_make(NULL);
	srandom((unsigned int)getpid());
	for (int i = 0; i < times; i++) {
		pid_t pid = world_begin(STORE("posix", verify("sleep 0.01"), RIGHT));

		lab_pause((unsigned int)(random() % (i % 2 ? 1500 : 200)));
		kill(i % 4 < 2 ? pid : -pid, SIGKILL);
		world_await(pid);
		assert_nothing_left();
	}
}
END_TEST

START_TEST(ctrl_c_says_what_is_known_and_the_rest_can_be_done_later)
{
	pid_t pid;
	int status;

	world_make(NULL);
	pid = world_begin(EXPLORE("--output=result", "--check",
				  lab_text("cat ./*; echo >>%s/checked; sleep 0.05", lab_dir), "--",
				  lab_variable("HELPER"), RIGHT));
	LAB_AWAIT(access("checked", F_OK) == 0);
	kill(pid, SIGINT);
	status = world_await(pid);
	ck_assert_msg(status == 3 && strstr(world_said(), "it was interrupted"), "status %d, %s", status,
		      world_said());
	assert_nothing_left();
	status = world_await(world_begin(
		(const char *const[]){lab_variable("CRASHINJECT"), "explore", "--resume", "result", NULL}));
	ck_assert_msg(status == 0 && strstr(world_said(), "no findings\n"), "status %d, %s", status,
		      world_said());
	assert_nothing_left();
}
END_TEST

static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGKILL};

/* Its runs are in process namespaces, where all end at once and nobody cleans up. */
START_TEST(a_signal_to_a_rerun_leaves_nothing)
{
	world_make(NULL);
	for (int i = 0; i < 4; i++) {
		pid_t pid =
			world_begin(EXPLORE("--rerun", "--check", "sleep 0.01", "--", "sh", "-c",
					    "cd store; for i in 1 2 3 4 5; do echo $i >f; sleep 0.02; done; "
					    "rm f"));

		LAB_AWAIT(lab_entries("shm") > 0);
		lab_pause((unsigned int)(150 + 100 * i));
		kill(pid, signals[_i]);
		world_await(pid);
		world_assert_nothing_left(true);
	}
}
END_TEST

/* Nothing is known yet that could be said: it once waited for the program's end. */
START_TEST(a_signal_during_the_recording_ends_it)
{
	const char *program = lab_text("cd store; echo >f; echo >%s/began; sleep 10000", lab_dir);
	pid_t pid;
	int status;

	world_make(NULL);
	pid = world_begin(_i % 2 ? EXPLORE("--check=true", "--", "sh", "-c", program) :
				   EXPLORE("--copy", "--check=true", "--", "sh", "-c",
					   lab_text("cd \"$CRASH_DIR\"/..; mkdir -p store; %s", program)));
	LAB_AWAIT(access("began", F_OK) == 0);
	kill(pid, signals[_i / 2]);
	status = world_await(pid);
	ck_assert_msg(status == 128 + signals[_i / 2], "status %d, %s", status, world_said());
	if (signals[_i / 2] != SIGKILL)
		lab_assert_file("err", "crashinject: interrupted while recording: nothing was explored\n");
	LAB_AWAIT(lab_entries("shm") == 0);
	world_assert_nothing_left(true);
}
END_TEST

static unsigned int lines_of(const char *path)
{
	const char *text = lab_read(path, NULL);
	unsigned int count = 0;

	for (; text && (text = strchr(text, '\n')) != NULL; text++)
		count++;
	return count;
}

/* Both workers have a checker that takes its time, and a third state waits for one of them. */
START_TEST(a_signal_waits_for_no_checker)
{
	const char *check =
		lab_text("echo >>%s/checked; [ $(wc -l <%s/checked) = 1 ] || sleep 10000", lab_dir, lab_dir);
	pid_t pid;
	int status;

	world_make(NULL);
	pid = world_begin(EXPLORE("--check-timeout=10000s", "--model=posix", "--check", check, "--",
				  lab_variable("HELPER"), RIGHT));
	LAB_AWAIT(lines_of("checked") == 3);
	lab_pause(300); /* for the third to be named */
	kill(pid, SIGTERM);
	status = world_await(pid);
	ck_assert_msg(status == 3 && strstr(world_said(), "it was interrupted"), "status %d, %s", status,
		      world_said());
	assert_nothing_left();
}
END_TEST

/* Every set of forty writes leaves the same, so that there is nothing to be checked for ever. */
START_TEST(a_budget_ends_what_checks_nothing)
{
	int status;

	world_make(NULL);
	status = world_command(EXPLORE(
		"--model=posix", "--exhaustive", "--budget=1s", "--check=true", "--setup=printf xx >f", "--",
		"sh", "-c", "cd store; i=0; while [ $i -lt 40 ]; do printf xx 1<>f; i=$((i+1)); done"));
	ck_assert_msg(status == 3 && strstr(world_said(), "the budget ran out"), "status %d, %s", status,
		      world_said());
	assert_nothing_left();
}
END_TEST

/* ------------------------------------------------------------------ starved */

/* What a run that could not do all of its work may say: incomplete, or failed. */
static bool gave_up(int status)
{
	return status == 3 || status == 125;
}

static const char *const spaces[] = {"size=4k", "size=16k",    "size=64k",    "size=1m",
				     "size=3m", "nr_inodes=2", "nr_inodes=4", "nr_inodes=8"};

START_TEST(a_full_disk_makes_no_wrong_verdict)
{
	int status;

	if (!world_make(spaces[_i]))
		LAB_SKIP("no file system can be mounted here that is full");
	status = world_command(STORE("posix", verify(":"), RIGHT));
	ck_assert_msg(status == 0 || gave_up(status), "%s: the right store: status %d, %s", spaces[_i],
		      status, world_said());
	assert_nothing_left();
	status = world_command(STORE("posix", verify(":"), WRONG));
	ck_assert_msg(status == 1 || gave_up(status), "%s: the wrong store: status %d, %s", spaces[_i],
		      status, world_said());
	assert_nothing_left();
}
END_TEST

START_TEST(a_full_disk_for_the_result_is_said)
{
	int status;

	if (!world_make(NULL) || !world_mount("full", "size=16k"))
		LAB_SKIP("no file system can be mounted here that is full");
	status = world_command(EXPLORE("--output=full/result", "--model=posix", "--check", verify(":"), "--",
				       lab_variable("HELPER"), WRONG));
	ck_assert_msg(gave_up(status), "status %d, %s", status, world_said());
	ck_assert_msg(strstr(world_said(), "full/result") && strstr(world_said(), "No space left"), "%s",
		      world_said());
	assert_nothing_left();
}
END_TEST

/* The file system that is full is named. */
START_TEST(what_is_full_is_said)
{
	int status;

	if (!world_make("size=4k"))
		LAB_SKIP("no file system can be mounted here that is full");
	status = world_command(EXPLORE("--check=true", "--", "sh", "-c", "echo >store/f"));
	ck_assert_msg(status == 125 && strstr(world_said(), "/dev/shm/crashinject-") &&
			      strstr(world_said(), "No space left"),
		      "status %d, %s", status, world_said());
	world_assert_nothing_left(true);
	lab_write("store/large", lab_text("%100000d", 1), 100000);
	status = world_command(EXPLORE("--copy", "--check=true", "--", "true"));
	ck_assert_msg(status == 125 && strstr(world_said(), lab_text("%s/tmp/crashinject-", lab_dir)) &&
			      strstr(world_said(), "No space left"),
		      "status %d, %s", status, world_said());
	world_assert_nothing_left(true);
}
END_TEST

static const rlim_t file_sizes[] = {1, 4096, 100000, 600000, 1 << 20, 10 << 20, 100 << 20};

/* SIGXFSZ once ended the command, and left what it had in /dev/shm. */
START_TEST(a_limit_for_the_size_of_files_is_an_error_and_no_end)
{
	const char *const *commands[] = {
		((const char *const[]){lab_variable("CRASHINJECT"), "list", "--", "true", NULL}),
		EXPLORE("--model=posix", "--check", verify(":"), "--", lab_variable("HELPER"), RIGHT),
		EXPLORE("--copy", "--check=[ ! -e f ] || cat f", "--", "sh", "-c", "echo >\"$CRASH_DIR/f\""),
		EXPLORE("--rerun", "--check=[ ! -e f ] || cat f", "--", "sh", "-c", "echo >store/f"),
		EXPLORE("--output=kept", "--check=[ ! -e f ] || cat f", "--", "sh", "-c", "echo >store/f"),
	};

	world_make(NULL);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		int status;

		world_file_size = file_sizes[_i];
		status = world_command(commands[i]);
		ck_assert_msg(status == 0 || gave_up(status), "%llu bytes, command %zu: status %d, %s",
			      (unsigned long long)file_sizes[_i], i, status, world_said());
		/* where the limit is for its messages, too, it cannot say so */
		ck_assert_msg(status == 0 || file_sizes[_i] < 4096 || strstr(world_said(), "RLIMIT_FSIZE"),
			      "%llu bytes, command %zu: %s", (unsigned long long)file_sizes[_i], i,
			      world_said());
		lab_remove("kept");
		assert_nothing_left();
	}
}
END_TEST

/* The limit, and what becomes of whoever meets it, is the program's as it would be without us. */
START_TEST(the_program_has_sigxfsz_as_it_was)
{
	static const char *const ways[] = {"", "trap '' XFSZ; "};
	const char *write = "dd if=/dev/zero of=store/f bs=1M count=3 2>/dev/null; echo $? >store/status";

	world_make(NULL);
	for (size_t i = 0; i < 2; i++) {
		const char *command = lab_text("ulimit -f 2000; %s%s", ways[i], write), *alone;

		ck_assert_int_eq(system(command), 0);
		alone = lab_read("store/status", NULL);
		ck_assert_int_eq(
			world_command((const char *const[]){
				"/bin/sh", "-c",
				lab_text("ulimit -f 2000; %s exec \"$CRASHINJECT\" run --at write#9000 "
					 "-- sh -c '%s'",
					 ways[i], write),
				NULL}),
			1); /* not reached */
		lab_assert_file("store/status", alone);
		ck_assert_int_eq(system("rm store/f store/status"), 0);
		assert_nothing_left();
	}
}
END_TEST

static const int megabytes[] = {8, 16, 32, 64, 96, 128, 192, 256, 512};

START_TEST(little_memory_makes_no_wrong_verdict)
{
	int status;

	world_make(NULL);
	world_memory = (rlim_t)megabytes[_i] << 20;
	status = world_command(STORE("posix", verify(":"), RIGHT));
	/* 126, 127: not even the program could be started; the loader may even end by a signal */
	ck_assert_msg(status == 0 || gave_up(status) || status == 126 || status == 127 ||
			      (megabytes[_i] <= 16 && status > 128),
		      "%d MB: the right store: status %d, %s", megabytes[_i], status, world_said());
	assert_nothing_left();
	status = world_command(STORE("posix", verify(":"), WRONG));
	ck_assert_msg(status != 0, "%d MB: the wrong store is said to be right", megabytes[_i]);
	assert_nothing_left();
}
END_TEST

/* ------------------------------------------------------------------ checkers */

/* Nobody is to be signalled where a checker is not alone with its worker, which is number 1 then. */
static const struct {
	const char *name, *then;
} manners[] = {
	{"kills its parent", "[ $PPID != 1 ] || kill -9 1"},
	{"signals everybody", "[ $PPID != 1 ] || { trap '' HUP TERM; kill -HUP -1; kill -TERM -1; }"},
	{"removes what it looked at", "rm -rf ./* .[a-z]*; echo else >store.wal; mkdir more"},
	{"writes over what it looked at",
	 "for f in *; do echo other >\"$f\"; chmod 0 \"$f\"; done; chmod 0 ."},
	{"leaves the directory in use", "mkdir -p a/b; cd a/b; exec 9>c"},
	{"deletes the acknowledgements", "rm -f \"$CRASH_ACKED\""},
	{"writes over the acknowledgements",
	 "acked=$(tr 0-9 9 <\"$CRASH_ACKED\"); echo \"$acked\" >\"$CRASH_ACKED\""},
	{"adds to the acknowledgements", "echo ack 99 k00=x >>\"$CRASH_ACKED\""},
	{"puts a link where the acknowledgements were", "ln -sf /dev/null \"$CRASH_ACKED\""},
	{"puts a directory where the acknowledgements were",
	 "rm \"$CRASH_ACKED\"; mkdir -p \"$CRASH_ACKED/more\""},
	{"puts a pipe where the acknowledgements were", "rm \"$CRASH_ACKED\"; mkfifo \"$CRASH_ACKED\""},
	{"prints a lot", "head -c 300000 /dev/zero | tr '\\0' x; echo"},
	{"mounts", "mount -t tmpfs none . 2>/dev/null"},
	{"mounts elsewhere, again and again",
	 "[ ! -e /mnt/seen ] || exit 9; for i in 1 2 3; do mount -t tmpfs none /mnt; done 2>/dev/null && "
	 "mkdir '/mnt/a b' && mount --rbind /mnt '/mnt/a b' && : >/mnt/seen"},
};

START_TEST(what_a_checker_does_to_one_state_is_not_seen_in_the_next)
{
	const char *name = manners[_i].name;
	int status;

	world_make(NULL);
	status = world_command(STORE("ext4", verify(manners[_i].then), RIGHT));
	ck_assert_msg(status == 0, "a checker that %s: the right store: status %d, %s", name, status,
		      world_said());
	assert_nothing_left();
	status = world_command(STORE("ext4", verify(manners[_i].then), WRONG));
	ck_assert_msg(status == 1 && findings(world_said()) == 1,
		      "a checker that %s: the wrong store: status %d, %s", name, status, world_said());
	assert_nothing_left();
}
END_TEST

/* 511 processes. */
#define BOMB "bomb() { [ $1 = 0 ] || { bomb $(($1 - 1)) & bomb $(($1 - 1)) & }; exec sleep 500; }; bomb 8"
#define ENDLESS "ulimit -u 400; f() { f | f & f; }; f 2>/dev/null; exit 0"

/* What a checker does at one point instead of looking. */
static const struct {
	const char *name, *instead, *kind;
} crimes[] = {
	{"leaves many processes", "i=0; while [ $i -lt 100 ]; do sleep 500 & i=$((i + 1)); done; exit 0",
	 "leaves processes"},
	{"leaves a daemon",
	 "setsid sh -c 'trap \"\" HUP TERM; sleep 500 & sleep 500' >/dev/null 2>&1 & exit 0",
	 "leaves processes"},
	{"doubles itself nine times", BOMB, "hang"},
	{"forks without end", ENDLESS, NULL},
	{"hangs", "sleep 500", "hang"},
	{"hangs with children", "sleep 500 | sleep 500 | sleep 500", "hang"},
	{"hangs without a way to be asked", "trap '' HUP INT TERM QUIT; while :; do sleep 500; done", "hang"},
	{"is killed", "kill -9 $$", "killed by a signal"},
};

START_TEST(a_checker_that_does_not_end_well_is_a_verdict_and_is_gone)
{
	const char *name = crimes[_i].name;
	int status;

	if (!crimes[_i].kind && geteuid() == 0)
		LAB_SKIP("no limit for processes holds for root");
	world_make(NULL);
	status = world_command(
		EXPLORE("--check-timeout=2s", "--check",
			lab_text("[ \"$CRASH_POINT\" != write#9:after ] || { %s; }", crimes[_i].instead),
			"--", lab_variable("HELPER"), RIGHT));
	ck_assert_msg(status == 1, "a checker that %s: status %d, %s", name, status, world_said());
	ck_assert_msg(!crimes[_i].kind || strstr(world_said(), crimes[_i].kind), "a checker that %s: %s",
		      name, world_said());
	assert_nothing_left();
}
END_TEST

/* Without a process namespace the worker can be killed by what it checks: nothing is known of that state. */
START_TEST(a_worker_that_is_killed_leaves_its_state_unchecked)
{
	const char *const command[] = {LAB_WITHOUT_NAMESPACES,
				       lab_variable("CRASHINJECT"),
				       "explore",
				       "--jobs=2",
				       "--dir=store",
				       "--check",
				       "kill -9 $PPID; exit 0",
				       "--",
				       lab_variable("HELPER"),
				       RIGHT,
				       NULL};
	int status;

	world_make(NULL);
	status = world_command(command);
	ck_assert_msg(gave_up(status), "status %d, %s", status, world_said());
	assert_nothing_left();
}
END_TEST

/* ------------------------------------------------------------------ programs */

static const char *const endless[] = {
	"cd store; while :; do echo more >>file; done",
	"cd store; while :; do echo more >file; mv file other; done",
	"cd store; trap '' HUP INT TERM; echo more >file; while :; do sleep 500; done",
};

START_TEST(a_program_without_end_is_explored_as_far_as_it_came)
{
	int status;

	world_make(NULL);
	status = world_command(
		EXPLORE("--check=true", "--timeout=500ms", "--budget=20", "--", "sh", "-c", endless[_i]));
	ck_assert_msg(status == 3 && strstr(world_said(), "incomplete:\n  the program timed out"),
		      "status %d, %s", status, world_said());
	assert_nothing_left();
}
END_TEST

/* Each leaves 1, then 12, in a file that is made with 1 in it. */
static const struct {
	const char *name, *script;
} habits[] = {
	{"closes its descriptors",
	 "cd store; exec 0<&- 1>&- 2>&- 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; echo 1 >t; mv t f; echo 2 >>f"},
	{"changes its directory",
	 "cd /; cd \"$CRASH_DIR\"; echo 1 >t; cd ..; mv store/t store/f; cd /usr; echo 2 >>\"$CRASH_DIR/f\""},
	{"goes on in the background", "cd store; (echo 1 >t; mv t f; sleep 0.2; echo 2 >>f) & exit 0"},
	{"clears its environment", "cd store; env -i sh -c 'echo 1 >t; mv t f; env -i sh -c \"echo 2 >>f\"'"},
	{"is killed", "cd store; echo 1 >t; mv t f; echo 2 >>f; kill -9 $$"},
};

START_TEST(what_a_program_does_is_seen_whatever_its_habits)
{
	char *check = lab_text(
		"[ ! -e f ] || [ \"$(head -n 1 f)\" = 1 ] && echo $(cat f 2>/dev/null) >>%s/seen", lab_dir);
	int status;

	world_make(NULL);
	status = world_command(EXPLORE("--model=kill", "--linger=5s", "--exit-ok=0,137", "--check", check,
				       "--", "sh", "-c", habits[_i].script));
	ck_assert_msg(status == 0, "a program that %s: status %d, %s", habits[_i].name, status, world_said());
	ck_assert_int_ne(system("sort -u -o seen seen"), -1);
	lab_assert_file("seen", "\n1\n1 2\n"); /* nothing; 1; both */
	assert_nothing_left();
}
END_TEST

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

int main(void)
{
	Suite *suite = suite_create("explore, abused");
	TCase *killed = lab_case(suite, "killed", 900), *starved = lab_case(suite, "starved", 300);
	TCase *checkers = lab_case(suite, "checkers", 300), *programs = lab_case(suite, "programs", 300);

	if (!lab_sandboxes()) {
		printf("SKIP: explore, abused: user namespaces with overlays are not to be had here\n");
		return 77;
	}
	tcase_add_test(killed, nothing_is_left_when_it_is_killed_at_any_moment);
	tcase_add_test(killed, ctrl_c_says_what_is_known_and_the_rest_can_be_done_later);
	tcase_add_loop_test(killed, a_signal_to_a_rerun_leaves_nothing, 0, COUNT(signals));
	tcase_add_loop_test(killed, a_signal_during_the_recording_ends_it, 0, 6);
	tcase_add_test(killed, a_signal_waits_for_no_checker);
	tcase_add_test(killed, a_budget_ends_what_checks_nothing);
	tcase_add_loop_test(starved, a_full_disk_makes_no_wrong_verdict, 0, COUNT(spaces));
	tcase_add_test(starved, a_full_disk_for_the_result_is_said);
	tcase_add_test(starved, what_is_full_is_said);
	tcase_add_loop_test(starved, a_limit_for_the_size_of_files_is_an_error_and_no_end, 0,
			    COUNT(file_sizes));
	tcase_add_test(starved, the_program_has_sigxfsz_as_it_was);
	tcase_add_loop_test(starved, little_memory_makes_no_wrong_verdict, 0, COUNT(megabytes));
	tcase_add_loop_test(checkers, what_a_checker_does_to_one_state_is_not_seen_in_the_next, 0,
			    COUNT(manners));
	tcase_add_loop_test(checkers, a_checker_that_does_not_end_well_is_a_verdict_and_is_gone, 0,
			    COUNT(crimes));
	tcase_add_test(checkers, a_worker_that_is_killed_leaves_its_state_unchecked);
	tcase_add_loop_test(programs, a_program_without_end_is_explored_as_far_as_it_came, 0, COUNT(endless));
	tcase_add_loop_test(programs, what_a_program_does_is_seen_whatever_its_habits, 0, COUNT(habits));
	return lab_run(suite);
}
