/* SPDX-License-Identifier: MIT */
/*
 * Method. A claim is a change that the acknowledgement at hand speaks for, or would speak for without a fact.
 * Three parts of it are looked at: data that was written; the removal of an undo journal, which is what makes
 * a change valid; and whether what was written went to a file that had lost its name.
 */
#include "explore/lint/rules_acknowledged.h"

#include "explore/lint/file_facts.h"
#include "explore/lint/journal_facts.h"
#include "explore/lint/mistake.h"
#include "explore/lint/not_judged.h"
#include "explore/lint/op_facts.h"
#include "explore/lint/pending.h"
#include "explore/lint/process_facts.h"
#include "explore/lint/wording.h"

/*
 * The first fact about a change that says nothing of the acknowledgement, or else one that keeps that from
 * speaking for it. An exit status is an acknowledgement, too, of a program that promises durability at all.
 */
static enum crash__fact claim_fact(const struct crash__lint *lint, uint32_t step,
				   const struct crash__lint_claim *claim, enum crash__fact own)
{
	if (own != CRASH__FACT_NONE)
		return own;
	if (claim->unless != CRASH__FACT_NONE || !is_end(lint, step))
		return claim->unless;
	if (crash__end_fact(lint) != CRASH__FACT_NONE)
		return crash__end_fact(lint);
	return crash__never_syncs(lint) ? CRASH__FACT_NEVER_SYNCS : CRASH__FACT_NONE;
}

static uint32_t relied_on(const struct crash__lint *lint, uint32_t step)
{
	return is_end(lint, step) ? CRASH__NEVER : step;
}

static enum crash__fact data_fact(const struct crash__lint *lint, uint32_t lost, crash__node_id node)
{
	enum crash__fact fact = crash__file_fact(lint, node);

	if (fact == CRASH__FACT_NONE && crash__has_op_fact(lint, lost, CRASH__FACT_TRUNCATION))
		return CRASH__FACT_TRUNCATION;
	return fact;
}

static void check_data(struct crash__lint *lint, uint32_t step, const struct crash__lint_claim *claim)
{
	uint32_t lost = claim->step, relied = relied_on(lint, step);
	crash__node_id node = lint->steps[lost].node;
	struct crash__suspect suspect = {.relied = relied, .lost = lost, .node = node};

	/* of data that a file had when it was put into place another rule speaks */
	if (!node || !lint->nodes[node].names || lost < lint->nodes[node].blamed ||
	    !crash__is_judged(lint, claim_fact(lint, step, claim, data_fact(lint, lost, node)), &suspect) ||
	    !crash__lint_found(lint, CRASH__PART_DATA, lost, relied))
		return;
	crash__lint_say(
		lint,
		crash__lint_text(lint, "%s, but %s was not durable: %s",
				 crash__lint_claimed(lint, relied, true), crash__lint_change(lint, lost),
				 crash__lint_reason(lint, CRASH__PART_DATA, lost)),
		crash__lint_text(lint, "fsync of %s before %s", crash__lint_path_at(lint, node, relied),
				 crash__lint_op(lint, relied)));
}

/* What an unlink took for good; 0: nothing, or it is there again. */
static crash__node_id removed_file(const struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect = first_effect(lint, step);

	if (!is_family(lint, step, CRASH__FAMILY_UNLINK) || !effect || effect->kind != CRASH__EFFECT_ENTRY ||
	    effect->node || lint->children[effect->slot])
		return 0;
	return effect->old_node;
}

