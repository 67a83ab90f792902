/* SPDX-License-Identifier: MIT */
#include "explore/lint/rules_removed.h"

#include "base/effort.h"
#include "explore/lint/authors.h"
#include "explore/lint/file_facts.h"
#include "explore/lint/journal_facts.h"
#include "explore/lint/mistake.h"
#include "explore/lint/not_judged.h"
#include "explore/lint/op_facts.h"
#include "explore/lint/pending.h"
#include "explore/lint/process_facts.h"
#include "explore/lint/related_names.h"
#include "explore/lint/rules_emptied.h"
#include "explore/lint/wording.h"

/* ------------------------------------------------------------------ unlinked */

/* What the process has made of a file that is about to go, and that is not durable; false: nothing. */
static bool find_replacement(struct crash__lint *lint, crash__slot_id slot, crash__node_id gone,
			     struct crash__suspect *suspect, enum crash__lint_part *part)
{
	uint32_t step = suspect->relied;

	crash__find_related(lint, lint->steps[step].process, slot);
	for (size_t i = 0; i < lint->related_count; i++) {
		crash__node_id node = lint->related[i];
		enum crash__fact fact;

		if (node == gone || lint->fs->nodes[node].type != CRASH__NODE_FILE ||
		    !crash__find_pending(lint, node, step, part, &suspect->lost))
			continue;
		suspect->node = node;
		fact = crash__file_fact(lint, node);
		if (fact == CRASH__FACT_NONE && crash__is_lock(lint, gone, node, step)) {
			fact = CRASH__FACT_LOCK_FILE;
			suspect->node = gone;
		}
		if (crash__is_judged(lint, fact, suspect))
			return true;
	}
	return false;
}

/* The file has another name, by link(), and that may be lost: then it has none. */
static void check_other_name(struct crash__lint *lint, uint32_t step, crash__slot_id slot,
			     crash__node_id gone)
{
	const struct crash__lint_node *known = &lint->nodes[gone];
	struct crash__suspect suspect = {.relied = step, .lost = known->named, .node = gone};

	if (known->slot == slot || known->named == CRASH__NEVER ||
	    !crash__is_pending(lint->steps[known->named].name, step) ||
	    !crash__had_durable_name(lint, step) || !crash__has_durable_data(lint, gone, step) ||
	    !crash__is_judged(lint, crash__file_fact(lint, gone), &suspect) ||
	    !crash__lint_found(lint, CRASH__PART_NAME, suspect.lost, step))
		return;
	crash__lint_say(
		lint,
		crash__lint_text(lint, "%s took away a durable name, but %s was not durable: %s",
				 crash__lint_change(lint, step), crash__lint_change(lint, suspect.lost),
				 crash__lint_reason(lint, CRASH__PART_NAME, suspect.lost)),
		crash__lint_text(lint, "fsync of %s before %s", crash__lint_directory(lint, suspect.lost),
				 crash__lint_op(lint, step)));
}

static void check_removal(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = first_effect(lint, step);
	struct crash__suspect suspect = {.relied = step};
	enum crash__lint_part part;
	crash__node_id gone;
	uint32_t named;

	if (!effect || effect->kind != CRASH__EFFECT_ENTRY || effect->node)
		return;
	gone = lint->children[effect->slot];
	if (gone && lint->nodes[gone].names == 2)
		check_other_name(lint, step, effect->slot, gone);
	if (!gone || lint->nodes[gone].names != 1 || !crash__has_durable_data(lint, gone, step) ||
	    !find_replacement(lint, effect->slot, gone, &suspect, &part) ||
	    !crash__lint_found(lint, part, suspect.lost, step))
		return;
	named = lint->nodes[suspect.node].named;
	crash__lint_say(
		lint,
		crash__lint_text(lint,
				 "%s took away a durable file, but %s, its replacement, was not durable: %s",
				 crash__lint_change(lint, step), crash__lint_change(lint, suspect.lost),
				 crash__lint_reason(lint, part, suspect.lost)),
		crash__lint_text(lint, "fsync of %s and of %s before %s",
				 crash__lint_path_at(lint, suspect.node, step),
				 crash__lint_directory(lint, named == CRASH__NEVER ? step : named),
				 crash__lint_op(lint, step)));
}

/* ------------------------------------------------------------------ replaced by less */

/*
 * A rename of another file in the same directory by the same thread, not durable: it may be lost, and this
 * one not. False: there is none.
 */
