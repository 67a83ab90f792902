/* SPDX-License-Identifier: MIT */
/*
 * check_sandbox.c - what is done in a sandbox stays there, for root and for anybody, and nothing of it is
 * left.
 */
#include <crashinject/crashinject.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/remove.h"
#include "explore/recording/sandbox.h"
#include "tests/explore/trees.h"
#include "tests/unit/support.h"

static void wait_for(pid_t pid)
{
	int status;

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "the child has failed (%d)", status);
}

/* Gives up being root. /proc/self belongs to us again only when we are dumpable. */
static void be_nobody(void)
{
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
}

/* A directory with a starting tree, which nobody owns too. */
static void make_tree(char directory[PATH_MAX])
{
	char command[PATH_MAX + 64], parent[PATH_MAX];

	support_directory(directory);
	trees_start(directory, 1, true);
	strcpy(parent, directory);
	if (geteuid() == 0)
		ck_assert_int_eq(chmod(dirname(parent), 0777), 0);
	snprintf(command, sizeof command, "chown -hR 65534:65534 '%s'", directory);
	if (geteuid() == 0)
		ck_assert_int_eq(system(command), 0);
}

/* Does something as root (_i is 0) or as nobody, in a child. Says why it cannot. */
static bool begin(const char *test, int as_nobody, pid_t *pid)
{
	const char *why;
	char directory[PATH_MAX];

	if (as_nobody && geteuid() != 0) {
		support_say_skip(test, "we are nobody already");
		return false;
	}
	make_tree(directory);
	*pid = fork();
	if (*pid == 0) {
		if (as_nobody)
			be_nobody();
		if (crash__sandbox_possible(directory, &why))
			return true;
		support_say_skip(test, why);
		_exit(0);
	}
	wait_for(*pid);
	return false;
}

/* ------------------------------------------------------------------ the original */

static void put(const char *directory, const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof path, "%.2000s/%.100s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_msg(fd >= 0, "%s: %m", path);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	/* a checker's fsync must be possible as well */
	ck_assert_int_eq(fsync(fd), 0);
	close(fd);
}

static void change_all(const char *directory)
{
	char path[2][PATH_MAX];

	put(directory, "b", "overwritten");
	put(directory, "new", "new");
	snprintf(path[0], PATH_MAX, "%.2000s/a/b/e", directory);
	snprintf(path[1], PATH_MAX, "%.2000s/a/d", directory);
	ck_assert_int_eq(rename(path[0], path[1]), 0);
	snprintf(path[0], PATH_MAX, "%.2000s/c", directory);
	ck_assert_int_eq(unlink(path[0]), 0);
	snprintf(path[0], PATH_MAX, "%.2000s/d/e", directory);
	ck_assert_int_eq(chmod(path[0], 0000), 0);
}

static void changes_in(const char *directory)
{
	char *before = trees_text(directory), *inside, *again;
	struct crash__sandbox sandbox;

	trees_ok(crash__sandbox_enter(&sandbox, directory, NULL));
	for (int round = 0; round < 3; round++) {
		trees_ok(crash__sandbox_mount(&sandbox, round ? "tree" : NULL));
		inside = trees_text(directory);
		ck_assert_msg(strcmp(inside, before) == 0, "round %d starts otherwise: %s", round,
			      trees_differ(inside, before));
		change_all(directory);
		again = trees_text(directory);
		ck_assert_str_ne(again, before);
		trees_ok(crash__sandbox_unmount(&sandbox));
		free(inside);
		free(again);
	}
	free(before);
}

START_TEST(the_original_is_what_it_was)
{
	char directory[PATH_MAX], *before, *after;
	pid_t pid, inner;

	if (!begin("the_original_is_what_it_was", _i, &pid))
		return;
	make_tree(directory);
	before = trees_text(directory);
	inner = crash__sandbox_fork(false, SIGKILL);
	if (inner == 0) {
		changes_in(directory);
		_exit(0);
	}
	wait_for(inner);
	after = trees_text(directory);
	ck_assert_msg(strcmp(before, after) == 0, "%s", trees_differ(after, before));
	_exit(0);
}
END_TEST

START_TEST(a_directory_may_be_called_anything)
{
	static const char *const names[] = {"with blank", "a,b",    "a:b",     "a\\b",
					    "a\nb",	  "ümlaut", "'\"$(x)", "-o"};
	char directory[PATH_MAX], odd[PATH_MAX];
	pid_t pid, inner;

	if (!begin("a_directory_may_be_called_anything", _i, &pid))
		return;
	support_directory(directory);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(odd, sizeof odd, "%.2000s/%s", directory, names[i]);
		ck_assert_int_eq(mkdir(odd, 0755), 0);
		inner = crash__sandbox_fork(true, SIGKILL);
		if (inner == 0) {
			struct crash__sandbox sandbox;

			trees_ok(crash__sandbox_enter(&sandbox, odd, NULL));
			trees_ok(crash__sandbox_mount(&sandbox, "tree"));
			put(odd, "new", "new");
			trees_ok(crash__sandbox_unmount(&sandbox));
			_exit(0);
		}
		wait_for(inner);
		ck_assert_msg(rmdir(odd) == 0, "something was left in %s", odd);
	}
	_exit(0);
}
END_TEST

