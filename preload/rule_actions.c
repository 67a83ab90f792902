/* SPDX-License-Identifier: MIT */
/*
 * rule_actions.c - what a rule does when it fires: die, tear, fail, delay, stop, log.
 *
 * Method of a crash. Whoever fires first claims `fired` and sets `dead`: from then on nobody else in
 * the tree begins an op or tells the outside anything. Then the crash is written down, the backtrace
 * last because it takes longest and may go wrong, and the keeper is called, who kills the whole tree
 * at once. The process that crashed waits for that, so that no parent sees it die before being killed
 * itself, and kills itself if nobody comes. Where it is to exit or abort, the keeper spares it and kills
 * the others.
 *
 * Between claiming a number and setting `dead` others may have claimed later ones. They see by their
 * number that they are late, and wait for the crash instead of doing their op.
 *
 * Where a signal is to come before the crash, its handler may do ops, leave by siglongjmp(), or wait for
 * another process that does some. So the crash is written down first; then it is due, and whoever is late
 * lets it happen.
 */
#include "preload/shim.h"

#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "common/say.h"
#include "preload/mapping.h"

/* What a rule fired at: an op or an explicit point. */
struct subject {
	struct crash__control *control;
	const struct crash__op *op;		/* or NULL */
	const struct crash__named_point *point; /* or NULL */
	const struct crash__caller *caller;
	uint64_t hit; /* of the point */
	int64_t done; /* bytes that reached the file; -1: no write */
};

static void sleep_microseconds(uint64_t microseconds)
{
	struct timespec left = {.tv_sec = (time_t)(microseconds / 1000000),
				.tv_nsec = (long)(microseconds % 1000000) * 1000};

	while (crash__sys3(SYS_nanosleep, (long)&left, (long)&left, 0) == -EINTR)
		;
}

/* SIGKILL has no effect on the init process of a pid namespace that sends it to itself. */
static _Noreturn void kill_self(void)
{
	long pid = crash__sys3(SYS_getpid, 0, 0, 0);

	crash__sys3(SYS_kill, pid, SIGKILL, 0);
	for (;;)
		crash__sys3(SYS_exit_group, 128 + SIGKILL, 0, 0);
}

/* Waits for the keeper's kill, and does without it when it does not come. */
static _Noreturn void await_kill(const struct crash__control *control, uint64_t most)
{
	if (control->mode & CRASH__MODE_KEEPER)
		sleep_microseconds(most);
	kill_self();
}

_Noreturn void crash__stop_here(struct crash__control *control)
{
	/* Longer than whoever crashes waits: it must not be us who is seen dying first. */
	await_kill(control, 10000000);
}

static _Noreturn void abort_self(void)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long mask;
	} action = {.handler = SIG_DFL};
	unsigned long mask = 1UL << (SIGABRT - 1);

	crash__sys6(SYS_rt_sigaction, SIGABRT, (long)&action, 0, sizeof mask, 0, 0);
	crash__sys6(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&mask, 0, sizeof mask, 0, 0);
	crash__sys3(SYS_tgkill, crash__sys3(SYS_getpid, 0, 0, 0), crash__sys3(SYS_gettid, 0, 0, 0), SIGABRT);
	for (;;)
		crash__sys3(SYS_exit_group, 128 + SIGABRT, 0, 0);
}

/* ------------------------------------------------------------------ writing the crash down */

static void describe_op(struct crash__fired *fired, const struct crash__op *op)
{
	const struct crash__where *where = &op->kernel->where;

	fired->call = (int32_t)op->call;
	fired->family = (int32_t)op->family;
	fired->occurrence = op->occurrence;
	fired->call_occurrence = op->call_occurrence;
	fired->offset = where->offset ? crash__arg(op->args, where->offset) : -1;
	fired->bytes = crash__call_has_bytes(op->kernel) ? (int64_t)crash__op_bytes(op) : -1;
	if (op->route == CRASH__ROUTE_MEMORY) /* a store is found when it is done */
		fired->done = fired->bytes;
	if (op->buffers) {
		strcpy(fired->file, op->buffers->path);
		strcpy(fired->to, op->buffers->to);
	} else if (where->fd) {
		crash__path_of_fd((int)crash__arg(op->args, where->fd), false, fired->file);
	} else if (where->address) {
		crash__path_of_mapping((uintptr_t)crash__arg(op->args, where->address), fired->file);
	}
}

