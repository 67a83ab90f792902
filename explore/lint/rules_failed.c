/* SPDX-License-Identifier: MIT */
#include "explore/lint/rules_failed.h"

#include "explore/lint/message_facts.h"
#include "explore/lint/mistake.h"
#include "explore/lint/not_judged.h"
#include "explore/lint/op_facts.h"
#include "explore/lint/pending.h"
#include "explore/lint/process_facts.h"
#include "explore/lint/wording.h"

/* The last change that a sync of a node speaks of; CRASH__NEVER: none, and its failure loses nothing. */
static uint32_t last_change(const struct crash__lint *lint, crash__node_id node, uint32_t before)
{
	for (uint32_t step = before; step-- > 0;)
		for (uint32_t i = 0; i < at(lint, step)->effects; i++) {
			const struct crash__effect *effect = effect_at(lint, step, i);
			bool entry = effect->kind == CRASH__EFFECT_ENTRY;

			if ((entry ? lint->fs->slots[effect->slot].directory : effect->node) == node)
				return (entry ? crash__is_pending(lint->steps[step].name, before) :
						lint->steps[step].abandoned) ?
					       step :
					       CRASH__NEVER;
		}
	return CRASH__NEVER;
}

static void note_failure(struct crash__lint *lint, uint32_t step)
{
	crash__node_id node = at(lint, step)->node;
	bool unsyncable = crash__has_op_fact(lint, step, CRASH__FACT_UNSYNCABLE);
	struct crash__suspect suspect = {.relied = step, .node = node};
	struct crash__lint_failure failure = {.step = step, .node = node};

	if (unsyncable && crash__is_counted(lint, CRASH__FACT_UNSYNCABLE, &suspect))
		return;
	suspect.lost = failure.lost = last_change(lint, node, step);
	if (failure.lost == CRASH__NEVER ||
	    !crash__is_judged(lint, unsyncable ? CRASH__FACT_UNSYNCABLE : CRASH__FACT_NONE, &suspect))
		return;
	if (!CRASH__ADD(lint, failures, failure))
		crash__lint_no_memory(lint);
}

/* ------------------------------------------------------------------ what shows that it was ignored */

static enum crash__fact end_fact(const struct crash__lint *lint, const struct crash__lint_failure *failure)
{
	enum crash__fact fact = crash__end_fact(lint);

	if (fact == CRASH__FACT_NONE && crash__is_child(lint, failure->step))
		return CRASH__FACT_CHILD_STATUS;
	return fact;
}

static enum crash__fact message_fact(const struct crash__lint *lint, uint32_t step,
				     const struct crash__lint_failure *failure)
{
	if (lint->steps[step].author != lint->steps[failure->step].author)
		return crash__is_other_thread(lint, step, failure->step) ? CRASH__FACT_OTHER_THREAD :
									   CRASH__FACT_OTHER_PROCESS;
	return crash__complaint_fact(lint, step);
}

/* Whether a sync that succeeds is taken for a repair. Of a directory, too: the file system may be read-only.
 */
static bool is_retry(const struct crash__step *sync, const struct crash__lint_failure *failure)
{
	return sync->node == failure->node && !sync->sync_failed;
}

/* Whether a step shows that the failure was ignored, if no fact says otherwise. The failure may be over then.
 */
static bool is_ignored_by(const struct crash__lint *lint, uint32_t step, struct crash__lint_failure *failure,
			  enum crash__fact *fact)
{
	const struct crash__step *now = is_end(lint, step) ? NULL : at(lint, step);

	*fact = CRASH__FACT_NONE;
	if (!now) {
		*fact = end_fact(lint, failure);
		return true;
	}
	if (now->sync == CRASH__SYNC_FILE || now->sync == CRASH__SYNC_DATA)
		return is_retry(now, failure);
	if (now->event->kind == CRASH__EVENT_ACK) {
		*fact = message_fact(lint, step, failure);
		return true;
	}
	return now->event->family == CRASH__FAMILY_RENAME && now->node == failure->node;
}

static char *ignored_how(struct crash__lint *lint, uint32_t relied)
{
	if (relied == CRASH__NEVER)
		return crash__lint_text(lint, "ended with success");
	if (at(lint, relied)->event->kind == CRASH__EVENT_ACK)
		return crash__lint_text(lint, "acknowledged %s", crash__lint_message(lint, relied));
	return crash__lint_text(lint, "%s with %s",
				at(lint, relied)->sync == CRASH__SYNC_NONE ? "put the file into place" :
									     "only tried the sync again",
				crash__lint_op(lint, relied));
}

static void say_ignored(struct crash__lint *lint, const struct crash__lint_failure *failure, uint32_t relied)
{
	char *how = ignored_how(lint, relied);

	crash__lint_say(
		lint,
		crash__lint_text(lint, "%s failed, but the program %s: %s may be lost",
				 crash__lint_op(lint, failure->step), how ? how : "?",
				 crash__lint_change(lint, failure->lost)),
		crash__lint_text(lint,
				 "after a failed fsync, write all that it was to make durable again, to "
				 "a new file, or stop: the kernel does not write the data any more, and a "
				 "second sync does not report it"));
	free(how);
}

static void check_failure(struct crash__lint *lint, uint32_t step, struct crash__lint_failure *failure)
{
	uint32_t relied = is_end(lint, step) ? CRASH__NEVER : step;
	struct crash__suspect suspect = {.relied = relied, .lost = failure->lost, .node = failure->node};
	enum crash__fact fact;

	if (relied != CRASH__NEVER && crash__is_rewritten(lint, step, failure->node)) {
		failure->over = true;
		crash__is_judged(lint, CRASH__FACT_REWRITTEN, &suspect);
		return;
	}
	if (!is_ignored_by(lint, step, failure, &fact) || !crash__is_judged(lint, fact, &suspect))
		return;
	failure->over = true;
	if (crash__lint_found(lint, lint->steps[failure->lost].node ? CRASH__PART_DATA : CRASH__PART_NAME,
			      failure->lost, relied))
		say_ignored(lint, failure, relied);
}

void crash__check_ignored_failure(struct crash__lint *lint, uint32_t step)
{
	for (size_t i = 0; i < lint->failures_count; i++)
		if (!lint->failures[i].over)
			check_failure(lint, step, &lint->failures[i]);
	if (!is_end(lint, step) && at(lint, step)->sync_failed)
		note_failure(lint, step);
}
