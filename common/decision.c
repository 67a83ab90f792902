/* SPDX-License-Identifier: MIT */
#include "common/decision.h"

#include "common/op_record.h"

static bool has_parts(enum crash__nature nature)
{
	return nature == CRASH__NATURE_WRITE;
}

static bool is_call(enum crash__nature nature)
{
	return nature == CRASH__NATURE_CALL || nature == CRASH__NATURE_READ || has_parts(nature);
}

/* What the rule lets be made of the call. */
static enum crash__making making_of(const struct crash__rule *rule, enum crash__nature nature)
{
	if (rule->action == CRASH__ERROR && is_call(nature))
		return CRASH__MAKES_NOTHING;
	if (rule->action == CRASH__FLIP && nature == CRASH__NATURE_READ)
		return CRASH__MAKES_FLIPPED;
	if (rule->action == CRASH__SHORT && (has_parts(nature) || nature == CRASH__NATURE_READ))
		return CRASH__MAKES_SHORT;
	if (rule->moment >= CRASH__TORN_BYTES && has_parts(nature))
		return CRASH__MAKES_TORN;
	return CRASH__MAKES_ALL;
}

/* Whether one of the rules ends the tree before the op is done, or in the middle of it. */
static bool ends_tree(const struct crash__plan *plan, uint64_t fired)
{
	const struct crash__rule *rule;

	CRASH__EACH_RULE(plan, fired, rule)
		if (crash__rule_ends_tree_before(rule))
			return true;
	return false;
}

/* What one rule adds to the decision. */
static void add(struct crash__decision *decision, const struct crash__rule *rule, uint64_t bit,
		enum crash__nature nature)
{
	enum crash__making making = making_of(rule, nature);

	if (rule->action == CRASH__LOG)
		decision->flags |= CRASH__OP_LOGGED;
	if (making > decision->making) {
		decision->making = making;
		decision->by = rule;
	}
	if (making != CRASH__MAKES_ALL || rule->action == CRASH__ERROR || rule->action == CRASH__SHORT ||
	    rule->action == CRASH__FLIP)
		return;
	if (rule->moment == CRASH__AFTER || !is_call(nature))
		decision->after |= bit;
	else
		decision->before |= bit;
}

struct crash__decision crash__plan_decide(const struct crash__plan *plan, uint64_t fired,
					  enum crash__nature nature)
{
	struct crash__decision decision = {.making = CRASH__MAKES_ALL};
	const struct crash__rule *rule;
	bool tree = ends_tree(plan, fired);

	CRASH__EACH_RULE(plan, fired, rule)
		if (!(tree && rule->self && crash__action_is_death(rule->action)))
			add(&decision, rule, UINT64_C(1) << (rule - plan->rules), nature);
	if (decision.making == CRASH__MAKES_SHORT || decision.making == CRASH__MAKES_NOTHING)
		decision.flags |= CRASH__OP_FAILED;
	return decision;
}

const struct crash__rule *crash__plan_due(const struct crash__plan *plan,
					  const struct crash__decision *decision)
{
	const struct crash__rule *rule;
	bool signals = false;

	CRASH__EACH_RULE(plan, decision->before | decision->after, rule) {
		if (crash__rule_ends_tree_before(rule))
			return signals ? rule : NULL;
		signals |= rule->action == CRASH__SIGNAL || rule->action == CRASH__STOP;
	}
	return signals && decision->making == CRASH__MAKES_TORN ? decision->by : NULL;
}

struct crash__decision crash__plan_ask(const struct crash__plan *plan, struct crash__hits *hits,
				       uint64_t rules, const struct crash__facts *facts)
{
	struct crash__decision decision = {.making = CRASH__MAKES_ALL};
	bool late = false;
	uint64_t fired;

	if (!rules)
		return decision;
	fired = crash__plan_hit(plan, hits, rules, facts->occurrence, facts->call_occurrence, &late);
	decision = crash__plan_decide(plan, fired, facts->nature);
	decision.late = late && facts->nature != CRASH__NATURE_STORE;
	return decision;
}

/* The number that the next op is for a rule. */
static uint64_t next_hit(const struct crash__plan *plan, const struct crash__hits *hits,
			 const struct crash__rule *rule, const struct crash__facts *facts)
{
	uint64_t number = (uint64_t)(rule - plan->rules);

	if (plan->plain & UINT64_C(1) << number)
		return rule->kind == CRASH__KIND_CALL ? facts->call_occurrence : facts->occurrence;
	return atomic_load_explicit(&hits->of[number], memory_order_relaxed) + 1;
}

bool crash__plan_would_skip(const struct crash__plan *plan, const struct crash__hits *hits, uint64_t rules,
			    const struct crash__facts *facts)
{
	struct crash__decision decision;
	const struct crash__rule *rule;
	uint64_t fired = 0;

	CRASH__EACH_RULE(plan, rules, rule)
		if (crash__rule_fires(rule, next_hit(plan, hits, rule, facts)))
			fired |= UINT64_C(1) << (rule - plan->rules);
	decision = crash__plan_decide(plan, fired, facts->nature);
	return crash__decision_skips(&decision);
}