/* An overlay without an index takes the names of a file apart; only root can have one. */
START_TEST(names_of_one_file_stay_so_when_it_is_written_to)
{
	char directory[PATH_MAX], path[PATH_MAX];
	struct stat status[2];
	pid_t pid, inner;

	if (geteuid() != 0)
		support_skip("without rights an overlay cannot have an index");
	if (!begin("names_of_one_file_stay_so_when_it_is_written_to", 0, &pid))
		return;
	make_tree(directory);
	inner = crash__sandbox_fork(false, SIGKILL);
	if (inner == 0) {
		struct crash__sandbox sandbox;

		trees_ok(crash__sandbox_enter(&sandbox, directory, NULL));
		trees_ok(crash__sandbox_mount(&sandbox, NULL));
		put(directory, "a/d", "short");
		for (int i = 0; i < 2; i++) {
			snprintf(path, sizeof path, "%.2000s/%s", directory, i ? "d/d" : "a/d");
			ck_assert_int_eq(stat(path, &status[i]), 0);
		}
		ck_assert_int_eq(status[0].st_size, 5);
		ck_assert_int_eq(status[1].st_size, 5);
		ck_assert_int_eq(status[0].st_ino, status[1].st_ino);
		_exit(0);
	}
	wait_for(inner);
	_exit(0);
}
END_TEST

/* ------------------------------------------------------------------ what is left */

static int mounts_below(const char *directory)
{
	FILE *stream = fopen("/proc/self/mountinfo", "re");
	char line[8192];
	int count = 0;

	ck_assert_ptr_nonnull(stream);
	while (fgets(line, sizeof line, stream))
		count += strstr(line, directory) != NULL;
	fclose(stream);
	return count;
}

