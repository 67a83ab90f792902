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

static struct wish wish_of(struct crash__watched *watched, uint64_t fired)
{
	struct wish wish = {.part = CRASH__WHOLE};
	const struct crash__rule *rule;

	CRASH__EACH_RULE(&watched->control->plan, fired, rule) {
		if (rule->action == CRASH__ERROR && !wish.fails) {
			wish.fails = true;
			wish.error = (int)rule->argument;
		}
		if (rule->action == CRASH__SHORT && crash__act_can_tear(watched) && !wish.is_short && !wish.torn) {
			wish.is_short = true;
			wish.part = crash__rule_part(rule, crash__watched_bytes(watched));
		}
		if (rule->moment >= CRASH__TORN_BYTES && crash__act_can_tear(watched) && !wish.is_short && !wish.torn) {
			wish.torn = true;
			wish.tearing = rule;
			wish.part = crash__rule_part(rule, crash__watched_bytes(watched));
		}
		wish.after |= rule->moment == CRASH__AFTER;
	}
	return wish;
}

static struct crash__answer finish(struct crash__watched *watched, uint64_t fired, long result)
{
	int64_t done = watched->family == CRASH__FAMILY_WRITE && result >= 0 ? result : -1;
	const struct crash__rule *rule;

	CRASH__EACH_RULE(&watched->control->plan, fired, rule)
		if (rule->moment == CRASH__AFTER && crash__act(watched, rule, done))
			return crash__never;
	return (struct crash__answer){.result = result};
}

/*
 * A call that cannot be made for the process, and whose end has to be known: it makes the call itself
 * and finds a stop signal when it returns, before it executes one instruction of its own.
 */
static void await_stop(struct crash__watched *watched)
{
	char path[64], text[512];

	for (int i = 0; i < 5000; i++) {
		FILE *file;
		char state = '?';

		snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)watched->remote.pid,
			 (int)watched->remote.tid);
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
static struct crash__answer let_and_finish(struct crash__watched *watched, uint64_t fired)
{
	crash__turn_pass();
	/* to the thread itself: another one may take it, and this one go on */
	crash__sys3(SYS_tgkill, watched->remote.pid, watched->remote.tid, SIGSTOP);
	crash__watched_clear(watched);
	crash__answer_send(watched, &crash__proceed);
	await_stop(watched);
	finish(watched, fired, 0);
	if (!crash__watched_is_dead(watched))
		kill(watched->remote.pid, SIGCONT);
	return crash__never; /* answered already */
}

static bool may_take_long(const struct crash__watched *watched)
{
	return watched->kernel->family == CRASH__FAMILY_FSYNC || (watched->flags & CRASH__OP_SYNC) ||
	       watched->kernel->where.from || crash__watched_bytes(watched) > 1 << 20;
}

/* Numbers the sync that a write implies; once. */
static void count_sync(struct crash__watched *watched)
{
	if ((watched->flags & CRASH__OP_SYNC) && !watched->sync_occurrence)
		watched->sync_occurrence =
			atomic_fetch_add(&watched->control->family_hits[CRASH__FAMILY_FSYNC], 1) + 1;
}

/* A call that has to be made here. */
static struct crash__answer make(struct crash__watched *watched, uint64_t fired, const struct wish *wish)
{
	struct crash__proxied proxied;
	struct crash__answer answer;

	if (may_take_long(watched))
		crash__turn_pass();
	if (wish->part == 0) {
		proxied = (struct crash__proxied){.fd = -1, .offset = UINT64_MAX};
	} else if (!crash__proxy_call(watched, wish->part, &proxied)) {
		crash__proxied_clear(&proxied);
		if (wish->after && !wish->torn && !wish->is_short)
			return let_and_finish(watched, fired);
		if (watched->family == CRASH__FAMILY_WRITE &&
		    crash__mapped_is_watched(watched->device, watched->inode))
			crash__control_incomplete(watched->control, CRASH__INCOMPLETE_MAPPING_UNSEEN, watched->path);
		if (crash__note_wanted(watched)) {
			/* what it is going to be unless it fails */
			proxied = (struct crash__proxied){.fd = -1, .offset = UINT64_MAX};
			if (watched->kernel->family == CRASH__FAMILY_WRITE)
				proxied.result = (long)crash__watched_bytes(watched);
			count_sync(watched);
			crash__control_incomplete(watched->control, CRASH__INCOMPLETE_RESULT_UNKNOWN,
						  watched->kernel->name);
			crash__note_end(watched, &proxied);
		}
		return crash__proceed;
	}
	if (proxied.fd >= 0)
		crash__answer_hand_over(watched, &proxied);
	if (proxied.result > 0)
		count_sync(watched);
	crash__note_end(watched, &proxied);
	if (proxied.data && proxied.data_bytes && proxied.offset != UINT64_MAX)
		crash__mapped_wrote(watched, proxied.offset, proxied.data, proxied.data_bytes);
	if (wish->torn) {
		crash__act_die(watched, wish->tearing, proxied.result > 0 ? proxied.result : 0);
		crash__proxied_clear(&proxied);
		return crash__never;
	}
	answer = finish(watched, fired, proxied.result);
	crash__proxied_clear(&proxied);
	return answer;
}

