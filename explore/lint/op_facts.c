/* SPDX-License-Identifier: MIT */
#include "explore/lint/op_facts.h"

#include <errno.h>

static const struct {
	enum crash__fact fact;
	bool (*holds)(const struct crash__lint *lint, uint32_t step);
} classifiers[] = {
	{CRASH__FACT_PASSING_NAME, crash__is_passing_name},
	{CRASH__FACT_TRUNCATION, crash__is_truncation},
	{CRASH__FACT_UNSYNCABLE, crash__is_unsyncable},
};

void crash__find_op_facts(struct crash__lint *lint)
{
	for (uint32_t step = 0; step < lint->fs->steps_count; step++)
		for (size_t i = 0; i < sizeof classifiers / sizeof *classifiers; i++)
			if (classifiers[i].holds(lint, step))
				crash__add_fact(&lint->steps[step].facts, classifiers[i].fact);
}

bool crash__has_op_fact(const struct crash__lint *lint, uint32_t step, enum crash__fact fact)
{
	return crash__has_fact(lint->steps[step].facts, fact);
}

bool crash__is_passing_name(const struct crash__lint *lint, uint32_t step)
{
	return lint->steps[step].moved_on;
}

bool crash__is_truncation(const struct crash__lint *lint, uint32_t step)
{
	uint32_t count = at(lint, step)->effects;
	const struct crash__effect *effect = count ? effect_at(lint, step, count - 1) : NULL;

	return effect && effect->kind == CRASH__EFFECT_SIZE && effect->size < effect->old_size &&
	       (count == 1 || (count == 2 && effect_at(lint, step, 0)->kind == CRASH__EFFECT_TAIL));
}

bool crash__is_unsyncable(const struct crash__lint *lint, uint32_t step)
{
	int64_t result = at(lint, step)->event->result;

	return at(lint, step)->sync_failed &&
	       (result == -EINVAL || result == -EOPNOTSUPP || result == -EROFS);
}

bool crash__is_rewritten(const struct crash__lint *lint, uint32_t step, crash__node_id node)
{
	return lint->steps[step].node == node;
}