static void describe(struct crash__fired *fired, const struct subject *subject, uint32_t rule)
{
	struct crash__identity identity = crash__identify();

	fired->rule = rule;
	fired->pid = identity.pid;
	fired->tid = identity.tid;
	fired->process = identity.process;
	fired->thread = identity.thread;
	fired->done = subject->done;
	fired->hit = atomic_load(&subject->control->hits.of[rule]);
	if (subject->op) {
		describe_op(fired, subject->op);
		return;
	}
	fired->call = fired->family = -1;
	fired->offset = fired->bytes = -1;
	fired->occurrence = subject->hit;
	fired->line = subject->point->line;
	memcpy(fired->name, subject->point->name, sizeof fired->name);
	strcpy(fired->file, subject->point->file);
}

/* ------------------------------------------------------------------ actions */

static void write_down(const struct subject *subject, const struct crash__rule *rule)
{
	struct crash__fired *fired = &subject->control->fired;

	describe(fired, subject, (uint32_t)(rule - subject->control->plan.rules));
	fired->leaves = rule->action != CRASH__KILL;
	atomic_store(&fired->state, 2);
	crash__backtrace_fired(fired, subject->caller);
}

static bool is_due_here(struct crash__control *control)
{
	struct crash__identity identity = crash__identify();

	return crash__control_is_due(control, identity.pid, identity.tid);
}

/* Ends this process in the way that the rule says. */
static _Noreturn void leave(struct crash__control *control, const struct crash__rule *rule)
{
	if (rule->action == CRASH__ABORT)
		abort_self();
	if (rule->action == CRASH__EXIT)
		for (;;)
			crash__sys3(SYS_exit_group, rule->argument, 0, 0);
	if (rule->self)
		kill_self();
	await_kill(control, 2000000);
}

/*
 * For whoever came after the op that crashes the tree, and before the crash: it must not be done. Where the
 * crash waits for a signal's handler, and that is where we are, or it waits for something that we were to do,
 * it would never come.
 */
static _Noreturn void await_crash(struct crash__control *control)
{
	for (int i = 0; i < 20000 && !crash__control_is_dead(control); i++) {
		if (is_due_here(control) && crash__control_collect(control))
			leave(control, &control->plan.rules[control->fired.rule % CRASH__RULES]);
		sleep_microseconds(100);
	}
	control->fired.leaves &= !crash__control_collect(control);
	crash__stop_here(control);
}

/* Writes down the crash that comes when the thread has taken the signals that come before it. */
static void make_due(const struct subject *subject, const struct crash__rule *rule)
{
	if (!crash__control_fire(subject->control, false))
		await_crash(subject->control);
	write_down(subject, rule);
	atomic_store(&subject->control->fired.state, 4);
}

static _Noreturn void die(const struct subject *subject, const struct crash__rule *rule)
{
	struct crash__control *control = subject->control;
	struct crash__fired *fired = &control->fired;

	if (!rule->self && is_due_here(control)) {
		fired->done = subject->done;
		crash__control_collect(control);
	} else if (crash__control_fire(control, rule->self)) {
		if (!rule->self)
			atomic_store(&control->dead, CRASH__DEAD);
		write_down(subject, rule);
		atomic_store(&fired->state, 3);
	} else if (!rule->self) {
		await_crash(control);
	}
	if (!rule->self)
		crash__control_ring_bell(control);
	leave(control, rule);
}

static void stop(struct crash__control *control, const struct crash__rule *rule)
{
	if (!rule->self && (control->mode & CRASH__MODE_KEEPER)) {
		atomic_store(&control->stopper, crash__identify().pid);
		atomic_fetch_add(&control->stopped, 1);
		crash__control_ring_bell(control);
	}
	/* to this thread, or another one may take it and this one go on */
	crash__sys3(SYS_tgkill, crash__sys3(SYS_getpid, 0, 0, 0), crash__sys3(SYS_gettid, 0, 0, 0), SIGSTOP);
}

/* Without a keeper who collects them, log lines go to stderr. */
static void log_alone(const struct subject *subject)
{
	char number[24];

	if (subject->control->mode & CRASH__MODE_KEEPER)
		return;
	if (subject->point)
		crash__say("crashinject: ", subject->point->name, "#",
			   crash__decimal(number, sizeof number, subject->hit), "\n", NULL);
	else
		crash__say("crashinject: ", crash__family_name(subject->op->family), "#",
			   crash__decimal(number, sizeof number, subject->op->occurrence), " ",
			   subject->op->name->name, "\n", NULL);
}

