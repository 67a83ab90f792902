/* SPDX-License-Identifier: MIT */
#include "supervisor/notified_op.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "common/decision.h"
#include "common/sys.h"
#include "supervisor/held_ops.h"
#include "supervisor/leader.h"
#include "supervisor/notification_recorder.h"
#include "supervisor/proxy/proxy.h"
#include "supervisor/remote_actions.h"
#include "supervisor/memory/shared_mappings.h"

/* ------------------------------------------------------------------ what was decided */

static struct crash__decision ask(struct crash__notification *notification, enum crash__nature nature,
				  uint64_t rules)
{
	struct crash__facts facts = {.nature = nature,
				     .occurrence = notification->occurrence,
				     .call_occurrence = notification->call_occurrence};
	struct crash__control *control = notification->control;
	struct crash__decision decision = crash__plan_ask(&control->plan, &control->hits,
							  crash__act_filter(notification, rules), &facts);

	notification->flags |= decision.flags;
	return decision;
}

struct crash__decision crash__notified_count(struct crash__notification *notification,
					     enum crash__nature nature)
{
	struct crash__control *control = notification->control;
	uint64_t rules;

	notification->family = notification->kernel->family;
	notification->occurrence = atomic_fetch_add(&control->family_hits[notification->family], 1) + 1;
	notification->call_occurrence = atomic_fetch_add(&control->call_hits[notification->call], 1) + 1;
	/* a request of io_submit() is of the family of what it asks for */
	rules = (control->plan.of_family[notification->family] | control->plan.of_call[notification->call]) &
		notification->rules;
	return ask(notification, nature, rules);
}

/* Does what rules say, one after the other, while the thread goes on; leaves those that are still to do. */
static enum crash__fate act_on(struct crash__notification *notification, uint64_t *rules, int64_t done)
{
	const struct crash__plan *plan = &notification->control->plan;
	const struct crash__rule *rule;

	CRASH__EACH_RULE(plan, *rules, rule) {
		enum crash__fate fate = crash__act(notification, rule, done);

		*rules &= ~(UINT64_C(1) << (rule - plan->rules));
		if (fate != CRASH__GOES_ON)
			return fate;
	}
	return CRASH__GOES_ON;
}

/* The same where a thread cannot be sent back to take its signals in between: it takes them at the end. */
static enum crash__fate act_on_all(struct crash__notification *notification, uint64_t rules, int64_t done)
{
	enum crash__fate fate;

	do
		fate = act_on(notification, &rules, done);
	while (fate == CRASH__COMES_BACK);
	return fate;
}

static struct crash__reply late(const struct crash__notification *notification)
{
	crash__act_late(notification);
	return crash__never;
}

static int64_t done_before(const struct crash__notification *notification)
{
	return notification->family == CRASH__FAMILY_WRITE ? 0 : -1;
}

/* Does what is to be done before the call; `reply` is what the process gets where it does not go on. */
static bool act_before(struct crash__notification *notification, struct crash__decision *decision,
		       struct crash__reply *reply)
{
	const struct crash__rule *due = crash__plan_due(&notification->control->plan, decision);
	enum crash__fate fate;

	*reply = crash__never;
	if (due)
		crash__act_make_due(notification, due);
	do {
		fate = act_on(notification, &decision->before, done_before(notification));
		if (fate == CRASH__COMES_BACK && crash__held_add(notification, decision)) {
			*reply = (struct crash__reply){.again = true};
			return false;
		}
	} while (fate == CRASH__COMES_BACK);
	if (fate == CRASH__ENDS)
		*reply = crash__reply_error(EINTR); /* which it never sees */
	return fate == CRASH__GOES_ON;
}

/* Does what is to be done after the call. */
static struct crash__reply finish(struct crash__notification *notification,
				  const struct crash__decision *decision, long result)
{
	int64_t done = notification->family == CRASH__FAMILY_WRITE && result >= 0 ? result : -1;
	enum crash__fate fate;

	if (decision->making == CRASH__MAKES_TORN) {
		crash__act_die(notification, decision->by, result > 0 ? result : 0);
		return crash__never;
	}
	fate = act_on_all(notification, decision->after, done);
	if (fate == CRASH__STAYS)
		return crash__never;
	return (struct crash__reply){.result = result, .ends = fate == CRASH__ENDS};
}

/* ------------------------------------------------------------------ calls */

/*
 * A call that cannot be made for the process, and whose end has to be known: it makes the call itself
 * and finds a stop signal when it returns, before it executes one instruction of its own.
 */
