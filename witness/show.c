/* SPDX-License-Identifier: MIT */
#include "witness/show.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "explore/recording/network.h"
#include "explore/recording/sandbox.h"

/* What comes back. */
struct answer {
	bool there;
	int error;
	char detail[CRASH__DETAIL];
	struct crash__verdict verdict;
};

static int check(const struct crash__showing *showing, struct crash__verdict *verdict)
{
	const char *directory = showing->directory;
	const struct crash__check check = {.directory = directory,
					   .cwd = showing->checker->cwd,
					   .point = showing->point,
					   .state = showing->state,
					   .acked = showing->acked,
					   .acked_directory = showing->acked_directory};
	int error = showing->checker->own_network ? crash__network_enter() : 0, hidden = 0;

	if (error == 0)
		error = crash__sandbox_enter_plain(directory);
	if (error == 0)
		error = crash__sandbox_bind(showing->data, directory);
	if (error < 0)
		return error;
	if (chdir("/") < 0)
		error = crash__fail_errno("/");
	if (error == 0)
		error = crash__checker_run(showing->checker, &check, true, verdict);
	hidden = crash__sandbox_unbind(directory);
	return error < 0 ? error : hidden;
}

static _Noreturn void run(const struct crash__showing *showing, struct answer *answer)
{
	sigset_t none;

	for (int i = 1; i < 32; i++)
		signal(i, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	answer->error = check(showing, &answer->verdict);
	if (answer->error < 0)
		snprintf(answer->detail, sizeof answer->detail, "%s", crash_error_detail());
	answer->there = true;
	_exit(0);
}

int crash__show(const struct crash__showing *showing, struct crash__verdict *verdict)
{
	struct answer *answer =
		mmap(NULL, sizeof *answer, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int error = 0;
	pid_t pid;

	if (answer == MAP_FAILED)
		return crash__fail_errno("no memory for a check");
	pid = crash__sandbox_fork(true, SIGKILL);
	if (pid == 0)
		run(showing, answer);
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	if (pid < 0)
		error = crash__fail_errno("cannot make namespaces");
	else if (!answer->there)
		error = crash__fail(CRASH_EKEEPER, "a process that ran the checker was killed");
	else if (answer->error < 0)
		error = crash__fail(answer->error, "%s", answer->detail);
	else
		*verdict = answer->verdict;
	munmap(answer, sizeof *answer);
	return error;
}
