/* SPDX-License-Identifier: MIT */
/*
 * Method. The child shares the keeper's memory until it execs, as with vfork: starting a program must
 * not cost a second copy of the caller's page tables.
 */
#include "runner/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file_limit.h"
#include "common/audience.h"
#include "runner/block_watch.h"

#define STACK_BYTES (64u << 10)

struct child {
	const struct crash__job *job;
	volatile int error;
};

/* Puts `from` at `to` without the close-on-exec flag. */
static int place(int from, int to)
{
	if (from == to)
		return fcntl(from, F_SETFD, 0);
	return dup2(from, to);
}

/*
 * The descriptor of the filter appears in the table that we still share with the keeper, whose threads
 * wait for it. From here on our own calls are reported like anybody's.
 */
static void install_filter(const struct crash__job *job)
{
	_Atomic int *listener = &job->report->listener;
	int result = crash__filter_install(job->filter);

	if (result < 0) {
		job->control->mode &= ~(uint32_t)CRASH__MODE_SUPERVISOR;
		crash__control_incomplete(job->control, CRASH__INCOMPLETE_NO_SUPERVISOR, NULL);
	}
	atomic_store(listener, result < 0 ? result - 1 : result);
	syscall(SYS_futex, listener, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	unshare(CLONE_FILES); /* the program's descriptors are its own */
}

static int run_child(void *argument)
{
	struct child *child = argument;
	const struct crash__job *job = child->job;

	/* should the keeper be killed; the runner kills the rest */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* the program is process 0, whoever sees it first */
	crash__control_number_of(job->control, (uint32_t)getpid());
	if (job->filter)
		install_filter(job);
	if ((!job->cwd || chdir(job->cwd) == 0) && place(job->in, 0) >= 0 && place(job->out, 1) >= 0 &&
	    place(job->err, 2) >= 0) {
		if (job->ignores_children)
			signal(SIGCHLD, SIG_IGN);
		crash__file_limit_restore();
		/* the last moment at which nobody else can have written to it; the memory is the keeper's */
		crash__block_remember(job);
		sigprocmask(SIG_SETMASK, &job->mask, NULL);
		execve(job->path, job->argv, job->envp);
	}
	child->error = errno;
	_exit(127);
}

int crash__spawn(struct crash__job *job)
{
	struct child child = {.job = job};
	void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
			   -1, 0);
	int flags = CLONE_VM | CLONE_VFORK | SIGCHLD | (job->filter ? CLONE_FILES : 0);
	pid_t pid;

	if (stack == MAP_FAILED)
		return errno;
	crash__audience_inherit(job->control, 0, job->in);
	crash__audience_inherit(job->control, 1, job->out);
	crash__audience_inherit(job->control, 2, job->err);
	pid = clone(run_child, (char *)stack + STACK_BYTES, flags, &child);
	if (pid < 0)
		return errno;
	munmap(stack, STACK_BYTES);
	if (child.error)
		waitpid(pid, NULL, 0);
	job->report->pid = (uint32_t)pid;
	return child.error;
}
