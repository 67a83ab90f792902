/* SPDX-License-Identifier: MIT */
/*
 * Method. Keeper and launcher speak by two words of memory that they share and a futex: whatever the launcher
 * wrote to a descriptor would be reported like anybody's. It allocates nothing and takes no locks, because it
 * is forked from a process with threads.
 */
#include "runner/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys.h"
#include "runner/spawn.h"

#define MOST_TRIES 100 /* of a tenth of a second each */

/* What the two share. */
struct desk {
	_Atomic uint32_t asked, answered; /* how often */
	uint32_t part;			  /* enum crash__part; NONE: end */
	int32_t error;
	pid_t pid;
};

/* There is one in a keeper. */
static struct {
	struct crash__job *job;
	struct desk *desk;
	pid_t pid;
} launcher;

static void wait_for(_Atomic uint32_t *word, uint32_t value, const struct timespec *most)
{
	crash__sys6(SYS_futex, (long)word, FUTEX_WAIT, value, (long)most, 0, 0);
}

static void wake(_Atomic uint32_t *word)
{
	crash__sys6(SYS_futex, (long)word, FUTEX_WAKE, INT_MAX, 0, 0, 0);
}

/* ------------------------------------------------------------------ in the launcher */

static int spawn(uint32_t part, int nothing, pid_t *pid)
{
	struct crash__job *job = launcher.job;
	const char *command = part == CRASH__PART_CLIENT ? job->session->client : job->session->ready;
	const char *words[] = {"sh", "-c", command, NULL};
	struct crash__start start = {"/bin/sh",		 (char *const *)(uintptr_t)words,
				     job->session->envp, nothing,
				     job->program.out,	 job->program.err};

	if (part == CRASH__PART_SERVER)
		return crash__spawn_start(job, &job->program, pid);
	if (part == CRASH__PART_READY) /* that it is asked again and again is nobody's business */
		start.out = start.err = nothing;
	return crash__spawn_start(job, &start, pid);
}

static _Noreturn void serve(void)
{
	struct desk *desk = launcher.desk;
	int nothing;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_NAME, "crash-launcher", 0, 0, 0);
	nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (launcher.job->filter)
		crash__spawn_filter(launcher.job);
	for (uint32_t done = 0;; done++) {
		while (atomic_load(&desk->asked) == done)
			wait_for(&desk->asked, done, NULL);
		if (desk->part == CRASH__PART_NONE)
			_exit(0);
		desk->error = spawn(desk->part, nothing, &desk->pid);
		atomic_store(&desk->answered, done + 1);
		wake(&desk->answered);
	}
}

/* ------------------------------------------------------------------ in the keeper */

int crash__launcher_start(struct crash__job *job)
{
	/* its descriptors are ours until the filter's has appeared among them */
	long flags = SIGCHLD | (job->filter ? CLONE_FILES : 0);
	void *memory =
		mmap(NULL, sizeof *launcher.desk, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t keeper = getpid();

	if (memory == MAP_FAILED)
		return errno;
	launcher.job = job;
	launcher.desk = memory;
	launcher.pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (launcher.pid == 0) {
		if (getppid() != keeper)
			_exit(0);
		serve();
	}
	return launcher.pid < 0 ? errno : 0;
}

static void ask(enum crash__part part)
{
	launcher.desk->part = part;
	atomic_fetch_add(&launcher.desk->asked, 1);
	wake(&launcher.desk->asked);
	kill(launcher.pid, SIGCONT); /* a rule may have stopped the whole tree */
}

/* Whoever kills all of the program's processes may have killed it, too. */
static bool is_there(void)
{
	siginfo_t info = {0};

	return launcher.pid > 0 &&
	       waitid(P_PID, (id_t)launcher.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && !info.si_pid;
}

int crash__launcher_spawn(enum crash__part part, pid_t *pid)
{
	struct desk *desk = launcher.desk;
	uint32_t before = atomic_load(&desk->answered);
	struct timespec most = {.tv_nsec = 100000000};

	if (launcher.pid <= 0)
		return ESRCH;
	ask(part);
	for (int tries = 0; atomic_load(&desk->answered) == before; tries++) {
		if (tries == MOST_TRIES || !is_there())
			return ESRCH;
		wait_for(&desk->answered, before, &most);
	}
	*pid = desk->pid;
	return desk->error;
}

void crash__launcher_reaped(pid_t pid)
{
	if (pid == launcher.pid)
		launcher.pid = 0;
}

void crash__launcher_end(void)
{
	if (launcher.pid <= 0)
		return;
	kill(launcher.pid, SIGKILL);
	while (waitpid(launcher.pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	launcher.pid = 0;
}
