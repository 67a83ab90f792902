/* SPDX-License-Identifier: MIT */
#include "supervisor/remote_actions.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "common/sys.h"
#include "supervisor/leader.h"
#include "supervisor/unwind.h"

void crash__act_sleep(uint64_t microseconds)
{
	struct timespec time = {.tv_sec = (time_t)(microseconds / 1000000),
				.tv_nsec = (long)(microseconds % 1000000) * 1000};

	nanosleep(&time, NULL);
}

static void describe(struct crash__fired *fired, const struct crash__watched *watched,
		     const struct crash__rule *rule, int64_t done)
{
	const struct crash__where *where = &watched->kernel->where;

	fired->rule = (uint32_t)(rule - watched->control->plan.rules);
	fired->pid = (uint32_t)watched->remote.pid;
	fired->tid = (uint32_t)watched->remote.tid;
	fired->process = watched->remote.process;
	fired->thread = watched->remote.thread;
	fired->call = (int32_t)watched->call;
	fired->family = (int32_t)watched->family;
	fired->occurrence = watched->occurrence;
	fired->call_occurrence = watched->call_occurrence;
	fired->hit = atomic_load(&rule->hits);
	fired->offset = where->offset ? crash__arg(watched->args, where->offset) : -1;
	fired->bytes = crash__call_has_bytes(watched->kernel) ? (int64_t)crash__watched_bytes(watched) : -1;
	fired->done = crash__call_has_bytes(watched->kernel) ? done : -1;
	if (watched->call == CRASH__CALL_store) /* found when it is done */
		fired->done = fired->bytes;
	strcpy(fired->file, watched->path);
	strcpy(fired->to, watched->to);
}

void crash__act_die(struct crash__watched *watched, const struct crash__rule *rule, int64_t done)
{
	struct crash__control *control = watched->control;

	if (!crash__control_fire(control, rule->self)) {
		if (rule->self)
			kill(watched->remote.pid, SIGKILL);
		return;
	}
	if (!rule->self)
		atomic_store(&control->dead, 1);
	describe(&control->fired, watched, rule, done);
	atomic_store(&control->fired.state, 2);
	crash__unwind_fired(watched, &control->fired);
	atomic_store(&control->fired.state, 3);
	if (rule->action == CRASH__ABORT)
		kill(watched->remote.pid, SIGABRT);
	if (rule->self)
		kill(watched->remote.pid, SIGKILL);
	crash__control_ring_bell(control);
}

/* The signal goes to the thread that waits for us, which finds it before it returns to the program. */
static void stop(const struct crash__watched *watched, const struct crash__rule *rule)
{
	if (!rule->self) {
		atomic_store(&watched->control->stopper, (uint32_t)watched->remote.pid);
		atomic_fetch_add(&watched->control->stopped, 1);
		crash__control_ring_bell(watched->control);
	}
	crash__sys3(SYS_tgkill, watched->remote.pid, watched->remote.tid, SIGSTOP);
}

/* Whether a signal is in one of the sets that /proc/TID/status has. */
static bool is_in(const char *status, const char *set, int signal)
{
	const char *found = strstr(status, set);

	return found && strtoull(found + strlen(set), NULL, 16) >> (signal - 1) & 1;
}

static enum crash__fate fate_by(pid_t tid, int signal)
{
	static const char harmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
	static const char stopping[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
	char path[64], status[4096];
	size_t length;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
	file = fopen(path, "re");
	length = file ? fread(status, 1, sizeof status - 1, file) : 0;
	status[length] = '\0';
	if (file)
		fclose(file);
	if (!length || is_in(status, "\nSigBlk:", signal) || is_in(status, "\nSigIgn:", signal))
		return CRASH__GOES_ON;
	if (is_in(status, "\nSigCgt:", signal) || memchr(stopping, signal, sizeof stopping))
		return CRASH__COMES_BACK;
	return memchr(harmless, signal, sizeof harmless) ? CRASH__GOES_ON : CRASH__ENDS;
}

enum crash__fate crash__act_fate(const struct crash__watched *watched, const struct crash__rule *rule)
{
	if (rule->action == CRASH__SIGNAL)
		return fate_by(watched->remote.tid, (int)rule->argument);
	return rule->action == CRASH__STOP ? CRASH__COMES_BACK : CRASH__GOES_ON;
}

/* If it matters, to the thread itself: another one may take it, and this one go on. */
static void send_signal(const struct crash__watched *watched, const struct crash__rule *rule)
{
	if (crash__act_fate(watched, rule) != CRASH__GOES_ON)
		crash__sys3(SYS_tgkill, watched->remote.pid, watched->remote.tid, rule->argument);
	else
		kill(watched->remote.pid, (int)rule->argument);
}

bool crash__act(struct crash__watched *watched, const struct crash__rule *rule, int64_t done)
{
	switch (rule->action) {
	case CRASH__KILL:
	case CRASH__ABORT:
	case CRASH__EXIT:
		crash__act_die(watched, rule, done);
		return true;
	case CRASH__SIGNAL:
		send_signal(watched, rule);
		return false;
	case CRASH__STOP:
		stop(watched, rule);
		return false;
	case CRASH__DELAY:
		crash__turn_pass();
		crash__act_sleep((uint64_t)rule->argument);
		return false;
	default:
		return false;
	}
}

uint64_t crash__act_filter(struct crash__watched *watched, uint64_t rules)
{
	struct crash__plan *plan = &watched->control->plan;
	const struct crash__rule *rule;

	for (uint32_t i = 0; i < plan->count; i++)
		if ((rules >> i & 1) && plan->rules[i].function[0])
			crash__turn_pass(); /* for a backtrace */
	CRASH__EACH_RULE(plan, rules & plan->with_filter, rule)
		if ((rule->has_thread && rule->thread != watched->remote.thread) ||
		    (rule->has_child && rule->child != watched->remote.process) ||
		    (rule->function[0] && !crash__unwind_has(watched, rule)))
			rules &= ~(UINT64_C(1) << (rule - plan->rules));
	return rules;
}

bool crash__act_can_tear(const struct crash__watched *watched)
{
	const struct crash__where *where = &watched->kernel->where;

	return watched->family == CRASH__FAMILY_WRITE && (where->bytes || where->iov);
}
