/* SPDX-License-Identifier: MIT */
#include "explore/lint/rules_overwrite.h"

#include "explore/lint/copy_facts.h"
#include "explore/lint/file_facts.h"
#include "explore/lint/mistake.h"
#include "explore/lint/not_judged.h"
#include "explore/lint/overwrite_facts.h"
#include "explore/lint/wording.h"

/* What is known without a look at the bytes. */
static enum crash__fact file_fact(const struct crash__lint *lint, uint32_t step, crash__node_id node)
{
	enum crash__fact fact = crash__file_fact(lint, node);

	if (fact != CRASH__FACT_NONE)
		return fact;
	if (crash__has_copy(lint, node))
		return CRASH__FACT_COPY;
	return crash__is_unused(lint, step) ? CRASH__FACT_UNUSED_PAGES : CRASH__FACT_NONE;
}

static enum crash__fact bytes_fact(const struct crash__overwritten *overwritten)
{
	if (crash__is_over_zeros(overwritten))
		return CRASH__FACT_ZEROS;
	return crash__is_in_one_sector(overwritten) ? CRASH__FACT_ONE_SECTOR : CRASH__FACT_NONE;
}

void crash__check_overwrite(struct crash__lint *lint, uint32_t step)
{
	const struct crash__effect *effect =
		is_family(lint, step, CRASH__FAMILY_WRITE) ? first_effect(lint, step) : NULL;
	struct crash__suspect suspect = {.relied = step, .lost = step};
	struct crash__overwritten overwritten;
	enum crash__fact fact;

	if (!effect || effect->kind != CRASH__EFFECT_DATA || effect->offset >= effect->old_size ||
	    !lint->nodes[effect->node].names)
		return;
	suspect.node = effect->node;
	fact = file_fact(lint, step, effect->node);
	if (fact != CRASH__FACT_NONE && crash__is_counted(lint, fact, &suspect))
		return;
	overwritten = crash__find_overwritten(lint, step, effect);
	if (fact == CRASH__FACT_NONE)
		fact = bytes_fact(&overwritten);
	if (lint->error < 0 || (!overwritten.data && !overwritten.zeros) ||
	    !crash__is_judged(lint, fact, &suspect) || !crash__lint_found(lint, CRASH__PART_TORN, step, step))
		return;
	crash__lint_say(
		lint,
		crash__lint_text(lint,
				 "%s overwrote durable data in more than one sector, but no durable "
				 "file has a copy of the old or of the new data",
				 crash__lint_change(lint, step)),
		crash__lint_text(lint,
				 "write the old or the new data to a journal and fsync it before %s, or "
				 "write a new file and rename it",
				 crash__lint_op(lint, step)));
}
