/* SPDX-License-Identifier: MIT */
/*
 * Method. Whoever kills us may mean the whole process group, or press Ctrl-C: that is not for the guardian,
 * which has a session of its own before there is anything to remove. It makes the directory itself, so there
 * is no moment at which nobody would remove it. Then it waits for a word, or for the end of all who could say
 * one.
 */
#include "base/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

/* The words. The end of the stream alone means to remove, too. */
#define KEEP 'k'
#define REMOVE 'r'

/* The caller's handlers may interrupt it. */
static ssize_t receive(int from, void *to, size_t size)
{
	ssize_t got;

	do
		got = read(from, to, size);
	while (got < 0 && errno == EINTR);
	return got;
}

/* glibc has the function from 2.34 on. */
static void close_all_but(int fd)
{
	if (fd > 0)
		syscall(__NR_close_range, 0, (unsigned int)fd - 1, 0);
	syscall(__NR_close_range, (unsigned int)fd + 1, ~0u, 0);
}

static _Noreturn void guard(char *path, int wait_for, int made, crash__guardian_removal *removal)
{
	char word = REMOVE;
	ssize_t got = 0;
	int error;

	setsid();
	error = mkdtemp(path) ? 0 : errno;
	/* signals are blocked: a reader that is gone is an error, and no SIGPIPE */
	if (write(made, &error, sizeof error) > 0 && !error)
		got = write(made, path, strlen(path));
	if (error || chdir("/") < 0)
		_exit(1);
	close_all_but(wait_for);
	if (got > 0)
		got = receive(wait_for, &word, 1);
	if (got <= 0 || word != KEEP)
		removal(path);
	_exit(0);
}

/* Not fork(2): the child is nobody's business but ours. No handler of the caller's may run in it. */
static pid_t fork_unseen(void)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = (pid_t)syscall(SYS_clone, 0ul, NULL, NULL, NULL, NULL);
	if (pid != 0)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* Our end is none of the standard streams: what is printed to one that was closed must not be a word. */
static int make_stream(int ends[2])
{
	int other;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	if (ends[1] > STDERR_FILENO)
		return 0;
	other = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(ends[1]);
	ends[1] = other;
	if (other < 0)
		close(ends[0]);
	return other < 0 ? -1 : 0;
}

static int await_directory(struct crash__guardian *guardian, const char *base, int made)
{
	int error = EPIPE;

	if (receive(made, &error, sizeof error) == (ssize_t)sizeof error && error == 0 &&
	    receive(made, guardian->path, strlen(guardian->path)) > 0)
		return 0;
	errno = error ? error : EPIPE;
	return crash__fail_errno("cannot make a directory in %s", base);
}

int crash__guardian_start(struct crash__guardian *guardian, const char *base, const char *name,
			  crash__guardian_removal *removal)
{
	int alive[2], made[2], error;

	if (snprintf(guardian->path, PATH_MAX, "%s/%s", base, name) >= PATH_MAX)
		return crash__fail(CRASH_EDIR, "%s: this path is too long for temporary files", base);
	if (make_stream(alive) < 0)
		return crash__fail_errno("cannot make a socket");
	if (pipe2(made, O_CLOEXEC) < 0) {
		error = crash__fail_errno("cannot make a pipe");
		close(alive[0]);
		close(alive[1]);
		return error;
	}
	guardian->pid = fork_unseen();
	if (guardian->pid == 0) {
		close(alive[1]);
		guard(guardian->path, alive[0], made[1], removal);
	}
	close(alive[0]);
	close(made[1]);
	guardian->alive = alive[1];
	error = guardian->pid < 0 ? crash__fail_errno("cannot start a process") :
				    await_directory(guardian, base, made[0]);
	close(made[0]);
	if (guardian->pid < 0) {
		guardian->pid = 0;
		close(guardian->alive);
	} else if (error < 0) {
		crash__guardian_end(guardian, false);
	}
	return error;
}

void crash__guardian_end(struct crash__guardian *guardian, bool keep)
{
	char word = keep ? KEEP : REMOVE;

	if (guardian->pid <= 0)
		return;
	/* a word, and not only the end of the stream: others may have our end of it as well */
	while (send(guardian->alive, &word, 1, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	close(guardian->alive);
	while (waitpid(guardian->pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	guardian->pid = 0;
}
