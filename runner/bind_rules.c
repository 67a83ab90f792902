/* SPDX-License-Identifier: MIT */
#include "runner/bind_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "common/glob.h"
#include "common/spec.h"
#include "common/suggest.h"
#include "symbols/breakpoint_sites.h"
#include "symbols/function.h"

int crash__scenario_parse(struct crash__plan *plan, const char *scenario, const char *after)
{
	struct crash__spec_error error;
	uint64_t first = 0;

	if (after && *after && !crash__parse_count(after, strlen(after), &first))
		return crash__fail(CRASH_ESPEC, "CRASH_AFTER=%s is not a number", after);
	if (!scenario || !*scenario)
		return 0;
	if (crash__spec_parse(plan, scenario, first, &error))
		return 0;
	return crash__fail(CRASH_ESPEC, "%s\n%*s^ column %zu: %s%s%s", scenario, (int)(error.column - 1), "",
			   error.column, error.message, error.hint[0] ? "; " : "", error.hint);
}

/* Where the chance has become one number, as it is typed; else with the seed that decides. */
static void print_drawn(FILE *stream, const struct crash__rule *rule, const char *text, uint64_t after,
			uint64_t seed)
{
	size_t before = rule->chance_column - rule->column, behind = before + rule->chance_length;
	bool ends = crash__action_is_death(rule->action) && !rule->self;

	if (!ends) {
		fprintf(stream, "%.*s", (int)rule->length, text);
		if (!rule->has_seed)
			fprintf(stream, ":seed=%llu", (unsigned long long)seed);
		return;
	}
	fprintf(stream, "%.*s%llu", (int)before, text, (unsigned long long)(rule->first - after));
	/* a seed goes with a chance alone */
	for (size_t i = behind; i < rule->length;) {
		size_t length = 1 + strcspn(text + i + 1, ":,");

		if (strncmp(text + i, ":seed=", 6) != 0)
			fprintf(stream, "%.*s", (int)length, text + i);
		i += length;
	}
}

char *crash__scenario_again(const struct crash__plan *plan, const char *scenario, const char *after,
			    uint64_t seed)
{
	char *text = NULL;
	uint64_t first = 0;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	if (after)
		crash__parse_count(after, strlen(after), &first);
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct crash__rule *rule = &plan->rules[i];
		const char *from = scenario + rule->column - 1;

		fputs(i ? "," : "", stream);
		if (rule->chance)
			print_drawn(stream, rule, from, first, seed);
		else
			fprintf(stream, "%.*s", (int)rule->length, from);
	}
	fclose(stream);
	return text;
}

/* Whether an earlier site has the same name. */
static bool is_repeated(const struct crash__found_sites *found, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(found->sites[i].name, found->sites[index].name) == 0)
			return true;
	return false;
}

static int refuse_point(const struct crash__found_sites *found, const char *name)
{
	struct crash__suggestion near = {.word = name, .length = strlen(name)};
	char list[512] = "";
	size_t length = 0;

	for (size_t i = 0; i < found->count; i++) {
		crash__suggest(&near, found->sites[i].name);
		if (length < sizeof list - 1 && !is_repeated(found, i))
			length += (size_t)snprintf(list + length, sizeof list - length, "%s%s",
						   length ? ", " : "", found->sites[i].name);
	}
	if (near.best)
		return crash__fail(CRASH_EPOINT, "the program has no point \"%s\"; did you mean %s?", name,
				   near.best);
	return crash__fail(CRASH_EPOINT, "the program has no point \"%s\"; it has: %s%s", name, list,
			   length >= sizeof list - 1 ? " ..." : "");
}

static bool is_compiled_in(const struct crash__found_sites *found, const struct crash__rule *rule)
{
	for (size_t i = 0; i < found->count; i++)
		if (rule->pattern ? crash__glob_match(rule->name, found->sites[i].name) :
				    strcmp(rule->name, found->sites[i].name) == 0)
			return true;
	return false;
}

/*
 * A program that has points, but not this one, is not going to have it. One that has none may start
 * another that has it, or load it as a plugin.
 */
static int check_point(const struct crash__found_sites *found, const struct crash__rule *rule)
{
	if (found->count == 0 || found->runtime_names || found->channel || rule->pattern ||
	    is_compiled_in(found, rule))
		return 0;
	return refuse_point(found, rule->name);
}

static int refuse_function(const struct crash__found_sites *found, struct crash__symbols *symbols,
			   const char *function)
{
	char *near = NULL;
	int error;

	for (size_t i = 0; i < found->object_count && !near; i++)
		near = crash__symbols_near(symbols, found->objects[i], function);
	error = crash__fail(CRASH_EPOINT,
			    "in=%s: neither %s nor its libraries have a function of this name%s%s%s",
			    function, found->objects[0], near ? "; did you mean " : "", near ? near : "",
			    near ? "?" : "");
	free(near);
	return error;
}

static int bind_function(struct crash__control *control, const struct crash__found_sites *found,
			 struct crash__symbols *symbols, uint32_t index)
{
	const struct crash__rule *rule = &control->plan.rules[index];
	uint32_t before = control->range_count;

	for (size_t i = 0; i < found->object_count; i++) {
		struct crash__range *ranges = control->ranges + control->range_count;
		size_t left = CRASH__RANGES - control->range_count;
		size_t more = crash__symbols_find(symbols, found->objects[i], rule->function, ranges, left);

		if (more == left)
			return crash__fail(CRASH_EPOINT, "in=%s: too many functions have this name",
					   rule->function);
		for (size_t k = 0; k < more; k++)
			ranges[k].rule = index;
		control->range_count += (uint32_t)more;
	}
	return control->range_count > before ? 0 : refuse_function(found, symbols, rule->function);
}

int crash__scenario_bind(struct crash__control *control, const char *path, struct crash__symbols *symbols,
			 bool *elsewhere)
{
	struct crash__plan *plan = &control->plan;
	struct crash__found_sites found;
	bool needed = plan->explicit_rules != 0;
	int error;

	for (uint32_t i = 0; i < plan->count; i++)
		needed |= plan->rules[i].function[0] != '\0';
	if (!needed)
		return 0;
	crash__function_prepare(); /* the supervisor, which is a fork of this, is going to compare names */
	error = crash__sites_find(path, &found);
	if (error < 0)
		return error;
	for (uint32_t i = 0; i < plan->count && error == 0; i++) {
		if (plan->rules[i].kind == CRASH__KIND_EXPLICIT) {
			*elsewhere |= !is_compiled_in(&found, &plan->rules[i]);
			error = check_point(&found, &plan->rules[i]);
		}
		if (error == 0 && plan->rules[i].function[0])
			error = bind_function(control, &found, symbols, i);
	}
	crash__sites_clear(&found);
	return error;
}
