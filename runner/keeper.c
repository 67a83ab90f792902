/* SPDX-License-Identifier: MIT */
/*
 * keeper.c - starts the program, watches over its tree, ends it, cleans up.
 *
 * Method. Everything that can happen rings one bell, a futex in the control block: a record ring that
 * fills up, the crash, a child's death and the runner's death (signal handlers ring it, too). So there
 * is one loop and one place to sleep, and no descriptor that a program could close or poll.
 *
 * The keeper is forked from a process that may have threads and lives on without exec: it allocates
 * nothing and takes no locks but the rings'.
 */
#include "runner/keeper.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/remove.h"
#include "common/numbers.h"
#include "common/sys.h"
#include "runner/block_watch.h"
#include "runner/channel_file.h"
#include "runner/process_tree.h"
#include "runner/server_session.h"
#include "runner/spawn.h"
#include "supervisor/supervisor.h"
#include "trace/writer.h"

/* What the signal handlers and the reaper need; there is one keeper in a process. */
static struct keeper {
	struct crash__job *job;
	struct crash__control *control;
	struct crash__report *report;
	struct crash__trace_writer writer;
	volatile sig_atomic_t runner_died;
	bool program_ended, may_stop;
	uint64_t deadline, linger_end; /* CLOCK_MONOTONIC, ns; 0: none */
	uint32_t stopped;	       /* stops that were carried out */
	uint32_t rings, most_rings;    /* our own count of those with memory, and of all */
} keeper;

static void on_signal(int signal)
{
	int saved = errno;

	if (signal == SIGTERM)
		keeper.runner_died = 1;
	crash__control_ring_bell(keeper.control);
	errno = saved;
}

static void on_reaped(pid_t pid, int status)
{
	crash__session_reaped(pid, status);
	if (pid != (pid_t)keeper.report->pid || keeper.program_ended)
		return;
	keeper.program_ended = true;
	keeper.report->status = status;
	keeper.report->ended = crash__now_ns();
}

/* Returns false when no process of the tree is left. */
static bool reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		on_reaped(pid, status);
	return !(pid < 0 && errno == ECHILD);
}

/* ------------------------------------------------------------------ rings */

/* A full file system is not the program's problem. */
static bool reserve_rings(uint32_t first, uint32_t end)
{
	off_t at = (off_t)((char *)crash__control_ring(keeper.control, first) - (char *)keeper.control);

	return fallocate(keeper.job->control_fd, 0, at,
			 (off_t)((end - first) * sizeof(struct crash__ring))) == 0 ||
	       errno == EOPNOTSUPP;
}

/*
 * Gives more rings memory when all are taken, or says that there is none: nobody is to wait for it then. The
 * first are few: the program waits for them, and most programs need one.
 */
static void offer_rings(void)
{
	struct crash__control *control = keeper.control;
	uint32_t ready = keeper.rings, more = ready + (ready ? 4 : 2);

	for (uint32_t i = 0; i < ready; i++)
		if (atomic_load(&crash__control_ring(control, i)->state) == CRASH__RING_FREE)
			return;
	if (ready == keeper.most_rings)
		return;
	if (more > keeper.most_rings)
		more = keeper.most_rings;
	if (!reserve_rings(ready, more))
		more = reserve_rings(ready, ready + 1) ? ready + 1 : ready;
	atomic_store(&control->rings_denied, more == ready);
	for (uint32_t i = ready; i < more; i++)
		crash__ring_init(crash__control_ring(control, i));
	keeper.rings = more;
	atomic_store(&control->rings_ready, more);
	crash__sys6(SYS_futex, (long)&control->rings_ready, FUTEX_WAKE, INT_MAX, 0, 0, 0);
}

/* Moves what the rings hold into the trace. Returns how many bytes there were. */
static size_t drain_rings(bool reclaim)
{
	struct crash__control *control = keeper.control;
	size_t moved = 0;

	for (uint32_t i = 0; i < keeper.rings; i++) {
		struct crash__ring *ring = crash__control_ring(control, i);
		size_t bytes;

		if (!crash__block_check_ring(keeper.job, ring, i))
			continue;
		bytes = crash__trace_drain(&keeper.writer, i, ring);
		crash__block_consumed(ring, i);
		moved += bytes;
		if (bytes && atomic_exchange(&ring->waiting, 0)) {
			atomic_fetch_add(&ring->room, 1);
			crash__sys6(SYS_futex, (long)&ring->room, FUTEX_WAKE, INT_MAX, 0, 0, 0);
		}
		if (reclaim)
			crash__ring_reclaim(ring);
	}
	return moved;
}

/* ------------------------------------------------------------------ the loop */

