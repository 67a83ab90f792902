/* SPDX-License-Identifier: MIT */
/*
 * What lint found, as one JSON object.
 */
#include "report/lint_result.h"

#include "base/json_value.h"
#include "explore/lint/rules.h"
#include "report/result.h"
#include "report/result_op.h"

static json_t *op_json(const struct crash__lint *lint, const char *role, uint32_t step, const char *text)
{
	return crash__result_op(lint->callsites, lint->fs, role, step, text);
}

static json_t *mistake_json(const struct crash__lint *lint, const struct crash__mistake *mistake)
{
	json_t *ops = json_array();

	json_array_append_new(ops, op_json(lint, "lost", mistake->lost, mistake->lost_text));
	if (mistake->relied != mistake->lost)
		json_array_append_new(ops,
				      op_json(lint,
					      mistake->relied == CRASH__NEVER ||
							      lint->fs->steps[mistake->relied].event->kind ==
								      CRASH__EVENT_ACK ?
						      "acknowledged" :
						      "survived",
					      mistake->relied, mistake->relied_text));
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:n, s:b}", "id", mistake->id,
			 "kind", mistake->rule->name, "scope", "power", "sentence",
			 crash__json_string(mistake->sentence), "explanation", mistake->rule->explanation,
			 "ops", ops, "models", crash__result_names(mistake->allowed), "models_not",
			 crash__result_names(mistake->forbidden), "repair",
			 crash__json_string(mistake->repair), "times", (json_int_t)mistake->times, "replay",
			 "accepted", 0);
}

static json_t *rules_json(const struct crash__lint *lint, uint32_t rules)
{
	json_t *list = json_array();

	for (size_t i = 0; i < crash__lint_rule_count; i++) {
		json_int_t count = 0;

		for (size_t at = 0; at < lint->mistakes_count; at++)
			count += lint->mistakes[at].rule == &crash__lint_rules[i];
		if (rules & 1u << i)
			json_array_append_new(list, json_pack("{s:s, s:I}", "rule", crash__lint_rules[i].name,
							      "findings", count));
	}
	return list;
}

/* "3 files taken for logs" */
static json_t *silence_sentence(enum crash__fact fact, uint64_t count)
{
	const struct crash__fact_info *info = &crash__fact_infos[fact];

	return json_sprintf("%llu %s", (unsigned long long)count, count == 1 ? info->one : info->several);
}

static json_t *silence_json(enum crash__fact fact, const struct crash__not_judged *silence)
{
	json_t *what = json_array();

	for (size_t i = 0; i < silence->names_count; i++)
		json_array_append_new(what, crash__json_string(silence->names[i]));
	return json_pack(
		"{s:s, s:o, s:s, s:I, s:o, s:I}", "fact", crash__fact_infos[fact].name, "sentence",
		silence_sentence(fact, silence->count), "explanation", crash__fact_infos[fact].explanation,
		"count", (json_int_t)silence->count, "what", what, "more",
		silence->count > CRASH__MOST_NAMED ? (json_int_t)(silence->count - CRASH__MOST_NAMED) :
						     (json_int_t)0);
}

/* What rules were silent about, one object for each fact. */
static json_t *not_judged_json(const struct crash__lint *lint)
{
	json_t *list = json_array();

	for (int fact = CRASH__FACT_NONE + 1; fact < CRASH__FACTS; fact++)
		if (lint->not_judged[fact].count)
			json_array_append_new(list,
					      silence_json((enum crash__fact)fact, &lint->not_judged[fact]));
	return list;
}

json_t *crash__lint_result(const struct crash__recording *recording, const struct crash__lint *lint,
			   uint32_t rules, json_t *settings)
{
	json_t *findings = json_array();

	for (size_t i = 0; i < lint->mistakes_count; i++)
		json_array_append_new(findings, mistake_json(lint, &lint->mistakes[i]));
	return json_pack("{s:o, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:b, s:o, s:o}}", "settings",
			 settings, "findings", findings, "summary", "ops", (json_int_t)lint->ops, "syncs",
			 (json_int_t)lint->sync_ops, "acknowledgements", (json_int_t)lint->acks,
			 "ops_outside", (json_int_t)recording->fs.ignored, "findings",
			 (json_int_t)lint->mistakes_count, "rules", rules_json(lint, rules), "not_judged",
			 not_judged_json(lint), "complete", (int)(recording->incomplete_count == 0),
			 "incomplete_reasons", crash__result_reasons(recording), "date",
			 crash__result_date());
}
