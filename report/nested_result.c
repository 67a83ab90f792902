/* SPDX-License-Identifier: MIT */
#include "report/nested_result.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_value.h"
#include "report/report.h"
#include "report/result.h"

/* Whoever sees only the id can tell what it may be of. */
static void mark_id(char id[12])
{
	memcpy(id, CRASH__NESTED_ID, strlen(CRASH__NESTED_ID));
}

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
	mark_id(id);
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
	mark_id(id);
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

/* ------------------------------------------------------------------ records */

static json_t *findings_of(const struct crash__nested *nested)
{
	const struct crash__engine *engine = nested->exploration.engine;
	json_t *own = crash__result_findings(&nested->exploration, NULL), *list = json_array(), *finding;
	size_t i;

	if (own && engine->final && crash__verdict_failed(engine->final->kind))
		add(list, not_idempotent(nested));
	json_array_foreach(own, i, finding) {
		json_t *placed = json_deep_copy(finding);

		place_finding(placed, nested);
		add(list, placed);
	}
	json_decref(own);
	return list;
}

json_t *crash__nested_record(const struct crash__nested *nested)
{
	static const char *const outcomes[] = {[CRASH__NESTED_IDLE] = "idle",
					       [CRASH__NESTED_SAME] = "same",
					       [CRASH__NESTED_EXPLORED] = "explored"};
	struct crash__engine *engine = nested->exploration.engine;
	struct crash__counts counts = {0};

	if (engine)
		crash__engine_count(engine, &counts);
	return json_pack("{s:o, s:s, s:s, s:I, s:b, s:I, s:I, s:I, s:I, s:o, s:o, s:[]}", "from",
			 crash__json_string(nested->from), "outcome", outcomes[nested->outcome], "recording",
			 nested->digest, "acked", (json_int_t)nested->acked, "cut", (int)nested->cut,
			 "states", (json_int_t)nested->states, "distinct",
			 (json_int_t)(engine ? engine->fresh : 0), "checked", (json_int_t)counts.checked,
			 "failed", (json_int_t)counts.failed, "incomplete",
			 crash__result_reasons(&nested->exploration.recording), "findings",
			 engine ? findings_of(nested) : json_array(), "inner");
}

/* ------------------------------------------------------------------ what they come to */

struct adding {
	struct crash__nested_sum *sum;
	json_t *seen; /* recordings, with what was acknowledged */
	const char *place;
};

static uint64_t number(const json_t *record, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(record, key));
}

static void add_findings(struct adding *adding, const json_t *record)
{
	const char *place = json_string_value(json_object_get(record, "place"));
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(record, "findings"), i, finding) {
		json_t *own = json_deep_copy(finding);
		char *line = crash__result_replay_line(crash__report_text(own, "state"),
						       place ? place : adding->place);

		json_object_set_new(own, "replay", crash__json_string(line));
		add(adding->sum->findings, own);
		free(line);
	}
}

/* That of one that was cut short says no more than that it was. */
static void add_reasons(struct adding *adding, const json_t *record)
{
	json_t *reason;
	size_t i;

	json_array_foreach(json_object_get(record, "incomplete"), i, reason)
		if (!json_is_true(json_object_get(record, "cut")))
			json_array_append_new(adding->sum->reasons,
					      json_sprintf("in recovery from %s: %s",
							   crash__report_text(record, "from"),
							   json_string_value(reason)));
	adding->sum->cut += json_is_true(json_object_get(record, "cut"));
}

/* Whether a recording like it was explored; else it is noted. */
static bool is_known(struct adding *adding, const json_t *record)
{
	json_t *key = json_sprintf("%s %llu", crash__report_text(record, "recording"),
				   (unsigned long long)number(record, "acked"));
	bool known = json_object_get(adding->seen, json_string_value(key)) != NULL;

	json_object_set_new(adding->seen, json_string_value(key), json_true());
	json_decref(key);
	return known;
}

static void add_records(struct adding *adding, const json_t *records)
{
	struct crash__nested_counts *counts = &adding->sum->counts;
	const json_t *record;
	size_t i;

	json_array_foreach(records, i, record) {
		add_reasons(adding, record);
		if (strcmp(crash__report_text(record, "outcome"), "idle") == 0) {
			counts->idle++;
			continue;
		}
		if (is_known(adding, record)) {
			counts->same++;
			continue;
		}
		counts->explored++;
		counts->states += number(record, "states");
		counts->distinct += number(record, "distinct");
		counts->checked += number(record, "checked");
		counts->failed += number(record, "failed");
		add_findings(adding, record);
		add_records(adding, json_object_get(record, "inner"));
	}
}

int crash__nested_add_up(const json_t *records, uint64_t first, const char *place,
			 struct crash__nested_sum *sum)
{
	struct adding adding = {.sum = sum, .seen = json_object(), .place = place};

	*sum = (struct crash__nested_sum){.findings = json_array(),
					  .reasons = json_array(),
					  .counts = {.states = first, .first = first}};
	if (!adding.seen || !sum->findings || !sum->reasons)
		return crash__fail(CRASH_ENOMEM, "no memory for the result");
	add_records(&adding, records);
	json_decref(adding.seen);
	return 0;
}

void crash__nested_result(json_t *result, struct crash__nested_sum *sum, unsigned int depth)
{
	const struct crash__nested_counts *counts = &sum->counts;
	json_t *summary = json_object_get(result, "summary"), *list = json_object_get(result, "findings");

	json_array_extend(list, sum->findings);
	json_object_set_new(summary, "findings", json_integer((json_int_t)json_array_size(list)));
	json_object_set_new(summary, "recovery",
			    json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "depth", (int)depth, "from",
				      (json_int_t)counts->states, "explored", (json_int_t)counts->explored,
				      "same", (json_int_t)counts->same, "idle", (json_int_t)counts->idle,
				      "distinct", (json_int_t)counts->distinct, "checked",
				      (json_int_t)counts->checked, "failed", (json_int_t)counts->failed));
	json_decref(sum->findings);
	json_decref(sum->reasons);
}
