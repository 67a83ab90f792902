/* SPDX-License-Identifier: MIT */
/*
 * quiet_processes - threads that fork while others write, children in the same memory, spawned programs, what
 * they inherit and how they end. Prints it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static volatile int stop;

static void *write_until_stopped(void *argument)
{
	int fd = open(argument, O_WRONLY | O_CREAT | O_APPEND, 0600);
	long bad = 0;

	while (!stop)
		bad += write(fd, "0123456789", 10) != 10;
	close(fd);
	return (void *)bad;
}

static void forks_in_threads(void)
{
	pthread_t threads[2];
	int good = 0, status;
	void *bad;

	pthread_create(&threads[0], NULL, write_until_stopped, "t1");
	pthread_create(&threads[1], NULL, write_until_stopped, "t2");
	for (int i = 0; i < 60; i++) {
		pid_t child = fork();

		if (child == 0) {
			char name[32];
			int fd;

			snprintf(name, sizeof name, "child%d", i);
			fd = open(name, O_WRONLY | O_CREAT, 0600);
			_exit(write(fd, "child", 5) == 5 && unlink(name) == 0 ? 7 : 8);
		}
		waitpid(child, &status, 0);
		good += WIFEXITED(status) && WEXITSTATUS(status) == 7;
	}
	stop = 1;
	pthread_join(threads[0], &bad);
	printf("forks in threads: %d of 60, %ld", good, (long)bad);
	pthread_join(threads[1], &bad);
	printf(" and %ld bad writes\n", (long)bad);
	unlink("t1");
	unlink("t2");
}

static int shared;

static int in_same_memory(void *argument)
{
	int fd = open(argument, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	for (int i = 0; i < 100; i++)
		shared += write(fd, "x", 1) == 1;
	close(fd);
	return 3;
}

static void same_memory(void)
{
	static char stacks[2][65536];
	static const int flags[] = {CLONE_VM, CLONE_VM | CLONE_FILES, CLONE_VM | CLONE_FS | CLONE_SIGHAND,
				    CLONE_VM | CLONE_VFORK};
	int status, fd = open("own", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct stat file;

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		pid_t child =
			clone(in_same_memory, stacks[i % 2] + sizeof stacks[0], flags[i] | SIGCHLD, "cloned");
		int good = 0;

		for (int j = 0; j < 50; j++)
			good += write(fd, "y", 1) == 1;
		waitpid(child, &status, 0);
		stat("cloned", &file);
		printf("clone %x: status %d, %d writes of ours, %d so far, size %ld\n",
		       (unsigned int)flags[i], WEXITSTATUS(status), good, shared, (long)file.st_size);
	}
	close(fd);
}

static void vforks(void)
{
	int status, fd = open("v", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	for (int i = 0; i < 5; i++) {
		pid_t child = vfork();

		if (child == 0) {
			dup2(fd, 1);
			execl("/bin/echo", "echo", "from vfork", (char *)NULL);
			_exit(9);
		}
		waitpid(child, &status, 0);
		printf("vfork: status %d, position %ld\n", WEXITSTATUS(status), (long)lseek(fd, 0, SEEK_CUR));
	}
	if (vfork() == 0) {
		execl("/nonexistent", "x", (char *)NULL);
		_exit(errno);
	}
	wait(&status);
	printf("exec that fails: %d\n", WEXITSTATUS(status));
	close(fd);
}

static void spawns(void)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char *const argv[] = {"sh", "-c", "echo $0 $X; umask; ulimit -f; trap; exit 4", NULL};
	char *const environment[] = {"X=y", NULL};
	sigset_t all;
	pid_t child;
	int status, error;
	char text[200] = "";

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "spawned", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawnattr_init(&attributes);
	sigfillset(&all);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	umask(027);
	error = posix_spawn(&child, "/bin/sh", &actions, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	waitpid(child, &status, 0);
	printf("spawn: error %d, status %d\n", error, WEXITSTATUS(status));
	status = open("spawned", O_RDONLY);
	read(status, text, sizeof text - 1);
	close(status);
	printf("%s", text);
	error = posix_spawn(&child, "/nonexistent", NULL, NULL, argv, environment);
	printf("spawn that fails: %d\n", error);
	error = posix_spawnp(&child, "true", NULL, NULL, (char *[]){"true", NULL}, environ);
	waitpid(child, &status, 0);
	printf("spawnp: error %d, status %d\n", error, status);
	fflush(stdout);
	status = system("echo system; exit 6");
	printf("system: %d\n", WEXITSTATUS(status));
	umask(022);
}

static void ends(void)
{
	static const int signals[] = {SIGSEGV, SIGABRT, SIGTERM, SIGKILL, SIGBUS};
	int status;

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		fflush(stdout);
		if (fork() == 0) {
			prctl(PR_SET_DUMPABLE, 0);
			raise(signals[i]);
			_exit(1);
		}
		wait(&status);
		printf("signal %d: %d\n", signals[i], WIFSIGNALED(status) ? WTERMSIG(status) : -1);
	}
	if (fork() == 0)
		syscall(SYS_exit_group, 300);
	wait(&status);
	printf("exit_group: %d\n", WEXITSTATUS(status));
	fflush(stdout);
	if (fork() == 0) {
		printf("buffered at exit\n");
		exit(0);
	}
	wait(NULL);
}

/* What a program can see of itself. */
static void surroundings(void)
{
	const char *preload = getenv("LD_PRELOAD");

	printf("dumpable %d, no_new_privs %d, children %d\n", prctl(PR_GET_DUMPABLE),
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	printf("LD_PRELOAD %s\n", preload ? "set" : "not set");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	forks_in_threads();
	same_memory();
	vforks();
	spawns();
	ends();
	surroundings();
	return 0;
}
