/* SPDX-License-Identifier: MIT */
#include "explore/lint/process_facts.h"

#include "explore/lint/authors.h"

enum crash__fact crash__author_fact(const struct crash__lint *lint, uint32_t step, uint32_t change)
{
	if (crash__is_other_thread(lint, step, change))
		return CRASH__FACT_OTHER_THREAD;
	return crash__is_other_process(lint, step, change) ? CRASH__FACT_OTHER_PROCESS : CRASH__FACT_NONE;
}

enum crash__fact crash__end_fact(const struct crash__lint *lint)
{
	if (crash__is_killed(lint))
		return CRASH__FACT_KILLED;
	return crash__is_failed(lint) ? CRASH__FACT_FAILED : CRASH__FACT_NONE;
}

bool crash__is_other_thread(const struct crash__lint *lint, uint32_t step, uint32_t change)
{
	return lint->steps[step].author != lint->steps[change].author &&
	       crash__same_process(lint, step, change);
}

bool crash__is_other_process(const struct crash__lint *lint, uint32_t step, uint32_t change)
{
	const struct crash__lint_process *own = &lint->processes[lint->steps[step].process];
	const struct crash__lint_process *other = &lint->processes[lint->steps[change].process];

	return own != other && !(other->last_step < step && crash__descends(lint, other, own));
}

bool crash__is_child(const struct crash__lint *lint, uint32_t step)
{
	return lint->steps[step].process != 0;
}

bool crash__is_killed(const struct crash__lint *lint)
{
	return !lint->ended;
}

bool crash__is_failed(const struct crash__lint *lint)
{
	return lint->ended && !lint->ended_well;
}

bool crash__never_syncs(const struct crash__lint *lint)
{
	return !lint->syncs;
}
