/* SPDX-License-Identifier: MIT */
#include "common/plan.h"

#include <string.h>

#include "common/glob.h"

bool crash__plan_add(struct crash__plan *plan, const struct crash__rule *rule)
{
	uint64_t bit;

	if (plan->count == CRASH__RULES)
		return false;
	bit = UINT64_C(1) << plan->count;
	plan->rules[plan->count++] = *rule;

	if (rule->kind == CRASH__KIND_EXPLICIT)
		plan->explicit_rules |= bit;
	else if (rule->kind == CRASH__KIND_CALL)
		plan->of_call[rule->which] |= bit;
	else
		for (int family = 0; family < CRASH__FAMILIES; family++)
			if (rule->which == family ||
			    (rule->which == CRASH__FAMILY_IO && family < CRASH__IO_FAMILIES))
				plan->of_family[family] |= bit;
	if (rule->glob[0])
		plan->with_glob |= bit;
	if (rule->has_thread || rule->has_child || rule->function[0] || rule->site)
		plan->with_filter |= bit;
	if (!((plan->with_glob | plan->with_filter) & bit) && !rule->pattern &&
	    !(rule->kind == CRASH__KIND_FAMILY && rule->which == CRASH__FAMILY_IO))
		plan->plain |= bit;
	return true;
}

bool crash__plan_names(const struct crash__plan *plan, unsigned int family)
{
	uint64_t rules = plan->of_family[family];

	for (int call = CRASH__FIRST_INPUT; call < CRASH__CALLS; call++)
		if (crash__calls[call].family == family)
			rules |= plan->of_call[call];
	return rules;
}

uint64_t crash__plan_rules_of_point(const struct crash__plan *plan, const char *name)
{
	uint64_t found = 0;
	const struct crash__rule *rule;

	CRASH__EACH_RULE(plan, plan->explicit_rules, rule)
		if (rule->pattern ? crash__glob_match(rule->name, name) : strcmp(rule->name, name) == 0)
			found |= UINT64_C(1) << (rule - plan->rules);
	return found;
}

uint64_t crash__plan_rules_of_file(const struct crash__plan *plan, uint64_t rules, const char *path)
{
	const struct crash__rule *rule;

	CRASH__EACH_RULE(plan, rules & plan->with_glob, rule)
		if (!crash__glob_match_path(rule->glob, path))
			rules &= ~(UINT64_C(1) << (rule - plan->rules));
	return rules;
}

uint64_t crash__plan_rules_of_thread(const struct crash__plan *plan, uint64_t rules, uint32_t process,
				     uint32_t thread)
{
	const struct crash__rule *rule;

	CRASH__EACH_RULE(plan, rules & plan->with_filter, rule)
		if ((rule->has_thread && rule->thread != thread) ||
		    (rule->has_child && rule->child != process))
			rules &= ~(UINT64_C(1) << (rule - plan->rules));
	return rules;
}

/* splitmix64's last step: what it makes of two numbers that differ in a bit has nothing in common. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* Whether chance has it that the rule fires at this hit. */
static bool is_drawn(const struct crash__rule *rule, uint64_t hit)
{
	uint64_t drawn = mix(rule->seed + hit * 0x9e3779b97f4a7c15u);

	return (uint64_t)((unsigned __int128)drawn * CRASH__CERTAIN >> 64) < rule->chance;
}

bool crash__plan_has_chance(const struct crash__plan *plan)
{
	for (uint32_t i = 0; i < plan->count; i++)
		if (plan->rules[i].chance)
			return true;
	return false;
}

/* The number of the rule is part of it, or two rules with one seed would fire at the same hits. That none is
 * drawn in so many hits happens once in 10^18 seeds. */
void crash__plan_draw(struct crash__plan *plan, uint64_t seed)
{
	for (uint32_t i = 0; i < plan->count; i++) {
		struct crash__rule *rule = &plan->rules[i];
		uint64_t left = rule->chance ? 42 * (CRASH__CERTAIN / rule->chance + 1) : 0;

		if (!rule->chance)
			continue;
		rule->seed = mix(mix(rule->has_seed ? rule->seed : seed) + i);
		while (left && rule->first < rule->last && !is_drawn(rule, rule->first)) {
			rule->first++;
			left--;
		}
	}
}

bool crash__rule_fires(const struct crash__rule *rule, uint64_t hit)
{
	if (hit < rule->first || hit > rule->last)
		return false;
	return rule->chance ? is_drawn(rule, hit) : (hit - rule->first) % rule->step == 0;
}

/*
 * Where a rule takes every op, its hit is the op's own number. Were it counted apart, two threads could
 * pass the two counters in different orders, and write#5 would fire at write#6.
 */
uint64_t crash__plan_hit(const struct crash__plan *plan, struct crash__hits *hits, uint64_t rules,
			 uint64_t occurrence, uint64_t call_occurrence, bool *late)
{
	uint64_t fires = 0;
	const struct crash__rule *rule;

	CRASH__EACH_RULE(plan, rules, rule) {
		uint64_t number = (uint64_t)(rule - plan->rules), bit = UINT64_C(1) << number;
		uint64_t hit = atomic_fetch_add_explicit(&hits->of[number], 1, memory_order_relaxed) + 1;

		if (plan->plain & bit)
			hit = rule->kind == CRASH__KIND_CALL ? call_occurrence : occurrence;
		if (crash__rule_fires(rule, hit))
			fires |= bit;
		if (hit > rule->first && crash__rule_ends_tree_before(rule))
			*late = true;
	}
	return fires;
}

uint64_t crash__rule_part(const struct crash__rule *rule, uint64_t bytes)
{
	uint64_t part;

	if (rule->action == CRASH__SHORT)
		part = (uint64_t)rule->argument;
	else if (rule->moment == CRASH__TORN_PERCENT)
		part = (uint64_t)((unsigned __int128)bytes * rule->torn / 100);
	else
		part = rule->torn;
	return part < bytes ? part : bytes;
}
