/* SPDX-License-Identifier: MIT */
#include "explore/lint/rules_emptied.h"

#include "explore/lint/authors.h"
#include "explore/lint/copy_facts.h"
#include "explore/lint/file_facts.h"
#include "explore/lint/journal_facts.h"
#include "explore/lint/mistake.h"
#include "explore/lint/not_judged.h"
#include "explore/lint/pending.h"
#include "explore/lint/wording.h"

static enum crash__fact emptied_fact(const struct crash__lint *lint, uint32_t step, crash__node_id node)
{
	enum crash__fact fact = crash__file_fact(lint, node);

	if (fact != CRASH__FACT_NONE)
		return fact;
	if (crash__has_fact(lint->nodes[node].facts, CRASH__FACT_MOVED))
		return CRASH__FACT_MOVED;
	if (crash__has_backup(lint, step, node))
		return CRASH__FACT_BACKUP;
	return crash__is_restarted_log(lint, step, node) ? CRASH__FACT_RESTARTED_LOG : CRASH__FACT_NONE;
}

/* ------------------------------------------------------------------ written again */

/* The next write that the process makes to a file that it empties; CRASH__NEVER: it is emptied for good. */
static uint32_t new_content(const struct crash__lint *lint, uint32_t step)
{
	uint32_t write = lint->steps[step].next_write;

	while (write != CRASH__NEVER && !is_family(lint, write, CRASH__FAMILY_WRITE))
		write = lint->steps[write].next_write;
	return write != CRASH__NEVER && crash__same_process(lint, write, step) ? write : CRASH__NEVER;
}

/* A file is emptied, and written again: until that is durable there is nothing. */
static void check_rewritten(struct crash__lint *lint, uint32_t step, const struct crash__effect *effect,
			    uint32_t write)
{
	struct crash__suspect suspect = {.relied = step, .lost = write, .node = effect->node};

	if (!crash__is_judged(lint, emptied_fact(lint, step, effect->node), &suspect) ||
	    !crash__lint_found(lint, CRASH__PART_DATA, write, step))
		return;
	crash__lint_say(
		lint,
		crash__lint_text(lint,
				 "%s emptied a durable file, but %s, its new content, was not durable: %s",
				 crash__lint_change(lint, step), crash__lint_change(lint, write),
				 crash__lint_reason(lint, CRASH__PART_DATA, write)),
		crash__lint_text(lint,
				 "write a new file, fsync it, rename it over %s, and fsync the "
				 "directory",
				 crash__lint_path(lint, effect->node)));
}

/* ------------------------------------------------------------------ emptied for good */

/*
 * Whether a file may be what another one is repeated from, or undone by: the other was changed after it had
 * become durable. A file from before the run that is opened anew may be anything, unless the names say more.
 */
static bool may_be_log_of(const struct crash__lint *lint, const struct crash__suspect *suspect,
			  crash__node_id log)
{
	const struct crash__lint_node *known = &lint->nodes[log];

	if (known->last_sync != CRASH__NEVER)
		return suspect->lost > known->last_sync;
	return !is_family(lint, suspect->relied, CRASH__FAMILY_OPEN) ||
	       (known->slot && crash__are_related(lint, known->slot, lint->nodes[suspect->node].slot));
}

/* What the process has changed since a file was durable, and is not durable itself; false: nothing. */
static bool find_logged(struct crash__lint *lint, crash__node_id log, struct crash__suspect *suspect,
			enum crash__lint_part *part)
{
	uint32_t step = suspect->relied;
	const struct crash__lint_process *process = &lint->processes[lint->steps[step].process];

	for (size_t i = process->nodes_count; i-- > 0;) {
		crash__node_id node = process->nodes[i];
		enum crash__fact fact = crash__file_fact(lint, node);

		suspect->node = node;
		if (node == log || !lint->nodes[node].names || !lint->nodes[node].slot ||
		    lint->fs->nodes[node].type != CRASH__NODE_FILE || crash__is_empty(lint, node) ||
		    !crash__find_pending(lint, node, step, part, &suspect->lost) ||
		    !may_be_log_of(lint, suspect, log))
			continue;
		if (fact == CRASH__FACT_NONE && crash__is_lock(lint, log, node, step)) {
			fact = CRASH__FACT_LOCK_FILE;
			suspect->node = log;
		}
		if (crash__is_judged(lint, fact, suspect))
			return true;
	}
	return false;
}

/* What a file was a log of is not durable when the file is emptied, and nothing repeats it any more. */
static void check_cut(struct crash__lint *lint, uint32_t step, const struct crash__effect *effect)
{
	struct crash__suspect suspect = {.relied = step}, log;
	enum crash__lint_part part;

	if (effect->old_size == 0 || !find_logged(lint, effect->node, &suspect, &part))
		return;
	log = suspect;
	log.node = effect->node;
	if (!crash__is_judged(lint, emptied_fact(lint, step, effect->node), &log) ||
	    !crash__lint_found(lint, part, suspect.lost, step))
		return;
	crash__lint_say(
		lint,
		crash__lint_text(lint,
				 "%s emptied a durable file, but %s, of which it may have been the "
				 "log, was not durable: %s",
				 crash__lint_change(lint, step), crash__lint_change(lint, suspect.lost),
				 crash__lint_reason(lint, part, suspect.lost)),
		crash__lint_text(lint, "fsync of %s before %s",
				 part == CRASH__PART_NAME ? crash__lint_directory(lint, suspect.lost) :
							    crash__lint_path_at(lint, suspect.node, step),
				 crash__lint_op(lint, step)));
}

void crash__check_emptied(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = first_effect(lint, step);
	uint32_t write;

	if (!effect || effect->kind != CRASH__EFFECT_SIZE || effect->size != 0 ||
	    !crash__has_durable_data(lint, effect->node, step))
		return;
	write = new_content(lint, step);
	if (write == CRASH__NEVER)
		check_cut(lint, step, effect);
	else
		check_rewritten(lint, step, effect, write);
}
