/* SPDX-License-Identifier: MIT */
/*
 * real_forks.c - the ways to get a new process, each of which then writes.
 *
 *	fork	children and grandchildren that inherit a descriptor and its position
 *	vfork	children that change descriptors and exec
 *	spawn	posix_spawn with file actions
 *	clone	processes that share the parent's memory
 *	daemon	one that forks twice, closes every descriptor, and writes when everybody is gone
 *	clear	programs started with no environment at all
 *	midst	children of a process whose other threads write all the time, from ever other depths of their
 *stacks
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/programs/older_libc.h"

extern char **environ;

static void put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

/* The arguments of a shell that runs `script`; good until the next call. */
static char *const *shell(const char *script)
{
	static const char *argv[4] = {"sh", "-c"};

	argv[2] = script;
	return (char *const *)argv;
}

static void await_all(void)
{
	while (wait(NULL) > 0)
		;
}

static int do_fork(void)
{
	int inherited = open("inherited", O_WRONLY | O_CREAT, 0600);
	char name[32];

	for (int i = 0; i < 6; i++) {
		if (fork() != 0)
			continue;
		snprintf(name, sizeof name, "child-%d", i);
		put(name, "child\n");
		if (write(inherited, "shared\n", 7) != 7)
			abort();
		if (fork() == 0) {
			put(name, "grandchild\n");
			fsync(inherited);
			_exit(0);
		}
		await_all();
		put(name, "child again\n");
		_exit(0);
	}
	await_all();
	close(inherited);
	return 0;
}

static int do_vfork(void)
{
	static char name[32]; /* not on the stack, where the child runs, too */
	static int i;

	for (i = 0; i < 5; i++) {
		pid_t pid;
		int fd;

		snprintf(name, sizeof name, "out-%d", i);
		pid = vfork();
		if (pid == 0) {
			close(1);
			fd = open(name, O_WRONLY | O_CREAT, 0600);
			if (fd != 1)
				_exit(9);
			execl("/bin/echo", "echo", "from", name, (char *)NULL);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
		put(name, "parent\n");
	}
	return 0;
}

static int do_spawn(void)
{
	posix_spawn_file_actions_t actions;
	char *const *argv = shell("echo out; echo err >&2; echo three >&3; pwd");
	char *no_environment[] = {NULL};
	pid_t pid;
	int status, error;

	mkdir("sub", 0755);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	posix_spawn_file_actions_addopen(&actions, 9, "err", O_WRONLY | O_CREAT | O_APPEND, 0644);
	posix_spawn_file_actions_adddup2(&actions, 9, 2);
	posix_spawn_file_actions_addclose(&actions, 9);
	posix_spawn_file_actions_addchdir_np(&actions, "sub");
	posix_spawn_file_actions_addopen(&actions, 3, "three", O_WRONLY | O_CREAT | O_EXCL, 0600);
	for (int i = 0; i < 3; i++) {
		error = i < 2 ? posix_spawn(&pid, "/bin/sh", &actions, NULL, argv,
					    i ? no_environment : environ) :
				posix_spawnp(&pid, "sh", &actions, NULL, argv, environ);
		/* the second and third find "three" there: the child fails before it execs */
		printf("%d\n", error);
		if (error == 0)
			waitpid(pid, &status, 0);
	}
	posix_spawn_file_actions_destroy(&actions);
	return 0;
}

static int clone_child(void *argument)
{
	int fd = open(argument, O_WRONLY | O_CREAT, 0600);

	for (int i = 0; i < 100; i++)
		if (write(fd, "clone\n", 6) != 6)
			abort();
	close(fd);
	return 0;
}

/* Two that only run when the other waits, and then three at once, with the parent between them. */
static int do_clone(void)
{
	static char stacks[5][65536] __attribute__((aligned(64)));
	static char names[5][16] = {"clone-0", "clone-1", "clone-2", "clone-3", "clone-4"};
	static const int flags[5] = {CLONE_VM | CLONE_VFORK | SIGCHLD,
				     CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, CLONE_VM | SIGCHLD,
				     CLONE_VM | CLONE_FILES | SIGCHLD, CLONE_VM | SIGCHLD};
	int fd = open("parent", O_WRONLY | O_CREAT, 0600);

	for (int i = 0; i < 5; i++) {
		if (clone(clone_child, stacks[i] + sizeof stacks[i], flags[i], names[i]) < 0)
			abort();
		for (int j = 0; j < 50; j++)
			if (write(fd, "parent\n", 7) != 7)
				abort();
	}
	close(fd);
	await_all();
	return 0;
}

static void nap(long milliseconds)
{
	struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};

	nanosleep(&time, NULL);
}

