/* SPDX-License-Identifier: MIT */
#include "explore/lint/not_judged.h"

static uint32_t subject_of(enum crash__fact fact, const struct crash__suspect *suspect)
{
	switch (crash__fact_infos[fact].subject) {
	case CRASH__SUBJECT_FILE:
		return suspect->node;
	case CRASH__SUBJECT_MESSAGE:
		return suspect->relied;
	case CRASH__SUBJECT_OP:
		break;
	}
	return suspect->lost;
}

/* The set in which it is noted that a subject was counted. */
static crash__fact_set *counted_of(const struct crash__lint *lint, enum crash__fact fact, uint32_t subject)
{
	return crash__fact_infos[fact].subject == CRASH__SUBJECT_FILE ? &lint->nodes[subject].counted :
									&lint->steps[subject].counted;
}

bool crash__is_counted(const struct crash__lint *lint, enum crash__fact fact,
		       const struct crash__suspect *suspect)
{
	return crash__has_fact(*counted_of(lint, fact, subject_of(fact, suspect)), fact);
}

bool crash__is_judged(struct crash__lint *lint, enum crash__fact fact, const struct crash__suspect *suspect)
{
	struct crash__not_judged *silence = &lint->not_judged[fact];
	uint32_t subject;

	if (fact == CRASH__FACT_NONE)
		return true;
	if (crash__is_counted(lint, fact, suspect))
		return false;
	subject = subject_of(fact, suspect);
	crash__add_fact(counted_of(lint, fact, subject), fact);
	if (silence->count < CRASH__MOST_NAMED)
		silence->subjects[silence->count] = subject;
	silence->count++;
	return false;
}