static void await_stop(struct crash__notification *notification)
{
	char path[64], text[512];

	for (int i = 0; i < 5000; i++) {
		FILE *file;
		char state = '?';

		snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)notification->remote.pid,
			 (int)notification->remote.tid);
		file = fopen(path, "re");
		if (file && fgets(text, sizeof text, file)) {
			const char *end = strrchr(text, ')');

			state = end ? end[2] : '?';
		}
		if (file)
			fclose(file);
		if (state == 'T' || state == '?')
			return;
		crash__act_sleep(200);
	}
}

/* Lets the process make its call, and returns when it is done, and the process stands. */
static void let_and_stop(struct crash__notification *notification)
{
	crash__leader_hand_over();
	/* to the thread itself: another one may take it, and this one go on */
	crash__sys3(SYS_tgkill, notification->remote.pid, notification->remote.tid, SIGSTOP);
	crash__notification_clear(notification);
	crash__reply_send(notification, &crash__proceed);
	await_stop(notification);
}

/* Lets the process make its call, and goes on when it is done. */
static struct crash__reply let_and_finish(struct crash__notification *notification,
					  const struct crash__decision *decision)
{
	let_and_stop(notification);
	finish(notification, decision, 0);
	if (!crash__notification_is_dead(notification))
		kill(notification->remote.pid, SIGCONT);
	return crash__never; /* answered already */
}

static bool may_take_long(const struct crash__notification *notification)
{
	return notification->kernel->family == CRASH__FAMILY_FSYNC ||
	       (notification->flags & CRASH__OP_SYNC) || notification->kernel->where.from ||
	       crash__notification_bytes(notification) > 1 << 20;
}

/* The write's own record says whether its sync counts for one. */
static void note_skipped(struct crash__notification *notification)
{
	const struct crash__plan *plan = &notification->control->plan;
	uint64_t rules = crash__plan_rules_of_implied_sync(plan) & notification->rules;
	struct crash__facts facts = {.nature = CRASH__NATURE_CALL,
				     .occurrence = notification->sync_occurrence,
				     .call_occurrence = notification->call_occurrence};

	if (notification->start && rules &&
	    crash__plan_would_skip(plan, &notification->control->hits, crash__act_filter(notification, rules),
				   &facts))
		notification->flags |= CRASH__OP_UNSYNCED;
}

/* Numbers the sync that a write implies; once. */
static void count_sync(struct crash__notification *notification)
{
	struct crash__control *control = notification->control;

	if (!(notification->flags & CRASH__OP_SYNC) || notification->sync_occurrence)
		return;
	notification->sync_occurrence = atomic_fetch_add(&control->family_hits[CRASH__FAMILY_FSYNC], 1) + 1;
	atomic_fetch_add(&control->implied_syncs, 1);
	note_skipped(notification);
}

/* A call that cannot be made here: the process makes it, and nobody sees how it ends. */
static struct crash__reply let(struct crash__notification *notification,
			       const struct crash__decision *decision)
{
	/* what it is going to be unless it fails */
	struct crash__proxied assumed = {.fd = -1, .offset = UINT64_MAX};

	if (decision->making != CRASH__MAKES_ALL)
		crash__control_incomplete(notification->control, CRASH__INCOMPLETE_RULE_UNDONE,
					  notification->kernel->name);
	if (decision->making == CRASH__MAKES_TORN) /* later ops wait for the crash: it has to come */
		return finish(notification, decision, 0);
	if (decision->after)
		return let_and_finish(notification, decision);
	if (notification->family == CRASH__FAMILY_WRITE &&
	    crash__mapped_is_watched(notification->device, notification->inode))
		crash__control_incomplete(notification->control, CRASH__INCOMPLETE_MAPPING_UNSEEN,
					  notification->path);
	if (!crash__notification_record_wanted(notification))
		return crash__proceed;
	if (notification->kernel->family == CRASH__FAMILY_WRITE)
		assumed.result = (long)crash__notification_bytes(notification);
	count_sync(notification);
	crash__control_incomplete(notification->control, CRASH__INCOMPLETE_RESULT_UNKNOWN,
				  notification->kernel->name);
	crash__notification_record_end(notification, &assumed);
	return crash__proceed;
}

/* How much of a write is made. */
static uint64_t part_of(const struct crash__notification *notification,
			const struct crash__decision *decision)
{
	if (decision->making == CRASH__MAKES_ALL)
		return CRASH__WHOLE;
	return crash__rule_part(decision->by, crash__notification_bytes(notification));
}

