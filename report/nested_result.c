/* SPDX-License-Identifier: MIT */
#include "report/nested_result.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_value.h"
#include "report/report.h"
#include "report/result.h"

static void add_number(json_t *finding, const json_t *other, const char *key)
{
	json_object_set_new(finding, key,
			    json_integer(json_integer_value(json_object_get(finding, key)) +
					 json_integer_value(json_object_get(other, key))));
}

/* Takes the finding over. */
static void add(json_t *findings, json_t *finding)
{
	json_t *known = crash__report_find_id(findings, crash__report_text(finding, "id"));

	if (!known) {
		json_array_append_new(findings, finding);
		return;
	}
	add_number(known, finding, "states");
	add_number(known, finding, "repaired");
	json_decref(finding);
}

/* "recovery from the state that ... leaves WHAT" */
static json_t *sentence_of(const struct crash__nested *nested, const char *what)
{
	json_t *words = crash__json_string(nested->words),
	       *sentence = json_sprintf("recovery from %s %s", json_string_value(words), what);

	json_decref(words);
	return sentence;
}

/* A model that is to allow the finding has to allow the state that recovery started from. */
static json_t *models_of(const struct crash__nested *nested, const json_t *finding)
{
	const struct crash__engine_options *options = &nested->exploration.engine->options;
	json_t *list = json_array(), *name;
	size_t i;

	json_array_foreach(json_object_get(finding, "models"), i, name)
		for (uint32_t model = 0; model < options->model_count; model++)
			if ((nested->models & 1u << model) &&
			    strcmp(options->models[model].name, json_string_value(name)) == 0)
				json_array_append(list, name);
	return list;
}

/* A finding of the recording of recovery: it says what that recovery has started from. */
static void place_finding(json_t *finding, const struct crash__nested *nested)
{
	json_t *what = json_sprintf("is interrupted: %s", crash__report_text(finding, "sentence")),
	       *from = crash__json_string(nested->from);
	char id[12];

	crash__cause_id(id, "recovery/%s", crash__report_text(finding, "id"));
	json_object_set_new(finding, "id", json_string(id));
	json_object_set_new(finding, "sentence", sentence_of(nested, json_string_value(what)));
	json_object_set_new(finding, "state",
			    json_sprintf("%s%c%s", json_string_value(from), CRASH__NESTED,
					 crash__report_text(finding, "state")));
	json_object_set(finding, "from", from);
	if (nested->power) {
		json_object_set_new(finding, "scope", json_string("power"));
		json_object_set_new(finding, "models", models_of(nested, finding));
		json_object_set_new(finding, "models_not", json_array());
	}
	json_decref(from);
	json_decref(what);
}

/* Recovery ran to its end, ran again, and what that leaves is not accepted. */
static json_t *not_idempotent(const struct crash__nested *nested)
{
	const struct crash__engine *engine = nested->exploration.engine;
	const struct crash__fs *fs = engine->options.fs;
	struct crash__state state = {.step = (int64_t)fs->steps_count - 1};
	enum crash__verdict_kind kind = engine->final->kind;
	json_t *what = json_sprintf("has ended, and where it runs once more %s", crash__verdict_clause(kind)),
	       *finding;
	char id[12], *name;

	state.acked = state.step < 0 ? 0 : fs->steps[state.step].acked;
	name = crash__engine_state_name(engine, engine->options.model_count, &state);
	crash__cause_id(id, "recovery/again/%s", crash__cause_class(kind));
	finding = json_pack(
		"{s:s, s:s, s:s, s:o, s:[], s:[], s:[s], s:[], s:n, s:s, s:i, s:i, s:s, s:o, s:n, "
		"s:o, s:o, s:b}",
		"id", id, "kind", crash__verdict_name(kind), "scope", nested->power ? "power" : "process",
		"sentence", sentence_of(nested, json_string_value(what)), "ops", "files", "models", "kill",
		"models_not", "repair", "advice",
		"recovery has to accept what it leaves itself, and to find out that it is done", "states", 1,
		"repaired", 0, "point", "", "state", crash__json_string(name), "replay", "output",
		crash__json_string(engine->final_output), "from", crash__json_string(nested->from),
		"accepted", 0);
	if (finding && nested->power)
		json_object_set_new(finding, "models", json_array());
	for (uint32_t i = 0; finding && nested->power && i < engine->options.model_count; i++)
		if (nested->models & 1u << i)
			json_array_append_new(json_object_get(finding, "models"),
					      json_string(engine->options.models[i].name));
	json_decref(what);
	free(name);
	return finding;
}

int crash__nested_findings_add(json_t *findings, const struct crash__nested *nested)
{
	const struct crash__engine *engine = nested->exploration.engine;
	json_t *own = crash__result_findings(&nested->exploration, NULL), *finding;
	size_t i;

	if (!own)
		return crash__fail(CRASH_ENOMEM, "no memory for the result");
	if (engine->final && crash__verdict_failed(engine->final->kind))
		add(findings, not_idempotent(nested));
	json_array_foreach(own, i, finding) {
		json_t *placed = json_deep_copy(finding);

		place_finding(placed, nested);
		add(findings, placed);
	}
	json_decref(own);
	return 0;
}

void crash__nested_result(json_t *result, json_t *findings, const struct crash__nested_counts *counts,
			  unsigned int depth, const char *place)
{
	json_t *summary = json_object_get(result, "summary"), *list = json_object_get(result, "findings"),
	       *finding;
	size_t i;

	json_array_foreach(findings, i, finding) {
		char *line = crash__result_replay_line(crash__report_text(finding, "state"), place);

		json_object_set_new(finding, "replay", crash__json_string(line));
		json_array_append(list, finding);
		free(line);
	}
	json_object_set_new(summary, "findings", json_integer((json_int_t)json_array_size(list)));
	json_object_set_new(summary, "recovery",
			    json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "depth", (int)depth, "from",
				      (json_int_t)counts->states, "explored", (json_int_t)counts->explored,
				      "same", (json_int_t)counts->same, "idle", (json_int_t)counts->idle,
				      "distinct", (json_int_t)counts->distinct, "checked",
				      (json_int_t)counts->checked, "failed", (json_int_t)counts->failed));
}
