/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what is to happen at which op.
 *
 * A plan is the rules of CRASH_AT in a form that needs no parsing, no allocation and no locks: it
 * lives in the control block, is written once before the program starts, and afterwards only the
 * rules' hit counters change. Whoever sees an op - the shim in the program, the supervisor beside
 * it - asks the same plan.
 */
#ifndef CRASH_PLAN_H
#define CRASH_PLAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/call.h"

#define CRASH__RULES 64	    /* a set of rules is a 64-bit mask */
#define CRASH__NAME 96	    /* longest point name, with its NUL */
#define CRASH__GLOB 256	    /* longest file pattern, with its NUL */
#define CRASH__FUNCTION 256 /* longest function name, with its NUL */

#define CRASH__CERTAIN 10000000u /* a chance of 100 % */

enum crash__kind { CRASH__KIND_EXPLICIT, CRASH__KIND_FAMILY, CRASH__KIND_CALL };

/* When an action happens, seen from the op. */
enum crash__moment {
	CRASH__BEFORE,
	CRASH__AFTER,
	CRASH__TORN_BYTES,   /* after the first `torn` bytes of the write */
	CRASH__TORN_PERCENT, /* after the first `torn` percent of it */
};

enum crash__action {
	CRASH__KILL,
	CRASH__ABORT,
	CRASH__EXIT,   /* argument: exit status */
	CRASH__SIGNAL, /* argument: signal number */
	CRASH__STOP,
	CRASH__DELAY, /* argument: microseconds */
	CRASH__LOG,
	CRASH__ERROR, /* argument: errno, or 0: success; the call is not made */
	CRASH__SHORT, /* argument: bytes that are written or read, and reported */
	CRASH__FLIP,  /* argument: which byte of what is read has another bit */
};

struct crash__rule {
	uint8_t kind;	/* enum crash__kind */
	uint8_t moment; /* enum crash__moment */
	uint8_t action; /* enum crash__action */
	bool pattern;	/* `name` holds * or ? */
	bool self;	/* only this process dies, not the tree */
	uint16_t which; /* the family or call, by kind */
	uint32_t thread, child;
	bool has_thread, has_child, has_seed;
	uint64_t first, last, step; /* fires at hit first, first + step, ... up to last */
	uint64_t chance; /* of CRASH__CERTAIN hits from `first` to `last` it fires at so many; 0: at all */
	uint64_t seed;	 /* what decides at which; crash__plan_draw() */
	uint64_t site;	 /* only from this place: crash__backtrace_site(); 0: from any */
	uint64_t torn;
	int64_t argument;
	uint32_t column, length;	       /* where the rule stands in its specification */
	uint32_t chance_column, chance_length; /* and where its p1% does */
	char name[CRASH__NAME];
	char glob[CRASH__GLOB];
	char function[CRASH__FUNCTION];
};

struct crash__plan {
	uint32_t count;
	uint64_t explicit_rules;
	uint64_t with_glob;   /* rules that look at the file */
	uint64_t with_filter; /* rules that look at thread, child, function or site */
	uint64_t plain;	      /* rules that take every op of one family or call, or every pass of one point */
	uint64_t of_family[CRASH__FAMILIES];
	uint64_t of_call[CRASH__CALLS];
	struct crash__rule rules[CRASH__RULES];
};

/** How many ops each rule has taken. */
struct crash__hits {
	_Atomic uint64_t of[CRASH__RULES];
};

/** Appends a filled rule. Returns false when there are CRASH__RULES of them already. */
bool crash__plan_add(struct crash__plan *plan, const struct crash__rule *rule);

/**
 * Decides at which hits the rules with a chance fire; once, when all rules are there.
 * @param seed for those that name none; the same one decides the same
 *
 * From then on such a rule is like any other: its `first` is the first hit at which it fires. So a rule that
 * ends the tree has one number, which can be asked for instead of the chance. Hits are counted, not timed: a
 * program that does the same does it again.
 */
void crash__plan_draw(struct crash__plan *plan, uint64_t seed);

/** Whether a rule leaves it to chance. */
bool crash__plan_has_chance(const struct crash__plan *plan);

/** The rules that speak of this call, whatever its file. */
static inline uint64_t crash__plan_rules_of(const struct crash__plan *plan, unsigned int call)
{
	unsigned int family = crash__calls[crash__calls[call].kernel].family;

	return plan->of_family[family] | plan->of_call[call];
}

/** Whether a rule names this family, which is not in io, or a call of it. */
bool crash__plan_names(const struct crash__plan *plan, unsigned int family);

/** The rules that speak of the sync that a write implies: it has a family and no call of its own. */
static inline uint64_t crash__plan_rules_of_implied_sync(const struct crash__plan *plan)
{
	return plan->of_family[CRASH__FAMILY_FSYNC];
}

/** The rules that speak of the explicit point `name`. */
uint64_t crash__plan_rules_of_point(const struct crash__plan *plan, const char *name);

/** Whether rules speak of calls, and not of explicit points alone. */
static inline bool crash__plan_has_calls(const struct crash__plan *plan)
{
	uint64_t all = plan->count == CRASH__RULES ? ~UINT64_C(0) : (UINT64_C(1) << plan->count) - 1;

	return plan->explicit_rules != all;
}

/** Those of `rules` whose file pattern, if they have one, matches the absolute path. */
uint64_t crash__plan_rules_of_file(const struct crash__plan *plan, uint64_t rules, const char *path);

/** Those of `rules` that take this thread (counted from 1) of this process (from 0). */
uint64_t crash__plan_rules_of_thread(const struct crash__plan *plan, uint64_t rules, uint32_t process,
				     uint32_t thread);

/** Whether `rule` fires at its hit number `hit`, counted from 1. */
bool crash__rule_fires(const struct crash__rule *rule, uint64_t hit);

/**
 * Counts one op against each of `rules` and returns those that fire. This is the only place that
 * moves a rule's counter; call it once for each op and rule.
 * @param occurrence      the op's number in its family, or which pass of the explicit point it is
 * @param call_occurrence the op's number among ops of its call; 0: has none
 * @param late            set if a rule ends the tree before an op that came earlier than this one:
 *			  then this one must not be done; otherwise left alone
 */
uint64_t crash__plan_hit(const struct crash__plan *plan, struct crash__hits *hits, uint64_t rules,
			 uint64_t occurrence, uint64_t call_occurrence, bool *late);

/** Whether the action ends the program. */
static inline bool crash__action_is_death(unsigned int action)
{
	return action == CRASH__KILL || action == CRASH__ABORT || action == CRASH__EXIT;
}

/** Whether the rule ends the tree before its op is done, or in the middle of it: no later op must be done. */
static inline bool crash__rule_ends_tree_before(const struct crash__rule *rule)
{
	return crash__action_is_death(rule->action) && !rule->self && rule->moment != CRASH__AFTER;
}

/** How many of `bytes` a torn or short write puts into the file. */
uint64_t crash__rule_part(const struct crash__rule *rule, uint64_t bytes);

/** Iterates over the set bits of a mask of rules. */
#define CRASH__EACH_RULE(plan, mask, rule)                                                                   \
	for (uint64_t rule##_left = (mask);                                                                  \
	     rule##_left && ((rule) = &(plan)->rules[__builtin_ctzll(rule##_left)], true);                   \
	     rule##_left &= rule##_left - 1)

#endif