static int do_daemon(const char *how)
{
	if (fork() != 0)
		return 0;
	setsid();
	if (fork() != 0)
		_exit(0);
	if (strcmp(how, "loop") == 0)
		for (int fd = 0; fd < 1024; fd++)
			close(fd);
	else if (strcmp(how, "range") == 0)
		close_range(0, ~0u, 0);
	else
		closefrom(0);
	nap(100);
	for (int i = 0; i < 5; i++) {
		int fd = open("daemon.log", O_WRONLY | O_CREAT | O_APPEND, 0600);

		if (fd != 0 || write(fd, "working\n", 8) != 8)
			abort();
		fsync(fd);
		close(fd);
	}
	mkdir("daemon.d", 0755);
	rename("daemon.log", "daemon.d/log");
	_exit(0);
}

static int do_clear(void)
{
	char *nothing[] = {NULL};
	FILE *pipe;
	pid_t pid;

	clearenv();
	if (system("echo system > system; mv system system2") != 0)
		return 1;
	pipe = popen("cat > popen; mkdir popen.d", "w");
	fputs("text\n", pipe);
	pclose(pipe);
	if (posix_spawn(&pid, "/bin/sh", NULL, NULL, shell("echo > spawn"), nothing) == 0)
		waitpid(pid, NULL, 0);
	if (posix_spawn(&pid, "/bin/sh", NULL, NULL, shell("echo > spawn2"), NULL) == 0)
		waitpid(pid, NULL, 0);
	if ((pid = fork()) == 0) {
		environ = NULL;
		execvp("/bin/sh", shell("echo > execvp"));
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	if ((pid = vfork()) == 0) {
		execle("/bin/sh", "sh", "-c", "echo > execle", (char *)NULL, nothing);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	if ((pid = fork()) == 0) {
		fexecve(open("/bin/sh", O_RDONLY | O_CLOEXEC), shell("echo > fexecve"), nothing);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	if ((pid = fork()) == 0) {
		syscall(SYS_execve, "/bin/sh", shell("echo > raw"), NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	execve("/bin/sh", shell("echo exec > exec"), nothing);
	return 127;
}

static void write_from(int depth, int fd)
{
	volatile char room[64] = "";

	if (depth == 0 && write(fd, "thread\n", 7) != 7)
		abort();
	if (depth > 0)
		write_from(depth - 1, fd);
	room[1] = room[0];
}

static void *write_on(void *name)
{
	int fd = open(name, O_WRONLY | O_CREAT, 0600);

	for (int i = 0; i < 4000; i++)
		write_from(i * 7 % 500, fd);
	close(fd);
	return NULL;
}

static int do_midst(void)
{
	static char names[2][16] = {"thread-0", "thread-1"};
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, write_on, names[i]) != 0)
			abort();
	for (int i = 0; i < 300; i++) {
		if (fork() == 0) {
			put("children", "child\n");
			_exit(0);
		}
		await_all();
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	return strcmp(what, "fork") == 0   ? do_fork() :
	       strcmp(what, "vfork") == 0  ? do_vfork() :
	       strcmp(what, "spawn") == 0  ? do_spawn() :
	       strcmp(what, "clone") == 0  ? do_clone() :
	       strcmp(what, "daemon") == 0 ? do_daemon(argc > 2 ? argv[2] : "") :
	       strcmp(what, "clear") == 0  ? do_clear() :
	       strcmp(what, "midst") == 0  ? do_midst() :
					     2;
}