static void check_removal(struct crash__lint *lint, uint32_t step, const struct crash__lint_claim *claim)
{
	uint32_t lost = claim->step, relied = relied_on(lint, step);
	crash__node_id file = removed_file(lint, lost);
	struct crash__suspect suspect = {.relied = relied, .lost = lost, .node = file};
	enum crash__fact fact = file ? crash__removed_fact(lint, file, lost) : CRASH__FACT_NONE;

	if (!file || !crash__is_judged(lint, claim_fact(lint, step, claim, fact), &suspect) ||
	    !crash__lint_found(lint, CRASH__PART_REMOVAL, lost, relied))
		return;
	crash__lint_say(
		lint,
		crash__lint_text(lint,
				 "%s, but %s was not durable: %s. If the journal comes back, it undoes "
				 "the change",
				 crash__lint_claimed(lint, relied, true), crash__lint_change(lint, lost),
				 crash__lint_reason(lint, CRASH__PART_REMOVAL, lost)),
		crash__lint_text(lint, "fsync of %s before %s", crash__lint_directory(lint, lost),
				 crash__lint_op(lint, relied)));
}

/*
 * A file was moved to another directory, and its new name is durable: of one that is not another rule speaks.
 * It may have both names after a power loss, and whoever finds the old one takes it for what is still to do.
 */
static void check_moved(struct crash__lint *lint, uint32_t step, const struct crash__lint_claim *claim)
{
	uint32_t lost = claim->step, relied = relied_on(lint, step);
	const struct crash__effect *from = crash__moved_from(lint, lost);
	struct crash__suspect suspect = {.relied = relied, .lost = lost};
	enum crash__fact fact;

	if (!from || lint->children[from->slot] || crash__is_pending(lint->steps[lost].name, step))
		return;
	suspect.node = from->old_node;
	fact = crash__file_fact(lint, from->old_node);
	if (fact == CRASH__FACT_NONE && !crash__had_durable_name(lint, lost)) {
		fact = CRASH__FACT_PASSING_NAME;
		suspect.lost = lint->steps[lost].taken - 1;
	}
	if (!crash__is_judged(lint, claim_fact(lint, step, claim, fact), &suspect) ||
	    !crash__lint_found(lint, CRASH__PART_REMOVAL, lost, relied))
		return;
	crash__lint_say(
		lint,
		crash__lint_text(lint,
				 "%s, but %s was not durable where the old name was: %s. The file may "
				 "have both names after a power loss",
				 crash__lint_claimed(lint, relied, true), crash__lint_change(lint, lost),
				 crash__lint_reason(lint, CRASH__PART_REMOVAL, lost)),
		crash__lint_text(lint, "fsync of %s before %s", crash__lint_slot_directory(lint, from->slot),
				 crash__lint_op(lint, relied)));
}

/* Another file was put in this one's place, and the program went on with what it had open. */
static void check_nameless(struct crash__lint *lint, uint32_t step, const struct crash__lint_claim *claim)
{
	uint32_t lost = claim->step, relied = relied_on(lint, step);
	crash__node_id node = lint->steps[lost].node;
	uint32_t replaced = lint->nodes[node].replaced;
	struct crash__suspect suspect = {.relied = relied, .lost = lost, .node = node};

	if (replaced == CRASH__NEVER || lost <= replaced ||
	    !crash__is_judged(lint, claim_fact(lint, step, claim, CRASH__FACT_NONE), &suspect) ||
	    !crash__lint_found(lint, CRASH__PART_DATA, lost, relied))
		return;
	crash__lint_say(
		lint,
		crash__lint_text(lint, "%s, but %s went to a file without a name: %s had replaced it",
				 crash__lint_claimed(lint, relied, true), crash__lint_change(lint, lost),
				 crash__lint_change(lint, replaced)),
		crash__lint_text(lint, "open the file again after %s", crash__lint_op(lint, replaced)));
}

void crash__check_unsynced_ack(struct crash__lint *lint, uint32_t step)
{
	for (size_t i = 0; i < lint->claims_count; i++) {
		const struct crash__lint_claim *claim = &lint->claims[i];
		const struct crash__lint_step *lost = &lint->steps[claim->step];

		if (crash__is_pending(lost->data, step))
			check_data(lint, step, claim);
		if (crash__is_pending(lost->removal, step)) {
			check_removal(lint, step, claim);
			check_moved(lint, step, claim);
		}
		if (lost->node && lint->nodes[lost->node].names == 0)
			check_nameless(lint, step, claim);
	}
}
