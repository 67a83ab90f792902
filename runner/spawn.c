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
#include "runner/channel_file.h"

#define STACK_BYTES (64u << 10)

struct child {
	struct crash__job *job;
	const struct crash__start *start;
	bool filters; /* it is the first of the tree, and installs the filter */
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
void crash__spawn_filter(struct crash__job *job)
{
	_Atomic int *listener = &job->report->listener;
	int result = crash__filter_install(job->filter);

	if (result < 0) {
		job->control->mode &= ~(uint32_t)CRASH__MODE_SUPERVISOR;
		if (crash__control_watches_calls(job->control))
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
	const struct crash__start *start = child->start;

	/* should the keeper be killed; the runner kills the rest */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* the program is process 0, whoever sees it first */
	crash__control_number_of(job->control, (uint32_t)getpid());
	if (child->filters)
		crash__spawn_filter(child->job);
	if ((!job->cwd || chdir(job->cwd) == 0) && place(start->in, 0) >= 0 && place(start->out, 1) >= 0 &&
	    place(start->err, 2) >= 0) {
		if (job->ignores_children)
			signal(SIGCHLD, SIG_IGN);
		crash__file_limit_restore();
		crash__channel_place(job);
		/* the last moment at which nobody else can have written to it; the memory is the keeper's */
		if (start == &job->program)
			crash__block_remember(job);
		sigprocmask(SIG_SETMASK, &job->mask, NULL);
		execve(start->path, start->argv, start->envp);
	}
	child->error = errno;
	_exit(127);
}

static int spawn(struct child *child, int flags, pid_t *pid)
{
	void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
			   -1, 0);
	int error = 0;

	if (stack == MAP_FAILED)
		return errno;
	*pid = clone(run_child, (char *)stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD | flags, child);
	if (*pid < 0)
		error = errno;
	munmap(stack, STACK_BYTES);
	return *pid < 0 ? error : child->error;
}

int crash__spawn_start(struct crash__job *job, const struct crash__start *start, pid_t *pid)
{
	struct child child = {.job = job, .start = start};

	return spawn(&child, CLONE_PARENT, pid);
}

void crash__spawn_inherit(struct crash__job *job)
{
	crash__audience_inherit(job->control, 0, job->program.in);
	crash__audience_inherit(job->control, 1, job->program.out);
	crash__audience_inherit(job->control, 2, job->program.err);
}

int crash__spawn(struct crash__job *job)
{
	struct child child = {.job = job, .start = &job->program, .filters = job->filter != NULL};
	pid_t pid;
	int error;

	crash__spawn_inherit(job);
	error = spawn(&child, job->filter ? CLONE_FILES : 0, &pid);
	if (pid > 0 && error)
		waitpid(pid, NULL, 0);
	if (pid > 0)
		job->report->pid = (uint32_t)pid;
	return error;
}
