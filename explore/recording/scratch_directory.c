/* SPDX-License-Identifier: MIT */
#include "explore/recording/scratch_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/remove.h"
#include "explore/recording/sandbox.h"

/*
 * Whoever kills us may mean the whole process group, or press Ctrl-C: that is not for the guardian. It makes
 * the directory itself, so that there is no moment at which nobody would remove it.
 */
static _Noreturn void guard(char *path, int wait_for, int made)
{
	sigset_t all;
	char nothing;
	bool heard;
	int error;

	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	error = mkdtemp(path) ? 0 : errno;
	heard = write(made, &error, sizeof error) > 0 && (error || write(made, path, strlen(path)) > 0);
	if (error || chdir("/") < 0)
		_exit(1);
	for (int fd = 0; fd < 256; fd++)
		if (fd != wait_for)
			close(fd);
	while (heard && read(wait_for, &nothing, 1) < 0 && errno == EINTR)
		;
	/* what is still being killed may still be writing */
	for (int i = 0; i < 100 && crash__remove_tree(path, true) < 0 && errno != ENOENT; i++)
		usleep(20000);
	_exit(0);
}

/* Starts the guardian, and has from it the name of the directory. */
static int start_guardian(struct crash__scratch *scratch, const char *base, const int alive[2],
			  const int made[2])
{
	int error = EPIPE;

	fflush(NULL);
	scratch->guardian = fork();
	if (scratch->guardian == 0) {
		close(alive[1]);
		guard(scratch->path, alive[0], made[1]);
	}
	close(made[1]);
	if (scratch->guardian < 0)
		return crash__fail_errno("cannot start a process");
	if (read(made[0], &error, sizeof error) < 0 || error ||
	    read(made[0], scratch->path, strlen(scratch->path)) < 0) {
		errno = error;
		return crash__fail_errno("cannot make a directory in %s", base);
	}
	return 0;
}

int crash__scratch_make(struct crash__scratch *scratch, int large)
{
	const char *temporary = getenv("TMPDIR"), *base = "/dev/shm";
	int alive[2], made[2], error;

	if (large || access(base, W_OK | X_OK) < 0)
		base = temporary && *temporary ? temporary : "/tmp";
	snprintf(scratch->path, sizeof scratch->path, "%.3000s/crashinject-explore-XXXXXX", base);
	if (pipe2(alive, O_CLOEXEC) < 0)
		return crash__fail_errno("cannot make a pipe");
	scratch->guard = alive[1];
	if (pipe2(made, O_CLOEXEC) == 0) {
		error = start_guardian(scratch, base, alive, made);
		close(made[0]);
	} else {
		error = crash__fail_errno("cannot make a pipe");
	}
	close(alive[0]);
	if (error < 0 && scratch->guardian > 0)
		crash__scratch_remove(scratch);
	else if (error < 0)
		close(alive[1]);
	return error;
}

void crash__scratch_remove(struct crash__scratch *scratch)
{
	if (scratch->guardian <= 0)
		return;
	close(scratch->guard);
	while (waitpid(scratch->guardian, NULL, 0) < 0 && errno == EINTR)
		;
	scratch->guardian = 0;
}