/* ------------------------------------------------------------------ the sync that a write implies */

static bool implies_sync(const struct crash__watched *watched)
{
	if (watched->kernel->family != CRASH__FAMILY_WRITE)
		return false;
	return watched->sync || (watched->kernel->kernel == CRASH__CALL_pwritev2 &&
				 (crash__arg(watched->args, watched->kernel->where.flags) & 0x06)); /* RWF_DSYNC, RWF_SYNC */
}

/* Where all ops are recorded, the write's own record tells of its sync; where only those of rules with :log are, none does. */
static void log_sync(struct crash__watched *watched, uint64_t fired, long result)
{
	const struct crash__rule *rule;
	struct crash__proxied made = {.result = result, .fd = -1, .offset = UINT64_MAX};

	watched->flags &= ~(uint32_t)CRASH__OP_LOGGED;
	CRASH__EACH_RULE(&watched->control->plan, fired, rule)
		if (rule->action == CRASH__LOG)
			watched->flags |= CRASH__OP_LOGGED;
	if (!(watched->control->mode & CRASH__MODE_LOGGED) || !crash__note_wanted(watched))
		return;
	watched->kernel = &crash__calls[CRASH__CALL_fsync];
	watched->sync_occurrence = 0;
	crash__note_op(watched);
	crash__note_end(watched, &made);
}

/* The sync that a write with O_SYNC implies: an op of its own, behind the write. */
static struct crash__answer imply_sync(struct crash__watched *watched, struct crash__answer answer)
{
	struct crash__control *control = watched->control;
	const struct crash__rule *rule;
	uint64_t rules = control->plan.of_family[CRASH__FAMILY_FSYNC] & watched->rules, fired;
	bool late = false;

	count_sync(watched);
	watched->family = CRASH__FAMILY_FSYNC;
	watched->occurrence = watched->sync_occurrence;
	fired = crash__plan_hit(&control->plan, crash__act_filter(watched, rules), watched->occurrence, 0, &late);
	if (late)
		return crash__never;
	log_sync(watched, fired, answer.result);
	CRASH__EACH_RULE(&control->plan, fired, rule) {
		if (rule->action == CRASH__ERROR)
			answer.result = -rule->argument;
		else if (crash__act(watched, rule, answer.result))
			return crash__never;
	}
	return answer;
}

/* ------------------------------------------------------------------ taking ops */

/* Gives the op its numbers. Returns the rules that fired; `late` as crash__plan_hit() has it. */
static uint64_t count_op(struct crash__watched *watched, bool *late)
{
	struct crash__control *control = watched->control;
	const struct crash__rule *rule;
	uint64_t rules, fired;

	watched->family = watched->kernel->family;
	watched->occurrence = atomic_fetch_add(&control->family_hits[watched->family], 1) + 1;
	watched->call_occurrence = atomic_fetch_add(&control->call_hits[watched->call], 1) + 1;
	/* a request of io_submit() is of the family of what it asks for */
	rules = (control->plan.of_family[watched->family] | control->plan.of_call[watched->call]) & watched->rules;
	rules = crash__act_filter(watched, rules);
	fired = rules ? crash__plan_hit(&control->plan, rules, watched->occurrence,
					watched->call_occurrence, late) : 0;
	CRASH__EACH_RULE(&control->plan, fired, rule)
		if (rule->action == CRASH__LOG)
			watched->flags |= CRASH__OP_LOGGED;
	return fired;
}

