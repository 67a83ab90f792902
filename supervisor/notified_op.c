/* SPDX-License-Identifier: MIT */
#include "supervisor/notified_op.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "common/sys.h"
#include "supervisor/held_ops.h"
#include "supervisor/leader.h"
#include "supervisor/notification_recorder.h"
#include "supervisor/proxy/proxy.h"
#include "supervisor/remote_actions.h"
#include "supervisor/shared_mappings.h"

/* ------------------------------------------------------------------ one op */

/* What the rules that fired make of the call itself. */
struct wish {
	bool fails, is_short, torn, after;
	int error;
	uint64_t part;
	const struct crash__rule *tearing;
};

static struct wish wish_of(struct crash__notification *notification, uint64_t fired)
{
	struct wish wish = {.part = CRASH__WHOLE};
	const struct crash__rule *rule;

	CRASH__EACH_RULE(&notification->control->plan, fired, rule) {
		if (rule->action == CRASH__ERROR && !wish.fails) {
			wish.fails = true;
			wish.error = (int)rule->argument;
		}
		if (rule->action == CRASH__SHORT && crash__act_can_tear(notification) && !wish.is_short &&
		    !wish.torn) {
			wish.is_short = true;
			wish.part = crash__rule_part(rule, crash__notification_bytes(notification));
		}
		if (rule->moment >= CRASH__TORN_BYTES && crash__act_can_tear(notification) &&
		    !wish.is_short && !wish.torn) {
			wish.torn = true;
			wish.tearing = rule;
			wish.part = crash__rule_part(rule, crash__notification_bytes(notification));
		}
		wish.after |= rule->moment == CRASH__AFTER;
	}
	return wish;
}

static struct crash__reply finish(struct crash__notification *notification, uint64_t fired, long result)
{
	int64_t done = notification->family == CRASH__FAMILY_WRITE && result >= 0 ? result : -1;
	const struct crash__rule *rule;

	CRASH__EACH_RULE(&notification->control->plan, fired, rule)
		if (rule->moment == CRASH__AFTER && crash__act(notification, rule, done))
			return crash__never;
	return (struct crash__reply){.result = result};
}

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