static void act(const struct subject *subject, const struct crash__rule *rule)
{
	struct crash__control *control = subject->control;

	switch (rule->action) {
	case CRASH__KILL:
	case CRASH__ABORT:
	case CRASH__EXIT:
		die(subject, rule);
	case CRASH__SIGNAL:
		crash__sys3(SYS_kill, crash__sys3(SYS_getpid, 0, 0, 0), rule->argument, 0);
		break;
	case CRASH__STOP:
		stop(control, rule);
		break;
	case CRASH__DELAY:
		sleep_microseconds((uint64_t)rule->argument);
		break;
	case CRASH__LOG:
		log_alone(subject);
		break;
	default: /* err and short are the call's affair */
		break;
	}
}

/* What the rules say that act before the call, or after it, one after the other. */
static void act_on(const struct subject *subject, uint64_t rules)
{
	const struct crash__rule *rule;

	CRASH__EACH_RULE(&subject->control->plan, rules, rule)
		act(subject, rule);
}

/* The rules that are for this thread, process and function. */
static uint64_t filter(struct crash__control *control, uint64_t rules, const struct crash__caller *caller)
{
	const struct crash__plan *plan = &control->plan;
	struct crash__identity identity;
	const struct crash__rule *rule;

	if (!(rules & plan->with_filter))
		return rules;
	identity = crash__identify();
	rules = crash__plan_rules_of_thread(plan, rules, identity.process, identity.thread);
	CRASH__EACH_RULE(plan, rules & plan->with_filter, rule)
		if ((rule->function[0] && !crash__backtrace_has(control, rule, caller)) ||
		    (rule->site && rule->site != crash__backtrace_site(control, caller)))
			rules &= ~(UINT64_C(1) << (rule - plan->rules));
	return rules;
}

bool crash__act_would_skip(const struct crash__op *op, uint64_t rules)
{
	struct crash__facts facts = {.nature = CRASH__NATURE_CALL,
				     .occurrence = op->occurrence,
				     .call_occurrence = op->call_occurrence};

	return rules && crash__plan_would_skip(&op->control->plan, &op->control->hits,
					       filter(op->control, rules, op->caller), &facts);
}

struct crash__decision crash__act_before(struct crash__op *op, enum crash__nature nature, uint64_t rules)
{
	bool writes = op->family == CRASH__FAMILY_WRITE && crash__call_has_bytes(op->kernel);
	struct subject subject = {
		.control = op->control, .op = op, .caller = op->caller, .done = writes ? 0 : -1};
	struct crash__facts facts = {
		.nature = nature, .occurrence = op->occurrence, .call_occurrence = op->call_occurrence};
	struct crash__decision decision = {.making = CRASH__MAKES_ALL};
	const struct crash__rule *due;

	if (!rules)
		return decision;
	decision = crash__plan_ask(&op->control->plan, &op->control->hits,
				   filter(op->control, rules, op->caller), &facts);
	if (decision.late)
		await_crash(op->control);
	op->flags |= decision.flags;
	due = crash__plan_due(&op->control->plan, &decision);
	if (due)
		make_due(&subject, due);
	act_on(&subject, decision.before);
	return decision;
}

long crash__act_call(const struct crash__op *op, const struct crash__decision *decision)
{
	if (__builtin_expect(decision->making == CRASH__MAKES_ALL, 1))
		return crash__op_call(op);
	if (decision->making == CRASH__MAKES_NOTHING)
		return -decision->by->argument;
	return crash__op_call_part(op, crash__rule_part(decision->by, crash__op_bytes(op)));
}

void crash__act_after(struct crash__op *op, const struct crash__decision *decision, long result)
{
	bool wrote = op->family == CRASH__FAMILY_WRITE && crash__call_has_bytes(op->kernel) && result >= 0;
	struct subject subject = {
		.control = op->control, .op = op, .caller = op->caller, .done = wrote ? result : -1};

	if (decision->making == CRASH__MAKES_TORN) {
		subject.done = wrote ? result : 0;
		die(&subject, decision->by);
	}
	act_on(&subject, decision->after);
}

void crash__act_point(struct crash__control *control, const struct crash__named_point *point, uint64_t hit,
		      uint64_t rules, const struct crash__caller *caller)
{
	struct subject subject = {
		.control = control, .point = point, .caller = caller, .hit = hit, .done = -1};
	struct crash__facts facts = {.nature = CRASH__NATURE_POINT, .occurrence = hit};
	struct crash__decision decision =
		crash__plan_ask(&control->plan, &control->hits, filter(control, rules, caller), &facts);

	const struct crash__rule *due = crash__plan_due(&control->plan, &decision);

	if (decision.late)
		await_crash(control);
	crash__record_point(control, point, hit, caller, (uint16_t)decision.flags);
	if (due)
		make_due(&subject, due);
	act_on(&subject, decision.after);
}
