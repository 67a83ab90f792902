/* SPDX-License-Identifier: MIT */
#include "explore/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "explore/sandbox.h"
#include "runner/error.h"

/* Whoever kills us may mean the whole process group, or press Ctrl-C: that is not for the guardian. */
static _Noreturn void guard(const char *path, int wait_for)
{
	sigset_t all;
	char nothing;

	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (chdir("/") < 0)
		_exit(1);
	for (int fd = 0; fd < 256; fd++)
		if (fd != wait_for)
			close(fd);
	while (read(wait_for, &nothing, 1) < 0 && errno == EINTR)
		;
	/* what is still being killed may still be writing */
	for (int i = 0; i < 100 && crash__remove_tree(path, true) < 0 && errno != ENOENT; i++)
		usleep(20000);
	_exit(0);
}

int crash__scratch_make(struct crash__scratch *scratch, int large)
{
	const char *temporary = getenv("TMPDIR"), *base = "/dev/shm";
	int ends[2];

	if (large || access(base, W_OK | X_OK) < 0)
		base = temporary && *temporary ? temporary : "/tmp";
	snprintf(scratch->path, sizeof scratch->path, "%.3000s/crashinject-explore-XXXXXX", base);
	if (!mkdtemp(scratch->path))
		return crash__fail_errno("cannot make a directory in %s", base);
	if (pipe2(ends, O_CLOEXEC) < 0) {
		rmdir(scratch->path);
		return crash__fail_errno("cannot make a pipe");
	}
	fflush(NULL);
	scratch->guardian = fork();
	if (scratch->guardian == 0) {
		close(ends[1]);
		guard(scratch->path, ends[0]);
	}
	close(ends[0]);
	scratch->guard = ends[1];
	if (scratch->guardian < 0) {
		close(ends[1]);
		rmdir(scratch->path);
		return crash__fail_errno("cannot start a process");
	}
	return 0;
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