static bool crashed(void)
{
	return crash__control_is_dead(keeper.control) && atomic_load(&keeper.control->fired.state) == 3;
}

/* Asked before the program starts: afterwards it may have written over the plan. */
static bool has_stop(const struct crash__plan *plan)
{
	for (uint32_t i = 0; i < plan->count; i++)
		if (plan->rules[i].action == CRASH__STOP)
			return true;
	return false;
}

static void stop_tree(void)
{
	uint32_t wanted = atomic_load(&keeper.control->stopped);

	if (!keeper.may_stop || wanted == keeper.stopped)
		return;
	keeper.stopped = wanted;
	keeper.deadline = 0; /* whoever looks around in the debugger takes the time it takes */
	/* were it stopped twice, once before it stops itself, it would have to be let go on twice */
	crash__tree_signal(SIGSTOP, (pid_t)atomic_load(&keeper.control->stopper));
	atomic_store(&keeper.report->stopped, wanted);
	if (write(keeper.job->wake, "s", 1) < 0)
		return; /* the runner is gone; SIGTERM says so */
}

static bool over(void)
{
	uint64_t time = crash__now_ns();

	if (crashed())
		return true;
	if (keeper.runner_died || atomic_load(&keeper.report->interrupt))
		return true;
	if (keeper.deadline && time >= keeper.deadline && !keeper.program_ended) {
		keeper.report->timed_out = true;
		return true;
	}
	if (keeper.job->session && crash__session_step(keeper.program_ended))
		return true;
	if (keeper.program_ended && keeper.linger_end == 0) {
		keeper.linger_end = time + keeper.job->linger * 1000;
		if (keeper.deadline && keeper.deadline < keeper.linger_end) /* it is the whole tree's */
			keeper.linger_end = keeper.deadline;
	}
	return keeper.program_ended && time >= keeper.linger_end;
}

/* Sleeps until the bell rings or something is due. */
static void sleep_until_rung(uint32_t bell)
{
	struct timespec most = {.tv_sec = 60};
	uint64_t due = keeper.program_ended ? keeper.linger_end : keeper.deadline, time = crash__now_ns();
	uint64_t next = keeper.job->session && !keeper.program_ended ? crash__session_due() : 0;

	if (next && (!due || next < due))
		due = next < time ? time + 1000 : next;
	if (due && due > time && due - time < 60000000000u)
		most = (struct timespec){.tv_sec = (time_t)((due - time) / 1000000000u),
					 .tv_nsec = (long)((due - time) % 1000000000u)};
	if (keeper.control->mode & CRASH__MODE_RECORD) /* records do not ring for each */
		if (most.tv_sec || most.tv_nsec > 10000000)
			most = (struct timespec){.tv_nsec = 10000000};
	crash__sys6(SYS_futex, (long)&keeper.control->bell, FUTEX_WAIT, bell, (long)&most, 0, 0);
}

static void watch(void)
{
	for (;;) {
		uint32_t bell = atomic_load(&keeper.control->bell);
		bool recording = keeper.control->mode & CRASH__MODE_RECORD;

		crash__block_look(keeper.job);
		if (recording) {
			drain_rings(true);
			offer_rings();
		}
		if (!reap() || over())
			return;
		stop_tree();
		sleep_until_rung(bell);
	}
}

/* Who crashed by exit or abort ends by itself; nobody else is left to see it. Not waited for long. */
static void await_leaving(void)
{
	const struct crash__fired *fired = &keeper.control->fired;
	struct timespec pause = {.tv_nsec = 200000};

	if (!crashed() || !fired->leaves)
		return;
	for (int i = 0; i < 10000 && kill((pid_t)fired->pid, 0) == 0; i++) {
		crash__tree_signal(SIGKILL, (pid_t)fired->pid);
		if (!reap())
			return;
		if (i > 3)
			nanosleep(&pause, NULL);
	}
}

/* A server that was started and left: what it would have done next is in no recording. */
static void note_left_behind(void)
{
	keeper.report->left_behind = keeper.program_ended ? crash__tree_signal(0, 0) : 0;
	if (keeper.report->left_behind && !crashed() && (keeper.control->mode & CRASH__MODE_RECORD) &&
	    !(keeper.control->mode & CRASH__MODE_LOGGED))
		crash__block_incomplete(keeper.report, CRASH__INCOMPLETE_LEFT_RUNNING, NULL);
}