static void kill_in_the_middle(const char *directory, bool own_pids)
{
	pid_t *grandchild = support_shared(sizeof *grandchild), pid;
	char *before = trees_text(directory), *after, byte;
	int ready[2], status;

	ck_assert_int_eq(pipe(ready), 0);
	pid = crash__sandbox_fork(own_pids, SIGKILL);
	if (pid == 0) {
		struct crash__sandbox sandbox;

		trees_ok(crash__sandbox_enter(&sandbox, directory, NULL));
		trees_ok(crash__sandbox_mount(&sandbox, "tree"));
		ck_assert_int_eq(chdir(directory), 0);
		change_all(directory);
		if (own_pids && fork() == 0) {
			/* keeps the overlay busy, and must not outlive the first process of its pid namespace
			 */
			close(ready[0]);
			pause();
		}
		close(ready[0]);
		ck_assert_int_eq(write(ready[1], "x", 1), 1);
		pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	/* the other end is closed when the last of them is gone */
	ck_assert_int_eq(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	ck_assert_int_eq(mounts_below(directory), 0);
	after = trees_text(directory);
	ck_assert_msg(strcmp(before, after) == 0, "%s", trees_differ(after, before));
	free(before);
	free(after);
}

START_TEST(nothing_is_left_of_a_process_that_was_killed)
{
	char directory[PATH_MAX];
	pid_t pid;

	if (!begin("nothing_is_left_of_a_process_that_was_killed", _i, &pid))
		return;
	for (int own_pids = 0; own_pids < 2; own_pids++) {
		make_tree(directory);
		kill_in_the_middle(directory, own_pids);
	}
	_exit(0);
}
END_TEST

START_TEST(mounts_are_not_seen_outside)
{
	char directory[PATH_MAX], byte;
	int ready[2], go[2];
	pid_t pid, inner;

	if (!begin("mounts_are_not_seen_outside", _i, &pid))
		return;
	make_tree(directory);
	ck_assert(pipe(ready) == 0 && pipe(go) == 0);
	inner = crash__sandbox_fork(true, SIGKILL);
	if (inner == 0) {
		struct crash__sandbox sandbox;

		ck_assert_int_eq(getpid(), 1);
		trees_ok(crash__sandbox_enter(&sandbox, directory, NULL));
		trees_ok(crash__sandbox_mount(&sandbox, NULL));
		ck_assert_int_ge(mounts_below(directory), 1);
		ck_assert_int_eq(write(ready[1], "x", 1), 1);
		ck_assert_int_eq(read(go[0], &byte, 1), 1);
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(mounts_below(directory), 0);
	put(directory, "seen", "from outside");
	ck_assert_int_eq(write(go[1], "x", 1), 1);
	wait_for(inner);
	ck_assert_int_eq(mounts_below(directory), 0);
	_exit(0);
}
END_TEST

/* ------------------------------------------------------------------ where it is not possible */

/* From now on a call fails with EPERM in this process, as under a container's rules. */
static void forbid(unsigned int call)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

START_TEST(that_it_is_refused_is_said)
{
	static const struct {
		unsigned int call;
		const char *why;
	} refused[] = {
		{SYS_clone, "namespaces are refused: Operation not permitted"},
		{SYS_mount, "cannot make mounts private: Operation not permitted"},
		{SYS_setxattr, "files in memory cannot have the attribute "},
	};
	char directory[PATH_MAX];
	const char *why;
	pid_t pid;

	support_directory(directory);
	if (!crash__sandbox_possible(directory, &why))
		support_skip(why);
	pid = fork();
	if (pid == 0) {
		forbid(refused[_i].call);
		ck_assert_msg(!crash__sandbox_possible(directory, &why), "it was possible without the call");
		ck_assert_msg(strncmp(why, refused[_i].why, strlen(refused[_i].why)) == 0, "it says: %s",
			      why);
		_exit(0);
	}
	wait_for(pid);
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_refused)
{
	const char *why;

	ck_assert(!crash__sandbox_possible("/nowhere/at/all", &why));
	ck_assert_ptr_nonnull(strstr(why, "/nowhere/at/all"));
}
END_TEST

/* ------------------------------------------------------------------ removing trees */

START_TEST(a_tree_is_removed_with_what_nobody_may_enter)
{
	char directory[PATH_MAX], path[PATH_MAX];
	struct stat status;
	pid_t pid;

	support_directory(directory);
	strcpy(path, directory);
	ck_assert_int_eq(chmod(dirname(path), 0777), 0);
	ck_assert_int_eq(chmod(directory, 0777), 0);
	pid = fork();
	if (pid == 0) {
		static const char *const names[] = {"tree", "tree/closed", "tree/closed/below",
						    "tree/read-only"};

		if (geteuid() == 0)
			be_nobody();
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			snprintf(path, sizeof path, "%.2000s/%s", directory, names[i]);
			ck_assert_int_eq(mkdir(path, 0755), 0);
			put(path, "file", "x");
		}
		put(directory, "outside", "x");
		snprintf(path, sizeof path, "%.2000s/tree/link", directory);
		ck_assert_int_eq(symlink(directory, path), 0);
		for (size_t i = sizeof names / sizeof *names; i-- > 0;) {
			snprintf(path, sizeof path, "%.2000s/%s", directory, names[i]);
			ck_assert_int_eq(chmod(path, i == 3 ? 0555 : 0000), 0);
		}
		snprintf(path, sizeof path, "%.2000s/tree", directory);
		ck_assert_int_eq(crash__remove_tree(path, true), 0);
		ck_assert(lstat(path, &status) < 0 && errno == ENOENT);
		snprintf(path, sizeof path, "%.2000s/outside", directory);
		ck_assert_msg(lstat(path, &status) == 0, "it went through a symbolic link");
		_exit(0);
	}
	wait_for(pid);
}
END_TEST

START_TEST(a_tree_is_emptied_and_stays)
{
	char directory[PATH_MAX], *text;

	support_directory(directory);
	trees_start(directory, 1, true);
	ck_assert_int_eq(crash__remove_tree(directory, false), 0);
	text = trees_text(directory);
	ck_assert_str_eq(text ? text : "", "");
	free(text);
}
END_TEST

static void add_twice(TCase *tcase, const TTest *test)
{
	tcase_add_loop_test(tcase, test, 0, 2);
}

int main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tcase = support_case(suite, "as root and as nobody", NULL, NULL);

	add_twice(tcase, the_original_is_what_it_was);
	add_twice(tcase, a_directory_may_be_called_anything);
	add_twice(tcase, nothing_is_left_of_a_process_that_was_killed);
	add_twice(tcase, mounts_are_not_seen_outside);
	support_case(suite, "hard links", names_of_one_file_stay_so_when_it_is_written_to, NULL);
	tcase = support_case(suite, "refused", a_directory_that_is_not_there_is_refused, NULL);
	tcase_add_loop_test(tcase, that_it_is_refused_is_said, 0, 3);
	support_case(suite, "removing", a_tree_is_removed_with_what_nobody_may_enter,
		     a_tree_is_emptied_and_stays, NULL);
	return support_run(suite);
}