/* Lets the process make its call, and goes on when it is done. */
static struct crash__reply let_and_finish(struct crash__notification *notification, uint64_t fired)
{
	crash__leader_hand_over();
	/* to the thread itself: another one may take it, and this one go on */
	crash__sys3(SYS_tgkill, notification->remote.pid, notification->remote.tid, SIGSTOP);
	crash__notification_clear(notification);
	crash__reply_send(notification, &crash__proceed);
	await_stop(notification);
	finish(notification, fired, 0);
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

/* Numbers the sync that a write implies; once. */
static void count_sync(struct crash__notification *notification)
{
	if ((notification->flags & CRASH__OP_SYNC) && !notification->sync_occurrence)
		notification->sync_occurrence =
			atomic_fetch_add(&notification->control->family_hits[CRASH__FAMILY_FSYNC], 1) + 1;
}

/* A call that has to be made here. */
static struct crash__reply make(struct crash__notification *notification, uint64_t fired,
				const struct wish *wish)
{
	struct crash__proxied proxied;
	struct crash__reply reply;

	if (may_take_long(notification))
		crash__leader_hand_over();
	if (wish->part == 0) {
		proxied = (struct crash__proxied){.fd = -1, .offset = UINT64_MAX};
	} else if (!crash__proxy_call(notification, wish->part, &proxied)) {
		crash__proxied_clear(&proxied);
		if (wish->after && !wish->torn && !wish->is_short)
			return let_and_finish(notification, fired);
		if (notification->family == CRASH__FAMILY_WRITE &&
		    crash__mapped_is_watched(notification->device, notification->inode))
			crash__control_incomplete(notification->control, CRASH__INCOMPLETE_MAPPING_UNSEEN,
						  notification->path);
		if (crash__notification_record_wanted(notification)) {
			/* what it is going to be unless it fails */
			proxied = (struct crash__proxied){.fd = -1, .offset = UINT64_MAX};
			if (notification->kernel->family == CRASH__FAMILY_WRITE)
				proxied.result = (long)crash__notification_bytes(notification);
			count_sync(notification);
			crash__control_incomplete(notification->control, CRASH__INCOMPLETE_RESULT_UNKNOWN,
						  notification->kernel->name);
			crash__notification_record_end(notification, &proxied);
		}
		return crash__proceed;
	}
	if (proxied.fd >= 0)
		crash__reply_hand_over(notification, &proxied);
	if (proxied.result > 0)
		count_sync(notification);
	crash__notification_record_end(notification, &proxied);
	if (proxied.data && proxied.data_bytes && proxied.offset != UINT64_MAX)
		crash__mapped_wrote(notification, proxied.offset, proxied.data, proxied.data_bytes);
	if (wish->torn) {
		crash__act_die(notification, wish->tearing, proxied.result > 0 ? proxied.result : 0);
		crash__proxied_clear(&proxied);
		return crash__never;
	}
	reply = finish(notification, fired, proxied.result);
	crash__proxied_clear(&proxied);
	return reply;
}

/* ------------------------------------------------------------------ the sync that a write implies */

static bool implies_sync(const struct crash__notification *notification)
{
	if (notification->kernel->family != CRASH__FAMILY_WRITE)
		return false;
	return notification->sync || (notification->kernel->kernel == CRASH__CALL_pwritev2 &&
				      (crash__arg(notification->args, notification->kernel->where.flags) &
				       0x06)); /* RWF_DSYNC, RWF_SYNC */
}

/* Where all ops are recorded, the write's own record tells of its sync; where only those of rules with :log
 * are, none does. */
static void log_sync(struct crash__notification *notification, uint64_t fired, long result)
{
	const struct crash__rule *rule;
	struct crash__proxied made = {.result = result, .fd = -1, .offset = UINT64_MAX};

	notification->flags &= ~(uint32_t)CRASH__OP_LOGGED;
	CRASH__EACH_RULE(&notification->control->plan, fired, rule)
		if (rule->action == CRASH__LOG)
			notification->flags |= CRASH__OP_LOGGED;
	if (!(notification->control->mode & CRASH__MODE_LOGGED) ||
	    !crash__notification_record_wanted(notification))
		return;
	notification->kernel = &crash__calls[CRASH__CALL_fsync];
	notification->sync_occurrence = 0;
	crash__notification_record_op(notification);
	crash__notification_record_end(notification, &made);
}

/* The sync that a write with O_SYNC implies: an op of its own, behind the write. */
static struct crash__reply imply_sync(struct crash__notification *notification, struct crash__reply reply)
{
	struct crash__control *control = notification->control;
	const struct crash__rule *rule;
	uint64_t rules = control->plan.of_family[CRASH__FAMILY_FSYNC] & notification->rules, fired;
	bool late = false;

	count_sync(notification);
	notification->family = CRASH__FAMILY_FSYNC;
	notification->occurrence = notification->sync_occurrence;
	fired = crash__plan_hit(&control->plan, crash__act_filter(notification, rules),
				notification->occurrence, 0, &late);
	if (late)
		return crash__never;
	log_sync(notification, fired, reply.result);
	CRASH__EACH_RULE(&control->plan, fired, rule) {
		if (rule->action == CRASH__ERROR)
			reply.result = -rule->argument;
		else if (crash__act(notification, rule, reply.result))
			return crash__never;
	}
	return reply;
}

/* ------------------------------------------------------------------ taking ops */

/* Gives the op its numbers. Returns the rules that fired; `late` as crash__plan_hit() has it. */
static uint64_t count_op(struct crash__notification *notification, bool *late)
{
	struct crash__control *control = notification->control;
	const struct crash__rule *rule;
	uint64_t rules, fired;

	notification->family = notification->kernel->family;
	notification->occurrence = atomic_fetch_add(&control->family_hits[notification->family], 1) + 1;
	notification->call_occurrence = atomic_fetch_add(&control->call_hits[notification->call], 1) + 1;
	/* a request of io_submit() is of the family of what it asks for */
	rules = (control->plan.of_family[notification->family] | control->plan.of_call[notification->call]) &
		notification->rules;
	rules = crash__act_filter(notification, rules);
	fired = rules ? crash__plan_hit(&control->plan, rules, notification->occurrence,
					notification->call_occurrence, late) :
			0;
	CRASH__EACH_RULE(&control->plan, fired, rule)
		if (rule->action == CRASH__LOG)
			notification->flags |= CRASH__OP_LOGGED;
	return fired;
}

/* Does what is to be done before the call; `reply` is what the process gets where it does not go on. */
static bool act_before(struct crash__notification *notification, uint64_t fired, struct crash__reply *reply)
{
	enum crash__fate fate = CRASH__GOES_ON, next;
	const struct crash__rule *rule;

	*reply = crash__never;
	CRASH__EACH_RULE(&notification->control->plan, fired, rule) {
		if (rule->moment == CRASH__AFTER ||
		    (rule->moment >= CRASH__TORN_BYTES && crash__act_can_tear(notification)))
			continue;
		next = crash__act_fate(notification, rule);
		fate = next > fate ? next : fate;
		if (crash__act(notification, rule, notification->family == CRASH__FAMILY_WRITE ? 0 : -1))
			return false;
	}
	if (fate == CRASH__ENDS) {
		*reply = crash__reply_error(EINTR); /* which it never sees */
		return false;
	}
	if (fate == CRASH__GOES_ON || !crash__held_add(notification, fired))
		return true;
	reply->never = false;
	reply->again = true;
	return false;
}

struct crash__reply crash__notified_op(struct crash__notification *notification)
{
	struct crash__control *control = notification->control;
	uint64_t fired;
	struct crash__reply reply;
	struct wish wish;
	bool needs_result, late = false;