/* Does what is to be done before the call; `answer` is what the process gets where it does not go on. */
static bool act_before(struct crash__watched *watched, uint64_t fired, struct crash__answer *answer)
{
	enum crash__fate fate = CRASH__GOES_ON, next;
	const struct crash__rule *rule;

	*answer = crash__never;
	CRASH__EACH_RULE(&watched->control->plan, fired, rule) {
		if (rule->moment == CRASH__AFTER || (rule->moment >= CRASH__TORN_BYTES && crash__act_can_tear(watched)))
			continue;
		next = crash__act_fate(watched, rule);
		fate = next > fate ? next : fate;
		if (crash__act(watched, rule, watched->family == CRASH__FAMILY_WRITE ? 0 : -1))
			return false;
	}
	if (fate == CRASH__ENDS) {
		*answer = crash__answer_error(EINTR); /* which it never sees */
		return false;
	}
	if (fate == CRASH__GOES_ON || !crash__held_add(watched, fired))
		return true;
	answer->never = false;
	answer->again = true;
	return false;
}

struct crash__answer crash__op_take(struct crash__watched *watched)
{
	struct crash__control *control = watched->control;
	uint64_t fired;
	struct crash__answer answer;
	struct wish wish;
	bool needs_result, late = false;

	if (implies_sync(watched))
		watched->flags |= CRASH__OP_SYNC;
	if (!crash__held_resume(watched, &fired)) {
		fired = count_op(watched, &late);
		if (late || !act_before(watched, fired, &answer))
			return late ? crash__never : answer;
	}
	answer = crash__proceed;
	wish = wish_of(watched, fired);
	if (crash__note_wanted(watched))
		crash__note_op(watched);
	if (crash__watched_is_dead(watched))
		return crash__never;
	if (wish.fails) {
		struct crash__proxied failed = {.result = -wish.error, .fd = -1, .offset = UINT64_MAX};

		watched->flags |= CRASH__OP_FAILED;
		crash__note_end(watched, &failed);
		return crash__answer_error(wish.error);
	}
	needs_result = watched->start || wish.is_short || wish.torn || wish.after ||
		       (watched->family == CRASH__FAMILY_WRITE &&
			crash__mapped_is_watched(watched->device, watched->inode)) ||
		       ((watched->flags & CRASH__OP_SYNC) && control->plan.of_family[CRASH__FAMILY_FSYNC]);
	if (needs_result)
		answer = make(watched, fired, &wish);
	if (!answer.never && crash__moves_names(watched->kernel))
		atomic_fetch_add(&control->name_epoch, 1);
	if (!answer.never && (watched->flags & CRASH__OP_SYNC) && (answer.proceed || answer.result > 0))
		answer = imply_sync(watched, answer);
	return answer;
}

struct crash__answer crash__op_take_request(struct crash__watched *watched)
{
	bool late = false;
	uint64_t fired = count_op(watched, &late);
	const struct crash__rule *rule;
	struct crash__proxied assumed = {.fd = -1, .offset = UINT64_MAX};

	if (late)
		return crash__never;
	CRASH__EACH_RULE(&watched->control->plan, fired, rule) {
		if (rule->action == CRASH__ERROR)
			return crash__answer_error((int)rule->argument);
		if (rule->moment == CRASH__AFTER)
			return let_and_finish(watched, fired);
		if (crash__act_fate(watched, rule) == CRASH__ENDS) {
			crash__act(watched, rule, -1);
			return crash__answer_error(EINTR);
		}
		if (crash__act(watched, rule, -1))
			return crash__never;
	}
	if (crash__note_wanted(watched)) {
		assumed.result = (long)crash__watched_bytes(watched);
		if (watched->kernel->where.offset)
			assumed.offset = (uint64_t)watched->args[3];
		crash__note_op(watched);
		crash__note_end(watched, &assumed);
	}
	return crash__proceed;
}

bool crash__op_take_store(struct crash__watched *store, const unsigned char *bytes)
{
	bool late = false; /* it has been done already */
	uint64_t fired = count_op(store, &late);
	const struct crash__rule *rule;

	if (crash__note_wanted(store))
		crash__note_store(store, bytes);
	CRASH__EACH_RULE(&store->control->plan, fired, rule)
		if (crash__act(store, rule, store->args[1]))
			return false;
	return true;
}
