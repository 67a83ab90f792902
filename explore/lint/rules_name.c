/* SPDX-License-Identifier: MIT */
#include "explore/lint/rules_name.h"

#include "explore/lint/file_facts.h"
#include "explore/lint/mistake.h"
#include "explore/lint/not_judged.h"
#include "explore/lint/op_facts.h"
#include "explore/lint/pending.h"
#include "explore/lint/process_facts.h"
#include "explore/lint/wording.h"

/* ------------------------------------------------------------------ names before their data */

static void check_placed(struct crash__lint *lint, uint32_t step, const struct crash__effect *effect)
{
	struct crash__suspect suspect = {.relied = step, .node = effect->node};
	enum crash__fact fact = crash__file_fact(lint, effect->node);

	suspect.lost = crash__pending_write(lint, effect->node, step);
	if (suspect.lost == CRASH__NEVER)
		return;
	if (fact == CRASH__FACT_NONE && crash__is_rotated(lint, effect))
		fact = CRASH__FACT_ROTATED;
	if (!crash__is_judged(lint, fact, &suspect))
		return;
	lint->nodes[effect->node].blamed = step + 1;
	if (!crash__lint_found(lint, CRASH__PART_DATA, suspect.lost, step))
		return;
	crash__lint_say(lint,
			crash__lint_text(lint, "%s put the file into place, but %s was not durable: %s",
					 crash__lint_change(lint, step),
					 crash__lint_change(lint, suspect.lost),
					 crash__lint_reason(lint, CRASH__PART_DATA, suspect.lost)),
			crash__lint_text(lint, "fsync of the file before %s", crash__lint_op(lint, step)));
}

void crash__check_unsynced_rename(struct crash__lint *lint, uint32_t step)
{
	if (!is_family(lint, step, CRASH__FAMILY_RENAME) && !is_family(lint, step, CRASH__FAMILY_LINK))
		return;
	for (uint32_t i = 0; i < at(lint, step)->effects; i++) {
		const struct crash__effect *effect = effect_at(lint, step, i);

		if (effect->kind == CRASH__EFFECT_ENTRY && effect->node)
			check_placed(lint, step, effect);
	}
}

/* ------------------------------------------------------------------ names that may vanish */

static enum crash__fact name_fact(const struct crash__lint *lint, uint32_t step, crash__node_id node)
{
	return crash__has_op_fact(lint, step, CRASH__FACT_PASSING_NAME) ? CRASH__FACT_PASSING_NAME :
									  crash__file_fact(lint, node);
}

/*
 * What a step gave a name that is still there: the first for which no fact speaks, or else the first; 0:
 * there is none.
 */
static crash__node_id lasting_name(const struct crash__lint *lint, uint32_t step, enum crash__fact *fact)
{
	crash__node_id first = 0;

	*fact = CRASH__FACT_NONE;
	for (uint32_t i = 0; i < at(lint, step)->effects; i++) {
		const struct crash__effect *effect = effect_at(lint, step, i);

		if (effect->kind != CRASH__EFFECT_ENTRY || !effect->node ||
		    lint->children[effect->slot] != effect->node)
			continue;
		if (name_fact(lint, step, effect->node) == CRASH__FACT_NONE) {
			*fact = CRASH__FACT_NONE;
			return effect->node;
		}
		if (!first) {
			first = effect->node;
			*fact = name_fact(lint, step, effect->node);
		}
	}
	return first;
}

static void say_undurable(struct crash__lint *lint, const struct crash__suspect *suspect, bool data_too)
{
	uint32_t named = suspect->lost;

	crash__lint_say(lint,
			crash__lint_text(lint, "%s, but %s was not durable: %s%s",
					 crash__lint_claimed(lint, suspect->relied, false),
					 crash__lint_change(lint, named),
					 crash__lint_reason(lint, CRASH__PART_NAME, named),
					 data_too ? ". The data of the file was not durable either" : ""),
			crash__lint_text(lint, "fsync of %s after %s", crash__lint_directory(lint, named),
					 crash__lint_op(lint, named)));
}

static void check_claim(struct crash__lint *lint, uint32_t step, const struct crash__lint_claim *claim)
{
	bool end = is_end(lint, step);
	struct crash__suspect suspect = {.relied = end ? CRASH__NEVER : step, .lost = claim->step};
	enum crash__fact fact;

	if (!crash__is_pending(lint->steps[claim->step].name, step))
		return;
	suspect.node = lasting_name(lint, claim->step, &fact);
	if (!suspect.node)
		return;
	if (fact == CRASH__FACT_NONE && !end && crash__is_empty(lint, suspect.node))
		fact = CRASH__FACT_EMPTY;
	if (fact == CRASH__FACT_NONE)
		fact = claim->unless;
	if (fact == CRASH__FACT_NONE && end && crash__is_killed(lint))
		fact = CRASH__FACT_KILLED;
	if (crash__is_judged(lint, fact, &suspect) &&
	    crash__lint_found(lint, CRASH__PART_NAME, claim->step, suspect.relied))
		say_undurable(lint, &suspect, crash__pending_write(lint, suspect.node, step) != CRASH__NEVER);
}

void crash__check_undurable_name(struct crash__lint *lint, uint32_t step)
{
	for (size_t i = 0; i < lint->claims_count; i++)
		check_claim(lint, step, &lint->claims[i]);
}
