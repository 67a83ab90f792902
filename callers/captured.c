/* SPDX-License-Identifier: MIT */
#include "callers/captured.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

struct streams {
	int in, out, err;
	int failed; /* a pipe's end: errno, if it could not be executed */
};

/* In the child of a process that may have threads: nothing but system calls. */
static _Noreturn void run_child(char *const *words, const struct streams *streams, pid_t parent)
{
	int error;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() == parent && dup2(streams->in, 0) >= 0 && dup2(streams->out, 1) >= 0 &&
	    dup2(streams->err, 2) >= 0)
		execvp(words[0], words);
	error = errno;
	if (write(streams->failed, &error, sizeof error) < 0)
		_exit(126);
	_exit(127);
}

/* All of a file that nobody writes to any more. */
static char *content(int fd)
{
	struct stat status;
	size_t size = fstat(fd, &status) == 0 ? (size_t)status.st_size : 0, done = 0;
	char *text = calloc(1, size + 1);
	ssize_t bytes = 1;

	while (text && done < size && bytes > 0) {
		bytes = pread(fd, text + done, size - done, (off_t)done);
		done += bytes > 0 ? (size_t)bytes : 0;
	}
	return text;
}

static int wait_for(pid_t pid, const char *name, int failed, int *status)
{
	int error = 0;
	ssize_t bytes;

	do
		bytes = read(failed, &error, sizeof error);
	while (bytes < 0 && errno == EINTR);
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return crash__fail_errno("how %s ended was taken by somebody else: SIGCHLD is "
						 "ignored, or a thread waits for any child",
						 name);
	if (bytes == sizeof error)
		return crash__fail(error == ENOENT ? CRASH_ENOPROGRAM : CRASH_ENOEXEC, "%s: %s", name,
				   strerror(error));
	return 0;
}

static int run(char *const *words, struct streams *streams, struct crash__captured *captured)
{
	int ends[2], error;
	pid_t parent = getpid(), pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return crash__fail_errno("a pipe");
	streams->failed = ends[1];
	pid = fork();
	if (pid == 0)
		run_child(words, streams, parent);
	close(ends[1]);
	error = pid < 0 ? crash__fail_errno("cannot start %s", words[0]) :
			  wait_for(pid, words[0], ends[0], &captured->status);
	close(ends[0]);
	if (error < 0)
		return error;
	captured->out = content(streams->out);
	captured->err = content(streams->err);
	if (captured->out && captured->err)
		return 0;
	crash__captured_clear(captured);
	return crash__fail(CRASH_ENOMEM, "no memory for what %s says", words[0]);
}

int crash__captured_run(char *const *words, struct crash__captured *captured)
{
	struct streams streams = {
		.in = open("/dev/null", O_RDONLY | O_CLOEXEC),
		.out = memfd_create("stdout", MFD_CLOEXEC),
		.err = memfd_create("stderr", MFD_CLOEXEC),
	};
	int error;

	*captured = (struct crash__captured){0};
	error = streams.in < 0 || streams.out < 0 || streams.err < 0 ?
			crash__fail_errno("files for what %s says", words[0]) :
			run(words, &streams, captured);
	if (streams.in >= 0)
		close(streams.in);
	if (streams.out >= 0)
		close(streams.out);
	if (streams.err >= 0)
		close(streams.err);
	return error;
}

void crash__captured_clear(struct crash__captured *captured)
{
	free(captured->out);
	free(captured->err);
	*captured = (struct crash__captured){0};
}
