/* SPDX-License-Identifier: MIT */
#include "supervisor/act.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "common/sys.h"
#include "supervisor/turn.h"
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

/* Whether the thread has the signal blocked, ignored or handled. */
static bool is_kept_off(pid_t tid, int signal)
{
	static const char *const names[] = {"SigBlk:", "SigIgn:", "SigCgt:"};
	char path[64], line[256];
	bool kept_off = false;
	FILE *status;

	snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
	status = fopen(path, "re");
	if (!status)
		return true;
	while (fgets(line, sizeof line, status))
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (strncmp(line, names[i], strlen(names[i])) == 0)
				kept_off |= strtoull(line + strlen(names[i]), NULL, 16) >> (signal - 1) & 1;
	fclose(status);
	return kept_off;
}

bool crash__act_ends(const struct crash__watched *watched, const struct crash__rule *rule)
{
	static const char harmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};

	return rule->action == CRASH__SIGNAL && !memchr(harmless, (int)rule->argument, sizeof harmless) &&
	       !is_kept_off(watched->remote.tid, (int)rule->argument);
}

/* What ends it goes to the thread itself: another one may take it, and this one go on. */
static void send_signal(const struct crash__watched *watched, const struct crash__rule *rule)
{
	if (crash__act_ends(watched, rule))
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