static void set_up_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t set;

	for (int signal = 1; signal < NSIG; signal++) {
		struct sigaction ignore = {.sa_handler = SIG_IGN};

		/* what a terminal sends to the whole group is the program's and the runner's business */
		if (signal != SIGCHLD && signal != SIGTERM && signal != SIGSEGV && signal != SIGBUS &&
		    signal != SIGILL && signal != SIGFPE && signal != SIGABRT)
			sigaction(signal, &ignore, NULL);
	}
	sigfillset(&action.sa_mask);
	sigaction(SIGCHLD, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

/* A caller may have its children reaped unseen. We want to know how ours end; the program gets what the
 * caller has. */
static void see_children(struct crash__job *job)
{
	struct sigaction action = {.sa_handler = SIG_DFL}, old;

	sigaction(SIGCHLD, &action, &old);
	job->ignores_children = old.sa_handler == SIG_IGN;
}

/* Of a keeper that is gone and was reaped unseen the runner could not find out that it ended. */
static void await_runner(const struct crash__report *report, pid_t runner)
{
	struct timespec pause = {.tv_nsec = 200000};

	while (!atomic_load(&report->watched) && getppid() == runner)
		nanosleep(&pause, NULL);
}

/* Keeps only the descriptors that the keeper and the program need. */
static void close_others(const struct crash__job *job)
{
	int keep[] = {job->program.in,	job->program.out,
		      job->program.err, job->trace,
		      job->control_fd,	job->channel,
		      job->wake,	job->guardian.pid > 0 ? job->guardian.alive : -1};
	unsigned int from = 0;

	for (;;) {
		unsigned int next = UINT_MAX;

		for (size_t i = 0; i < sizeof keep / sizeof *keep; i++)
			if (keep[i] >= (int)from && (unsigned int)keep[i] < next)
				next = (unsigned int)keep[i];
		if (next > from)
			crash__sys3(SYS_close_range, from, next == UINT_MAX ? UINT_MAX : next - 1, 0);
		if (next == UINT_MAX)
			return;
		from = next + 1;
	}
}

/*
 * The child shares our descriptors until it execs, where a sandbox forbids to unshare them: what it puts at
 * 0, 1 and 2 must not fall upon anything.
 */
static void occupy_standard(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	while (fd >= 0 && fd <= 2)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd > 2)
		close(fd);
}

/* The program has started. */
static void keep_to_the_end(struct crash__job *job)
{
	struct crash__report *report = job->report;
	bool ended;

	if (job->timeout)
		keeper.deadline = report->started + job->timeout * 1000;
	watch();
	ended = keeper.program_ended;
	note_left_behind();
	await_leaving();
	crash__tree_kill(on_reaped);
	crash__supervisor_settle();
	if (job->control->mode & CRASH__MODE_RECORD)
		drain_rings(false);
	if (job->session)
		crash__session_settle(crashed(), ended);
	crash__channel_settle(job);
	crash__block_settle(job);
	report->trace_error = (int16_t)keeper.writer.error;
	report->trace_full = keeper.writer.full;
}

static _Noreturn void keep(struct crash__job *job, pid_t runner)
{
	struct crash__report *report = job->report;

	keeper.job = job;
	keeper.control = job->control;
	keeper.report = report;
	keeper.most_rings = job->control->ring_count;
	keeper.may_stop = has_stop(&job->control->plan);
	prctl(PR_SET_NAME, "crash-keeper", 0, 0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	close_others(job);
	occupy_standard();
	see_children(job);
	job->control->keeper = (uint32_t)getpid();
	crash__trace_writer_init(&keeper.writer, job->trace, job->trace_most);
	if (job->control->mode & CRASH__MODE_RECORD)
		offer_rings();

	atomic_store(&report->listener, -1);
	if (job->filter)
		crash__supervisor_start(job->control, &report->listener, job->io_uring);
	report->started = crash__now_ns();
	report->error = job->session ? crash__session_start(job) : crash__spawn(job);
	/* from here on signals are ours; until now the child inherited what the caller had */
	set_up_signals();
	if (getppid() != runner)
		keeper.runner_died = 1;
	setsid();
	if (report->error) {
		atomic_store(&report->state, 1);
	} else {
		keep_to_the_end(job);
		atomic_store(&report->state, 2);
	}
	crash__remove_tree(job->directory, true); /* also what the program has put there */
	await_runner(report, runner);
	_exit(0);
}

int crash__keeper_start(struct crash__job *job)
{
	pid_t runner = getpid();
	sigset_t all;

	assert(job->control && job->report && job->program.path && job->program.in >= 0 &&
	       job->program.out >= 0 && job->program.err >= 0);
	/* No handler of the caller's may run in the keeper. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &job->mask);
	job->keeper = fork();
	if (job->keeper == 0)
		keep(job, runner);
	pthread_sigmask(SIG_SETMASK, &job->mask, NULL);
	if (job->keeper < 0)
		return crash__fail_errno("cannot fork");
	return 0;
}
