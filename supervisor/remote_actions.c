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

static void describe_point(struct crash__fired *fired, const struct crash__notification *notification)
{
	fired->call = fired->family = -1;
	fired->offset = fired->bytes = fired->done = -1;
	fired->occurrence = notification->occurrence;
	fired->line = notification->point->line;
	memcpy(fired->name, notification->point->name, sizeof fired->name);
	strcpy(fired->file, notification->point->file);
}

static void describe_op(struct crash__fired *fired, const struct crash__notification *notification,
			int64_t done)
{
	const struct crash__where *where = &notification->kernel->where;

	fired->call = (int32_t)notification->call;
	fired->family = (int32_t)notification->family;
	fired->occurrence = notification->occurrence;
	fired->call_occurrence = notification->call_occurrence;
	fired->offset = where->offset ? crash__arg(notification->args, where->offset) : -1;
	fired->bytes = crash__call_has_bytes(notification->kernel) ?
			       (int64_t)crash__notification_bytes(notification) :
			       -1;
	fired->done = crash__call_has_bytes(notification->kernel) ? done : -1;
	if (notification->call == CRASH__CALL_store) /* found when it is done */
		fired->done = fired->bytes;
	strcpy(fired->file, notification->path);
	strcpy(fired->to, notification->to);
}

static void describe(struct crash__fired *fired, const struct crash__notification *notification,
		     const struct crash__rule *rule, int64_t done)
{
	fired->rule = (uint32_t)(rule - notification->control->plan.rules);
	fired->pid = (uint32_t)notification->remote.pid;
	fired->tid = (uint32_t)notification->remote.tid;
	fired->process = notification->remote.process;
	fired->thread = notification->remote.thread;
	fired->hit = atomic_load(&notification->control->hits.of[fired->rule]);
	if (notification->point)
		describe_point(fired, notification);
	else
		describe_op(fired, notification, done);
}

static void write_down(struct crash__notification *notification, const struct crash__rule *rule, int64_t done)
{
	struct crash__fired *fired = &notification->control->fired;

	describe(fired, notification, rule, done);
	atomic_store(&fired->state, 2);
	crash__unwind_fired(notification, fired);
}

static bool is_due_there(const struct crash__notification *notification)
{
	return crash__control_is_due(notification->control, (uint32_t)notification->remote.pid,
				     (uint32_t)notification->remote.tid);
}

void crash__act_late(const struct crash__notification *notification)
{
	struct crash__control *control = notification->control;

	if (!is_due_there(notification))
		crash__leader_hand_over();
	for (int i = 0; i < 20000 && !crash__control_is_dead(control) && !is_due_there(notification); i++)
		crash__act_sleep(100);
	control->fired.leaves &= !crash__control_collect(control);
}

void crash__act_make_due(struct crash__notification *notification, const struct crash__rule *rule)
{
	if (is_due_there(notification) || !crash__control_fire(notification->control, false))
		return; /* what remains of it after a signal, or another crash was first */
	write_down(notification, rule, 0);
	atomic_store(&notification->control->fired.state, 4);
}

void crash__act_die(struct crash__notification *notification, const struct crash__rule *rule, int64_t done)
{
	struct crash__control *control = notification->control;

	if (!rule->self && is_due_there(notification)) {
		control->fired.done =
			!notification->point && crash__call_has_bytes(notification->kernel) ? done : -1;
		crash__control_collect(control);
	} else if (crash__control_fire(control, rule->self)) {
		if (!rule->self)
			atomic_store(&control->dead, CRASH__DEAD);
		write_down(notification, rule, done);
		atomic_store(&control->fired.state, 3);
	} else {
		if (rule->self)
			kill(notification->remote.pid, SIGKILL);
		else
			crash__act_late(notification);
		return;
	}
	if (rule->action == CRASH__ABORT)
		kill(notification->remote.pid, SIGABRT);
	if (rule->self)
		kill(notification->remote.pid, SIGKILL);
	crash__control_ring_bell(control);
}

/* The signal goes to the thread that waits for us, which finds it before it returns to the program. */
static void stop(const struct crash__notification *notification, const struct crash__rule *rule)
{
	if (!rule->self) {
		atomic_store(&notification->control->stopper, (uint32_t)notification->remote.pid);
		atomic_fetch_add(&notification->control->stopped, 1);
		crash__control_ring_bell(notification->control);
	}
	crash__sys3(SYS_tgkill, notification->remote.pid, notification->remote.tid, SIGSTOP);
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

/* If it matters, to the thread itself: another one may take it, and this one go on. */
static enum crash__fate send_signal(const struct crash__notification *notification,
				    const struct crash__rule *rule)
{
	enum crash__fate fate = fate_by(notification->remote.tid, (int)rule->argument);

	if (fate != CRASH__GOES_ON)
		crash__sys3(SYS_tgkill, notification->remote.pid, notification->remote.tid, rule->argument);
	else
		kill(notification->remote.pid, (int)rule->argument);
	return fate;
}

enum crash__fate crash__act(struct crash__notification *notification, const struct crash__rule *rule,
			    int64_t done)
{
	switch (rule->action) {
	case CRASH__KILL:
	case CRASH__ABORT:
	case CRASH__EXIT:
		crash__act_die(notification, rule, done);
		return CRASH__STAYS;
	case CRASH__SIGNAL:
		return send_signal(notification, rule);
	case CRASH__STOP:
		stop(notification, rule);
		return CRASH__COMES_BACK;
	case CRASH__DELAY:
		crash__leader_hand_over();
		crash__act_sleep((uint64_t)rule->argument);
		return CRASH__GOES_ON;
	default:
		return CRASH__GOES_ON;
	}
}

uint64_t crash__act_filter(struct crash__notification *notification, uint64_t rules)
{
	struct crash__plan *plan = &notification->control->plan;
	const struct crash__rule *rule;

	rules = crash__plan_rules_of_thread(plan, rules, notification->remote.process,
					    notification->remote.thread);
	CRASH__EACH_RULE(plan, rules & plan->with_filter, rule) {
		if (!rule->function[0])
			continue;
		crash__leader_hand_over(); /* for a backtrace */
		if (!crash__unwind_has(notification, rule))
			rules &= ~(UINT64_C(1) << (rule - plan->rules));
	}
	return rules;
}
