/* SPDX-License-Identifier: MIT */
#include "explore/recording/run_child.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "explore/recording/network.h"

int crash__run_child_start(struct crash__run_child *child)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return crash__fail_errno("cannot start a run");
	child->pid = crash__sandbox_fork(true, SIGKILL);
	close(ends[child->pid != 0]);
	child->channel = ends[child->pid == 0];
	if (child->pid >= 0)
		return child->pid == 0;
	close(child->channel);
	return crash__fail_errno("cannot make namespaces");
}

int crash__run_child_enter(struct crash__sandbox *sandbox, const struct crash__recording *recording,
			   bool own_network)
{
	int error;

	setsid();
	error = own_network ? crash__network_enter() : 0;
	return error < 0 ? error :
			   crash__sandbox_enter(sandbox, recording->directory,
						crash__base_directory(recording->base));
}

void crash__run_children_end(struct crash__run_child *children, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (children[i].pid <= 0)
			continue;
		close(children[i].channel);
		kill(children[i].pid, SIGKILL);
		while (waitpid(children[i].pid, NULL, __WALL) < 0 && errno == EINTR)
			;
	}
}