/* A call that has to be made here. */
static struct crash__reply make(struct crash__notification *notification,
				const struct crash__decision *decision)
{
	uint64_t part = part_of(notification, decision);
	struct crash__proxied proxied = {.fd = -1, .offset = UINT64_MAX};
	struct crash__reply reply;
	uint64_t began;

	if (may_take_long(notification))
		crash__leader_hand_over();
	began = crash__now_ns();
	if (part && !crash__proxy_call(notification, part, &proxied)) {
		crash__proxied_clear(&proxied);
		return let(notification, decision);
	}
	if ((notification->control->mode & CRASH__MODE_TIMES) &&
	    (notification->family == CRASH__FAMILY_FSYNC || (notification->flags & CRASH__OP_SYNC)))
		notification->took = crash__took(began, crash__now_ns());
	if (proxied.fd >= 0)
		crash__reply_hand_over(notification, &proxied);
	if (proxied.result > 0 && decision->making != CRASH__MAKES_TORN)
		count_sync(notification);
	crash__notification_record_end(notification, &proxied);
	if (proxied.data && proxied.data_bytes && proxied.offset != UINT64_MAX)
		crash__mapped_wrote(notification, proxied.offset, proxied.data, proxied.data_bytes);
	reply = finish(notification, decision, proxied.result);
	crash__proxied_clear(&proxied);
	return reply;
}

/* A call that a rule makes fail. */
static struct crash__reply fail(struct crash__notification *notification,
				const struct crash__decision *decision)
{
	struct crash__proxied failed = {.result = -decision->by->argument, .fd = -1, .offset = UINT64_MAX};

	crash__notification_record_end(notification, &failed);
	return finish(notification, decision, failed.result);
}

/* ------------------------------------------------------------------ the sync that a write implies */

/* Where all ops are recorded, the write's own record tells of its sync; where only those of rules with :log
 * are, none does. */
static void log_sync(struct crash__notification *notification, long result)
{
	struct crash__proxied made = {.result = result < 0 ? result : 0, .fd = -1, .offset = UINT64_MAX};
	const struct crash__call_info *write = notification->kernel;

	if (!(notification->control->mode & CRASH__MODE_LOGGED) ||
	    !crash__notification_record_wanted(notification))
		return;
	notification->kernel = &crash__calls[CRASH__CALL_fsync];
	notification->sync_occurrence = 0;
	crash__notification_record_op(notification);
	crash__notification_record_end(notification, &made);
	notification->kernel = write;
}

/* The sync that a write with O_SYNC implies: an op of its own, behind the write. */
static struct crash__reply imply_sync(struct crash__notification *notification, struct crash__reply reply)
{
	struct crash__control *control = notification->control;
	uint64_t rules = crash__plan_rules_of_implied_sync(&control->plan) & notification->rules;
	struct crash__decision decision;
	enum crash__fate fate;
	bool unsynced;

	count_sync(notification);
	unsynced = notification->flags & CRASH__OP_UNSYNCED;
	notification->family = CRASH__FAMILY_FSYNC;
	notification->occurrence = notification->sync_occurrence;
	notification->flags = 0;
	decision = ask(notification, CRASH__NATURE_CALL, rules);
	if (decision.late)
		return late(notification);
	fate = act_on_all(notification, decision.before, -1);
	if (fate != CRASH__GOES_ON)
		return fate == CRASH__STAYS ? crash__never : reply;
	if (crash__decision_fails(&decision))
		reply.result = -decision.by->argument;
	/* it goes on to a result that is not ours; or has synced already, and no recording says that it has
	 * not */
	if ((crash__decision_fails(&decision) && reply.proceed) ||
	    crash__decision_skips(&decision) != unsynced)
		crash__control_incomplete(control, CRASH__INCOMPLETE_RULE_UNDONE, notification->kernel->name);
	log_sync(notification, reply.result);
	return act_on_all(notification, decision.after, -1) == CRASH__STAYS ? crash__never : reply;
}

/* ------------------------------------------------------------------ taking ops */

struct crash__reply crash__notified_op(struct crash__notification *notification)
{
	struct crash__decision decision;
	struct crash__reply reply;
	bool needs_result;

	if (crash__call_syncs(notification->kernel, notification->args, notification->sync))
		notification->flags |= CRASH__OP_SYNC;
	if (crash__call_is_direct(notification->kernel, notification->direct))
		notification->flags |= CRASH__OP_DIRECT;
	if (!crash__held_resume(notification, &decision)) {
		decision = crash__notified_count(notification, crash__nature_of(notification->kernel));
		if (decision.late)
			return late(notification);
	}
	if (!act_before(notification, &decision, &reply))
		return reply;
	reply = crash__proceed;
	if (crash__notification_record_wanted(notification))
		crash__notification_record_op(notification);
	if (crash__notification_is_dead(notification))
		return crash__never;
	if (decision.making == CRASH__MAKES_NOTHING)
		return fail(notification, &decision);
	/* only a write that has written something implies a sync */
	needs_result = notification->start || decision.making != CRASH__MAKES_ALL || decision.after ||
		       (notification->flags & CRASH__OP_SYNC) ||
		       (notification->family == CRASH__FAMILY_WRITE &&
			crash__mapped_is_watched(notification->device, notification->inode));
	if (needs_result)
		reply = make(notification, &decision);
	if (!reply.never && crash__moves_names(notification->kernel))
		atomic_fetch_add(&notification->control->name_epoch, 1);
	if (!reply.never && !reply.ends && (notification->flags & CRASH__OP_SYNC) &&
	    (reply.proceed || reply.result > 0))
		reply = imply_sync(notification, reply);
	return reply;
}

