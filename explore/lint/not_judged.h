/* SPDX-License-Identifier: MIT */
/*
 * not_judged.h - what rules are silent about because of a fact, counted.
 *
 * A rule asks for facts last: when without them it would have found something. So what is counted is what may
 * be missing among the findings. Each file, message or op is counted once for a fact.
 */
#ifndef CRASH_NOT_JUDGED_H
#define CRASH_NOT_JUDGED_H

#include "explore/lint/lint.h"

/** What a rule is about to speak of. */
struct crash__suspect {
	uint32_t relied; /* the step at hand; CRASH__NEVER: the end of the run */
	uint32_t lost;
	crash__node_id node; /* that would be lost, in whole or in part */
};

/** Whether a rule may speak: a fact that keeps it silent is counted. CRASH__FACT_NONE: it may. */
bool crash__is_judged(struct crash__lint *lint, enum crash__fact fact, const struct crash__suspect *suspect);

/** Whether that would be counted already: then there is no need to look closer. */
bool crash__is_counted(const struct crash__lint *lint, enum crash__fact fact,
		       const struct crash__suspect *suspect);

#endif
