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
#include "tests/run/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RIGHT "wal"
#define WRONG "--bug", "wal-ack-before-sync", "wal"

static char *mark;	    /* in the environment of all that we start */
static unsigned int mounts; /* before anything was started */

/* ------------------------------------------------------------------ its world */

static unsigned int count_mounts(void)
{
	const char *at = lab_read("/proc/self/mountinfo", NULL);
	unsigned int count = 0;

	while ((at = strchr(at, '\n')) != NULL) {
		count++;
		at++;
	}
	return count;
}

static bool write_map(const char *path, const char *map)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, map, strlen(map)) == (ssize_t)strlen(map);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool leave_mounts_behind(void)
{
	unsigned int uid = geteuid(), gid = getegid();

	if (unshare(uid ? CLONE_NEWNS | CLONE_NEWUSER : CLONE_NEWNS) < 0 ||
	    (uid && (!write_map("/proc/self/uid_map", lab_text("%u %u 1", uid, uid)) ||
		     !write_map("/proc/self/setgroups", "deny") ||
		     !write_map("/proc/self/gid_map", lab_text("%u %u 1", gid, gid)))))
		return false;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* Directories of our own for what is temporary; `space`: mounted with these options. False: not possible. */
static bool make_world(const char *space)
{
	char *shm = lab_text("%s/shm", lab_dir), *tmp = lab_text("%s/tmp", lab_dir);
	bool good;

	mkdir("store", 0755);
	mkdir(shm, 0755);
	mkdir(tmp, 0755);
	setenv("TMPDIR", tmp, 1);
	mark = lab_text("LAB_MARK=abuse-%d", (int)getpid());
	putenv(mark);
	good = leave_mounts_behind();
	if (good && space)
		good = mount("tmpfs", shm, "tmpfs", 0, space) == 0 &&
		       mount("tmpfs", tmp, "tmpfs", 0, space) == 0;
	if (good)
		good = mount(shm, "/dev/shm", NULL, MS_BIND, NULL) == 0;
	mounts = count_mounts();
	return good;
}

static rlim_t memory; /* RLIMIT_AS of what is started; 0: none */

static _Noreturn void become(const char *const *argv)
{
	struct rlimit limit = {memory, memory};
	int out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600),
	    err = open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	setsid();
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(err, 2);
	close_range(3, ~0u, 0);
	if (memory)
		setrlimit(RLIMIT_AS, &limit);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static pid_t begin(const char *const *argv)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		become(argv);
	return pid;
}

static int await(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int explore(const char *const *argv)
{
	return await(begin(argv));
}

static const char *said(void)
{
	return lab_text("stdout \"%.1500s\", stderr \"%.1500s\"", lab_read("out", NULL),
			lab_read("err", NULL));
}

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
	LAB_AWAIT(lab_processes(mark) <= 1); /* this one */
	LAB_AWAIT(lab_entries("shm") == 0);
	/* results of explorations that found something stay: they are named on stderr */
	ck_assert_int_ne(system("rm -rf tmp/crashinject-result-*"), -1);
	LAB_AWAIT(lab_entries("tmp") == 0);
	ck_assert_int_eq(lab_entries("store"), 0);
	ck_assert_msg(count_mounts() == mounts, "a mount is left: %s",
		      lab_read("/proc/self/mountinfo", NULL));
}

/* ------------------------------------------------------------------ killed */

START_TEST(nothing_is_left_when_it_is_killed_at_any_moment)
{
	const char *value = getenv("CRASHINJECT_LONG");
	int times = value && strcmp(value, "1") == 0 ? 100 : 8;

	make_world(NULL);
	srandom((unsigned int)getpid());
	for (int i = 0; i < times; i++) {
		pid_t pid = begin(STORE("posix", verify("sleep 0.01"), RIGHT));

		lab_pause((unsigned int)(random() % (i % 2 ? 1500 : 200)));
		kill(i % 4 < 2 ? pid : -pid, SIGKILL);
		await(pid);
		LAB_AWAIT(lab_processes(mark) <= 1);
		/* where runner and keeper died together, their control block is for the next run to remove */
		ck_assert_int_eq(explore(EXPLORE("--check=true", "--", "true")), 0);
		assert_nothing_left();
	}
}
END_TEST

