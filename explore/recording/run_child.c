/* SPDX-License-Identifier: MIT */
#include "explore/recording/run_child.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "explore/recording/network.h"
#include "explore/recording/sandbox.h"
#include "runner/process_tree.h"

/* ------------------------------------------------------------------ without namespaces */

/* All that is started below it is found there. */
static pid_t fork_bound(void)
{
	sigset_t all, before;
	pid_t pid;

	/* a signal finds the handler, from the child's first moment on */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = crash__fork_bound(SIGTERM);
	if (pid == 0) {
		signal(SIGTERM, crash__tree_end);
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* ------------------------------------------------------------------ starting and ending */

int crash__run_child_start(struct crash__run_child *child, bool alone)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return crash__fail_errno("cannot start a run");
	child->alone = alone;
	child->pid = alone ? crash__sandbox_fork(true, SIGKILL) : fork_bound();
	close(ends[child->pid != 0]);
	child->channel = ends[child->pid == 0];
	if (child->pid >= 0)
		return child->pid == 0;
	close(child->channel);
	return crash__fail_errno(alone ? "cannot make namespaces" : "cannot start a process");
}

int crash__run_child_enter(bool own_network)
{
	setsid();
	return own_network ? crash__network_enter() : 0;
}

void crash__run_children_end(struct crash__run_child *children, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (children[i].pid <= 0)
			continue;
		close(children[i].channel);
		kill(children[i].pid, children[i].alone ? SIGKILL : SIGTERM);
	}
	for (unsigned int i = 0; i < count; i++)
		while (children[i].pid > 0 && waitpid(children[i].pid, NULL, __WALL) < 0 && errno == EINTR)
			;
}
