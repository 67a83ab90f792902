/* SPDX-License-Identifier: MIT */
/*
 * fuzz_spec.c - any text as rules: it is a plan whose rules each stand where they say, or it is refused
 * with a column inside the text.
 */
#include "common/spec.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static struct crash__plan plan, again;

/* A rule that is cut out of the text means the same. */
static void check_alone(const char *text, const struct crash__rule *rule)
{
	char *alone = strndup(text + rule->column - 1, rule->length);
	struct crash__spec_error error;
	struct crash__rule *same = &again.rules[0];

	memset(&again, 0, sizeof again);
	CLAIM(crash__spec_parse(&again, alone, 0, &error));
	CLAIM(again.count == 1);
	CLAIM(same->column == 1 && same->length == rule->length);
	same->column = rule->column;
	CLAIM(memcmp(same, rule, sizeof *rule) == 0);
	free(alone);
}

static void check_plan(const char *text)
{
	CLAIM(plan.count >= 1 && plan.count <= CRASH__RULES);
	for (uint32_t i = 0; i < plan.count; i++) {
		const struct crash__rule *rule = &plan.rules[i];

		CLAIM(rule->first >= 1 && rule->last >= rule->first && rule->step >= 1);
		CLAIM(rule->column >= 1 && rule->column - 1 + rule->length <= strlen(text));
		CLAIM(strnlen(rule->name, sizeof rule->name) < sizeof rule->name);
		CLAIM(strnlen(rule->glob, sizeof rule->glob) < sizeof rule->glob);
		CLAIM(strnlen(rule->function, sizeof rule->function) < sizeof rule->function);
		CLAIM(rule->kind != CRASH__KIND_EXPLICIT || rule->pattern ||
		      crash__point_name_ok(rule->name, strlen(rule->name)));
		CLAIM(crash__rule_part(rule, 100) <= 100);
		check_alone(text, rule);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct crash__spec_error error;
	uint64_t after;

	memset(&plan, 0, sizeof plan);
	if (crash__spec_parse(&plan, text, 0, &error)) {
		check_plan(text);
	} else {
		CLAIM(error.column >= 1 && error.column <= strlen(text) + 1);
		CLAIM(error.message[0] &&
		      strnlen(error.message, sizeof error.message) < sizeof error.message);
		CLAIM(strnlen(error.hint, sizeof error.hint) < sizeof error.hint);
	}
	memset(&plan, 0, sizeof plan);
	if (crash__spec_parse(&plan, text, UINT64_MAX - 3, &error))
		CLAIM(plan.rules[0].first > UINT64_MAX - 3);
	crash__parse_time(text, strlen(text), &after);
	crash__parse_size(text, strlen(text), &after);
	crash__parse_count(text, strlen(text), &after);
	free(text);
	return 0;
}