START_TEST(ctrl_c_says_what_is_known_and_the_rest_can_be_done_later)
{
	pid_t pid;
	int status;

	make_world(NULL);
	pid = begin(EXPLORE("--output=result", "--check", lab_text("echo >>%s/checked; sleep 0.05", lab_dir),
			    "--", lab_variable("HELPER"), RIGHT));
	LAB_AWAIT(access("checked", F_OK) == 0);
	kill(pid, SIGINT);
	status = await(pid);
	ck_assert_msg(status == 3 && strstr(said(), "it was interrupted"), "status %d, %s", status, said());
	assert_nothing_left();
	status = await(begin(
		(const char *const[]){lab_variable("CRASHINJECT"), "explore", "--resume", "result", NULL}));
	ck_assert_msg(status == 0 && strstr(said(), "no findings\n"), "status %d, %s", status, said());
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

	if (!make_world(spaces[_i]))
		LAB_SKIP("no file system can be mounted here that is full");
	status = explore(STORE("posix", verify(":"), RIGHT));
	ck_assert_msg(status == 0 || gave_up(status), "%s: the right store: status %d, %s", spaces[_i],
		      status, said());
	assert_nothing_left();
	status = explore(STORE("posix", verify(":"), WRONG));
	ck_assert_msg(status == 1 || gave_up(status), "%s: the wrong store: status %d, %s", spaces[_i],
		      status, said());
	assert_nothing_left();
}
END_TEST

START_TEST(a_full_disk_for_the_result_is_said)
{
	int status;

	if (!make_world("size=16k"))
		LAB_SKIP("no file system can be mounted here that is full");
	umount("/dev/shm");
	umount("shm");
	mounts = count_mounts();
	status = explore(EXPLORE("--output", lab_text("%s/tmp/result", lab_dir), "--model=posix", "--check",
				 verify(":"), "--", lab_variable("HELPER"), WRONG));
	ck_assert_msg(gave_up(status), "status %d, %s", status, said());
	ck_assert_msg(strstr(said(), "No space left") != NULL, "%s", said());
	lab_remove("tmp/result");
	assert_nothing_left();
}
END_TEST

static const int megabytes[] = {8, 16, 32, 64, 96, 128, 192, 256, 512};

START_TEST(little_memory_makes_no_wrong_verdict)
{
	int status;

	make_world(NULL);
	memory = (rlim_t)megabytes[_i] << 20;
	status = explore(STORE("posix", verify(":"), RIGHT));
	/* 126, 127: not even the program could be started; the loader may even end by a signal */
	ck_assert_msg(status == 0 || gave_up(status) || status == 126 || status == 127 ||
			      (megabytes[_i] <= 16 && status > 128),
		      "%d MB: the right store: status %d, %s", megabytes[_i], status, said());
	assert_nothing_left();
	status = explore(STORE("posix", verify(":"), WRONG));
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
};

START_TEST(what_a_checker_does_to_one_state_is_not_seen_in_the_next)
{
	const char *name = manners[_i].name;
	int status;

	make_world(NULL);
	status = explore(STORE("ext4", verify(manners[_i].then), RIGHT));
	ck_assert_msg(status == 0, "a checker that %s: the right store: status %d, %s", name, status, said());
	assert_nothing_left();
	status = explore(STORE("ext4", verify(manners[_i].then), WRONG));
	ck_assert_msg(status == 1 && findings(said()) == 1,
		      "a checker that %s: the wrong store: status %d, %s", name, status, said());
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
	make_world(NULL);
	status = explore(
		EXPLORE("--check-timeout=2s", "--check",
			lab_text("[ \"$CRASH_POINT\" != write#9:after ] || { %s; }", crimes[_i].instead),
			"--", lab_variable("HELPER"), RIGHT));
	ck_assert_msg(status == 1, "a checker that %s: status %d, %s", name, status, said());
	ck_assert_msg(!crimes[_i].kind || strstr(said(), crimes[_i].kind), "a checker that %s: %s", name,
		      said());
	assert_nothing_left();
}
END_TEST

/* Without a process namespace the worker can be killed by what it checks: nothing is known of that state. */
START_TEST(a_worker_that_is_killed_leaves_its_state_unchecked)
{
	int status;

	make_world(NULL);
	status = explore(
		EXPLORE("--copy", "--check", "kill -9 $PPID; exit 0", "--", lab_variable("HELPER"), RIGHT));
	ck_assert_msg(gave_up(status), "status %d, %s", status, said());
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

	make_world(NULL);
	status = explore(
		EXPLORE("--check=true", "--timeout=500ms", "--budget=20", "--", "sh", "-c", endless[_i]));
	ck_assert_msg(status == 3 && strstr(said(), "incomplete:\n  the program timed out"), "status %d, %s",
		      status, said());
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

	make_world(NULL);
	status = explore(EXPLORE("--linger=5s", "--check", check, "--", "sh", "-c", habits[_i].script));
	ck_assert_msg(status == 0, "a program that %s: status %d, %s", habits[_i].name, status, said());
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
	tcase_add_loop_test(starved, a_full_disk_makes_no_wrong_verdict, 0, COUNT(spaces));
	tcase_add_test(starved, a_full_disk_for_the_result_is_said);
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