	if (implies_sync(notification))
		notification->flags |= CRASH__OP_SYNC;
	if (!crash__held_resume(notification, &fired)) {
		fired = count_op(notification, &late);
		if (late || !act_before(notification, fired, &reply))
			return late ? crash__never : reply;
	}
	reply = crash__proceed;
	wish = wish_of(notification, fired);
	if (crash__notification_record_wanted(notification))
		crash__notification_record_op(notification);
	if (crash__notification_is_dead(notification))
		return crash__never;
	if (wish.fails) {
		struct crash__proxied failed = {.result = -wish.error, .fd = -1, .offset = UINT64_MAX};

		notification->flags |= CRASH__OP_FAILED;
		crash__notification_record_end(notification, &failed);
		return crash__reply_error(wish.error);
	}
	needs_result =
		notification->start || wish.is_short || wish.torn || wish.after ||
		(notification->family == CRASH__FAMILY_WRITE &&
		 crash__mapped_is_watched(notification->device, notification->inode)) ||
		((notification->flags & CRASH__OP_SYNC) && control->plan.of_family[CRASH__FAMILY_FSYNC]);
	if (needs_result)
		reply = make(notification, fired, &wish);
	if (!reply.never && crash__moves_names(notification->kernel))
		atomic_fetch_add(&control->name_epoch, 1);
	if (!reply.never && (notification->flags & CRASH__OP_SYNC) && (reply.proceed || reply.result > 0))
		reply = imply_sync(notification, reply);
	return reply;
}

struct crash__reply crash__notified_op_request(struct crash__notification *notification)
{
	bool late = false;
	uint64_t fired = count_op(notification, &late);
	const struct crash__rule *rule;
	struct crash__proxied assumed = {.fd = -1, .offset = UINT64_MAX};

	if (late)
		return crash__never;
	CRASH__EACH_RULE(&notification->control->plan, fired, rule) {
		if (rule->action == CRASH__ERROR)
			return crash__reply_error((int)rule->argument);
		if (rule->moment == CRASH__AFTER)
			return let_and_finish(notification, fired);
		if (crash__act_fate(notification, rule) == CRASH__ENDS) {
			crash__act(notification, rule, -1);
			return crash__reply_error(EINTR);
		}
		if (crash__act(notification, rule, -1))
			return crash__never;
	}
	if (crash__notification_record_wanted(notification)) {
		assumed.result = (long)crash__notification_bytes(notification);
		if (notification->kernel->where.offset)
			assumed.offset = (uint64_t)notification->args[3];
		crash__notification_record_op(notification);
		crash__notification_record_end(notification, &assumed);
	}
	return crash__proceed;
}

bool crash__notified_op_store(struct crash__notification *store, const unsigned char *bytes)
{
	bool late = false; /* it has been done already */
	uint64_t fired = count_op(store, &late);
	const struct crash__rule *rule;

	if (crash__notification_record_wanted(store))
		crash__notification_record_store(store, bytes);
	CRASH__EACH_RULE(&store->control->plan, fired, rule)
		if (crash__act(store, rule, store->args[1]))
			return false;
	return true;
}