/* Whether one of these rules ends the program. */
static bool has_death(const struct crash__plan *plan, uint64_t rules)
{
	const struct crash__rule *rule;

	CRASH__EACH_RULE(plan, rules, rule)
		if (crash__action_is_death(rule->action))
			return true;
	return false;
}

/*
 * The first request that fails is what the call fails of. If there were others before it the kernel starts
 * those alone; nobody can make it do that from outside.
 */
static bool can_fail(const struct crash__notification *notification, const struct crash__requests *requests)
{
	if (requests->count == 0)
		return true;
	crash__control_incomplete(notification->control, CRASH__INCOMPLETE_RULE_UNDONE, "io_submit");
	return false;
}

struct crash__reply crash__notified_op_request(struct crash__notification *notification,
					       struct crash__requests *requests)
{
	struct crash__decision decision = crash__notified_count(notification, CRASH__NATURE_CALL);
	struct crash__proxied assumed = {.fd = -1, .offset = UINT64_MAX};
	enum crash__fate fate;

	if (decision.late)
		return late(notification);
	fate = act_on_all(notification, decision.before, done_before(notification));
	if (fate != CRASH__GOES_ON)
		return fate == CRASH__STAYS ? crash__never : crash__reply_error(EINTR);
	if (crash__notification_record_wanted(notification))
		crash__notification_record_op(notification);
	if (crash__decision_skips(&decision)) /* whoever waits for its end would wait for ever */
		crash__control_incomplete(notification->control, CRASH__INCOMPLETE_RULE_UNDONE, "io_submit");
	else if (decision.making == CRASH__MAKES_NOTHING && can_fail(notification, requests))
		return fail(notification, &decision);
	assumed.result = (long)crash__notification_bytes(notification);
	if (notification->kernel->where.offset)
		assumed.offset = (uint64_t)notification->args[3];
	crash__notification_record_end(notification, &assumed);
	requests->after[requests->count < CRASH__REQUESTS ? requests->count : CRASH__REQUESTS - 1] |=
		decision.after;
	requests->count++;
	requests->acts |= decision.after != 0;
	if (has_death(&notification->control->plan, decision.after))
		return crash__notified_op_requested(notification, requests);
	return crash__proceed;
}

struct crash__reply crash__notified_op_requested(struct crash__notification *notification,
						 const struct crash__requests *requests)
{
	enum crash__fate fate = CRASH__GOES_ON;

	if (!requests->acts)
		return crash__proceed;
	let_and_stop(notification);
	for (unsigned int i = 0; i < requests->count && i < CRASH__REQUESTS && fate != CRASH__STAYS; i++)
		fate = act_on_all(notification, requests->after[i], done_before(notification));
	if (!crash__notification_is_dead(notification))
		kill(notification->remote.pid, SIGCONT);
	return crash__never; /* answered already */
}

bool crash__notified_op_store(struct crash__notification *store, const unsigned char *bytes)
{
	struct crash__decision decision = crash__notified_count(store, crash__nature_of(store->kernel));

	if (crash__notification_record_wanted(store))
		crash__notification_record_store(store, bytes);
	return act_on_all(store, decision.after, store->args[1]) != CRASH__STAYS;
}

struct crash__reply crash__notified_point(struct crash__notification *notification,
					  struct crash__named_point *point, long result)
{
	struct crash__control *control = notification->control;
	const struct crash__rule *due;
	struct crash__decision decision;
	enum crash__fate fate;

	notification->point = point;
	notification->flags = 0;
	notification->call_occurrence = 0;
	notification->occurrence = atomic_fetch_add(&point->hits, 1) + 1;
	decision = ask(notification, CRASH__NATURE_POINT, point->rules);
	if (decision.late)
		return late(notification);
	if (crash__notification_record_wanted(notification))
		crash__notification_record_point(notification);
	due = crash__plan_due(&control->plan, &decision);
	if (due)
		crash__act_make_due(notification, due);
	fate = act_on_all(notification, decision.after, -1);
	notification->point = NULL;
	if (fate == CRASH__STAYS)
		return crash__never;
	return (struct crash__reply){.result = result, .ends = fate == CRASH__ENDS};
}
