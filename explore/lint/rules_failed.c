/* SPDX-License-Identifier: MIT */
/*
 * A sync failed, and the program went on as if it had not.
 */
#include <errno.h>
#include <string.h>

#include "explore/lint/lint_parts.h"
#include "explore/lint/rules.h"

/* The last change that a sync of a node speaks of; CRASH__NEVER: none, and its failure loses nothing. */
static uint32_t last_change(const struct crash__lint *lint, crash__node_id node, uint32_t before)
{
	for (uint32_t step = before; step-- > 0;)
		for (uint32_t i = 0; i < at(lint, step)->effects; i++) {
			const struct crash__effect *effect = effect_at(lint, step, i);
			bool entry = effect->kind == CRASH__EFFECT_ENTRY;

			if ((entry ? lint->fs->slots[effect->slot].directory : effect->node) == node)
				return (entry ? crash__lint_pending(lint->steps[step].name, before) :
						lint->steps[step].abandoned) ?
					       step :
					       CRASH__NEVER;
		}
	return CRASH__NEVER;
}

/* What no sync of that kind of file can do is no failure. */
static bool is_failure(const struct crash__step *step)
{
	return step->sync_failed && step->event->result != -EINVAL && step->event->result != -EOPNOTSUPP &&
	       step->event->result != -EROFS;
}

static void note_failure(struct crash__lint *lint, uint32_t step)
{
	uint32_t lost = last_change(lint, at(lint, step)->node, step);
	struct crash__lint_failure failure = {.step = step, .lost = lost, .node = at(lint, step)->node};

	if (lost != CRASH__NEVER && !CRASH__ADD(lint, failures, failure))
		crash__lint_no_memory(lint);
}

/* Output that speaks of an error is none that hides it. */
static bool is_complaint(const struct crash__event *event)
{
	static const char *const words[] = {"error", "Error", "ERROR", "fail", "Fail", "FAIL", "I/O"};
	char text[512];
	size_t count = event->data_bytes < sizeof text - 1 ? (size_t)event->data_bytes : sizeof text - 1;

	crash__event_copy(event, 0, text, count);
	text[count] = '\0';
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr(text, words[i]))
			return true;
	return event->fd == 2;
}

static bool rewrites(const struct crash__lint *lint, uint32_t step, crash__node_id node)
{
	return lint->steps[step].node == node;
}

/* How a step shows that the failure was not minded; NULL: it does not. The failure may be over then. */
static const char *believed(const struct crash__lint *lint, uint32_t step,
			    struct crash__lint_failure *failure)
{
	const struct crash__step *now = is_end(lint, step) ? NULL : at(lint, step);

	if (!now)
		return lint->ended_well && lint->steps[failure->step].process == 0 ?
			       "the program ended with success" :
			       NULL;
	/* of a directory nothing is dropped: a sync that succeeds later is good */
	if (now->sync == CRASH__SYNC_FILE || now->sync == CRASH__SYNC_DATA) {
		if (now->node != failure->node || now->sync_failed)
			return NULL;
		failure->over = lint->fs->nodes[now->node].type == CRASH__NODE_DIRECTORY;
		return failure->over ? NULL : "it was only tried again";
	}
	if (now->event->kind == CRASH__EVENT_ACK)
		return lint->steps[step].author == lint->steps[failure->step].author &&
				       !is_complaint(now->event) ?
			       "the world was told" :
			       NULL;
	return now->event->family == CRASH__FAMILY_RENAME && now->node == failure->node ?
		       "the file was put into place" :
		       NULL;
}

static void check_failure(struct crash__lint *lint, uint32_t step, struct crash__lint_failure *failure)
{
	uint32_t relied = is_end(lint, step) ? CRASH__NEVER : step;
	const char *how;

	if (relied != CRASH__NEVER && rewrites(lint, step, failure->node)) {
		failure->over = true;
		return;
	}
	how = believed(lint, step, failure);
	if (!how)
		return;
	failure->over = true;
	if (!crash__lint_found(lint, lint->steps[failure->lost].node ? CRASH__PART_DATA : CRASH__PART_NAME,
			       failure->lost, relied))
		return;
	crash__lint_say(lint,
			crash__lint_text(lint, "%s failed, and %s, at %s: %s is on no disk for certain",
					 crash__lint_op(lint, failure->step), how,
					 crash__lint_op(lint, relied), crash__lint_op(lint, failure->lost)),
			crash__lint_text(lint,
					 "after %s has failed, write everything again that it was to make "
					 "durable, or stop: the "
					 "kernel may have dropped it, and a second sync does not look back",
					 crash__lint_op(lint, failure->step)));
}

void crash__check_ignored_failure(struct crash__lint *lint, uint32_t step)
{
	for (size_t i = 0; i < lint->failures_count; i++)
		if (!lint->failures[i].over)
			check_failure(lint, step, &lint->failures[i]);
	if (!is_end(lint, step) && is_failure(at(lint, step)))
		note_failure(lint, step);
}