static bool find_pending_rename(struct crash__lint *lint, crash__slot_id slot, struct crash__suspect *suspect)
{
	uint32_t step = suspect->relied;
	const struct crash__lint_process *process = &lint->processes[lint->steps[step].process];
	crash__node_id directory = lint->fs->slots[slot].directory;

	for (size_t i = process->nodes_count; i-- > 0;) {
		crash__node_id node = process->nodes[i];
		const struct crash__lint_node *known = &lint->nodes[node];
		enum crash__fact fact = crash__file_fact(lint, node);

		crash__effort++;
		if (!known->names || !known->slot || known->slot == slot || known->named == CRASH__NEVER ||
		    lint->fs->slots[known->slot].directory != directory ||
		    !is_family(lint, known->named, CRASH__FAMILY_RENAME) ||
		    !crash__is_pending(lint->steps[known->named].name, step))
			continue;
		suspect->lost = known->named;
		suspect->node = node;
		if (fact == CRASH__FACT_NONE && lint->steps[known->named].author != lint->steps[step].author)
			fact = crash__same_process(lint, known->named, step) ? CRASH__FACT_OTHER_THREAD :
									       CRASH__FACT_OTHER_PROCESS;
		if (crash__is_judged(lint, fact, suspect))
			return true;
	}
	return false;
}

/* Another file's new name may be lost, and what is put into place here stay: what it leaves out is gone. */
static void check_shrinking_rename(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = first_effect(lint, step);
	struct crash__suspect suspect = {.relied = step};

	if (!effect || effect->kind != CRASH__EFFECT_ENTRY || !effect->node || !effect->old_node ||
	    !crash__has_durable_data(lint, effect->old_node, step) ||
	    crash__view_size(lint->view, effect->node) >= crash__view_size(lint->view, effect->old_node) ||
	    !find_pending_rename(lint, effect->slot, &suspect) ||
	    !crash__lint_found(lint, CRASH__PART_NAME, suspect.lost, step))
		return;
	crash__lint_say(
		lint,
		crash__lint_text(lint,
				 "%s put a smaller file in the place of a durable one, but %s was not "
				 "durable: %s. What the smaller file leaves out may be gone with that name",
				 crash__lint_change(lint, step), crash__lint_change(lint, suspect.lost),
				 crash__lint_reason(lint, CRASH__PART_NAME, suspect.lost)),
		crash__lint_text(lint, "fsync of %s before %s", crash__lint_directory(lint, suspect.lost),
				 crash__lint_op(lint, step)));
}

/* ------------------------------------------------------------------ moved to another directory */

/* The old name of a file is gone for good when its directory is synced, and the new one may not be there yet.
 */
static void check_moved(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *from = crash__moved_from(lint, step);
	const struct crash__lint_step *move = &lint->steps[step];
	struct crash__suspect suspect = {.relied = move->removal, .lost = step};
	enum crash__fact fact;

	if (!from || move->removal == CRASH__NEVER || move->name <= move->removal ||
	    !crash__had_durable_name(lint, step) || !crash__has_durable_data(lint, from->old_node, step))
		return;
	suspect.node = from->old_node;
	fact = crash__file_fact(lint, from->old_node);
	if (fact == CRASH__FACT_NONE && crash__has_op_fact(lint, step, CRASH__FACT_PASSING_NAME))
		fact = CRASH__FACT_PASSING_NAME;
	if (!crash__is_judged(lint, fact, &suspect) ||
	    !crash__lint_found(lint, CRASH__PART_NAME, step, move->removal))
		return;
	crash__lint_say(lint,
			crash__lint_text(
				lint, "%s made durable that the old name is gone, but %s was not durable: %s",
				crash__lint_op(lint, move->removal), crash__lint_change(lint, step),
				crash__lint_reason(lint, CRASH__PART_NAME, step)),
			crash__lint_text(lint, "fsync of %s before %s", crash__lint_directory(lint, step),
					 crash__lint_op(lint, move->removal)));
}

void crash__check_source_removed(struct crash__lint *lint, uint32_t step)
{
	if (is_family(lint, step, CRASH__FAMILY_UNLINK)) {
		check_removal(lint, step);
	} else if (is_family(lint, step, CRASH__FAMILY_RENAME)) {
		check_shrinking_rename(lint, step);
		check_moved(lint, step);
	} else if (is_family(lint, step, CRASH__FAMILY_OPEN) ||
		   is_family(lint, step, CRASH__FAMILY_TRUNCATE)) {
		crash__check_emptied(lint, step);
	}
}
