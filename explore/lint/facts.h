/* SPDX-License-Identifier: MIT */
/*
 * facts.h - the names of what lint takes files, messages and ops for.
 *
 * Method. A rule knows what an op did to files and what was durable then. What the program means by it, the
 * trace does not say: that a file is a log, or that a message only wakes up a thread, is a guess. Each guess
 * is a fact with a name, and has one classifier, a function that knows no rule. Those of the first kind are
 * asked once, before the walk, and stand in sets of bits at each file and step: they depend on the run alone.
 * Those of the second kind depend on what is durable at the moment, and are asked when a rule is about to
 * speak. The first fact that applies keeps the rule silent, and what it keeps silent is counted.
 *
 * A condition without which nothing can be lost is not a fact, but part of the rule: that a write is durable,
 * or that its file has no name any more. Nor is it one that another rule speaks of the same loss.
 */
#ifndef CRASH_FACTS_H
#define CRASH_FACTS_H

#include <stdbool.h>
#include <stdint.h>

enum crash__fact {
	CRASH__FACT_NONE,
#define FACT(ENUM, ...) CRASH__FACT_##ENUM,
#include "explore/lint/facts.def"
#undef FACT
	CRASH__FACTS,
};

/** A set of facts: a bit for each. */
typedef uint64_t crash__fact_set;

_Static_assert(CRASH__FACTS <= 64, "a set of facts has a bit for each");

static inline bool crash__has_fact(crash__fact_set set, enum crash__fact fact)
{
	return set >> fact & 1;
}

static inline void crash__add_fact(crash__fact_set *set, enum crash__fact fact)
{
	*set |= UINT64_C(1) << fact;
}

/** What a fact is counted by. */
enum crash__fact_subject { CRASH__SUBJECT_FILE, CRASH__SUBJECT_MESSAGE, CRASH__SUBJECT_OP };

struct crash__fact_info {
	const char *name;
	enum crash__fact_subject subject;
	const char *one, *several; /* "file taken for a log", "files taken for logs" */
	const char *explanation;   /* sentences for people */
};

/** By enum crash__fact; [CRASH__FACT_NONE] is not used. */
extern const struct crash__fact_info crash__fact_infos[CRASH__FACTS];

#endif
