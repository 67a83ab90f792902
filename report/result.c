/* SPDX-License-Identifier: MIT */
#include "report/result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/error.h"
#include "base/json_value.h"
#include "base/shell_word.h"
#include "explore/phrases/op_phrase.h"
#include "explore/states/state_name.h"
#include "report/blind_spots.h"
#include "report/report.h"
#include "report/result_op.h"
#include "symbols/callsite.h"

/* ------------------------------------------------------------------ findings */

json_t *crash__result_names(const char *names)
{
	json_t *list = json_array();

	while (names && *names) {
		size_t length = strcspn(names, ",");

		json_array_append_new(list, json_stringn(names, length));
		names += length;
		names += strspn(names, ", ");
	}
	return list;
}

/* What the checker said about the cause's own state; about any of its states, if that was not kept. */
static const char *output_of(struct crash__engine *engine, const struct crash__cause *cause)
{
	const struct crash__entry *own = NULL;

	if (cause->state.reference == CRASH__EVERYTHING)
		own = crash__engine_find(engine, &engine->atoms[cause->model], &cause->state);
	if (own && own->output)
		return own->output;
	for (size_t i = 0; i < cause->entries_count; i++)
		if (cause->entries[i]->output)
			return cause->entries[i]->output;
	return NULL;
}

char *crash__result_replay_line(const char *state, const char *place)
{
	char *line = NULL, *from = crash__shell_word(place && *place ? place : "TRACE");

	if (!from || asprintf(&line, "crashinject replay %s '%s' DIR", from, state ? state : "?") < 0)
		line = NULL;
	free(from);
	return line;
}

void crash__result_found_at(json_t *result, const char *place)
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(result, "findings"), i, finding) {
		const char *state = json_string_value(json_object_get(finding, "state"));
		char *replay = state ? crash__result_replay_line(state, place) : NULL;

		if (replay)
			json_object_set_new(finding, "replay", crash__json_string(replay));
		free(replay);
	}
}

static json_t *files_json(const struct crash__cause *cause)
{
	json_t *list = json_array();

	for (size_t i = 0; i < cause->files_count; i++)
		json_array_append_new(list, crash__json_string(cause->files[i]));
	return list;
}

/* Of what relied on what was lost. */
static const char *role_of(const struct crash__fs *fs, uint32_t step)
{
	return step != CRASH__NEVER && fs->steps[step].event->kind == CRASH__EVENT_ACK ? "acknowledged" :
											 "survived";
}

static json_t *ops_json(const struct crash__exploration *exploration, struct crash__callsites *callsites,
			const struct crash__cause *cause)
{
	const struct crash__fs *fs = &exploration->recording.fs;
	json_t *ops = json_array();

	if (cause->lost_text)
		json_array_append_new(ops,
				      crash__result_op(callsites, fs, "lost", cause->lost, cause->lost_text));
	if (cause->survivor_text)
		json_array_append_new(ops, crash__result_op(callsites, fs, role_of(fs, cause->survivor),
							    cause->survivor, cause->survivor_text));
	return ops;
}

static json_t *finding_json(const struct crash__exploration *exploration, struct crash__callsites *callsites,
			    const struct crash__cause *cause, const char *place)
{
	char point[CRASH__NAME + 48], *replay = crash__result_replay_line(cause->state_name, place);
	json_t *finding;

	crash__point_name(&exploration->recording.fs, cause->state.step, point, sizeof point);
	finding = json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:s, s:o, s:o, s:o, s:b}", "id",
		cause->id, "kind", crash__verdict_name(cause->kind), "scope",
		cause->process ? "process" : "power", "sentence", crash__json_string(cause->sentence), "ops",
		ops_json(exploration, callsites, cause), "files", files_json(cause), "models",
		crash__result_names(cause->allowed), "models_not", crash__result_names(cause->forbidden),
		"repair", crash__json_string(cause->repair), "advice", crash__json_string(cause->advice),
		"states", (json_int_t)cause->states, "repaired", (json_int_t)cause->repaired, "point", point,
		"state", crash__json_string(cause->state_name), "replay", crash__json_string(replay),
		"output", crash__json_string(output_of(exploration->engine, cause)), "accepted", 0);
	free(replay);
	return finding;
}

json_t *crash__result_failure(const struct crash__exploration *exploration, const struct crash__entry *entry,
			      const char *output)
{
	const struct crash__engine *engine = exploration->engine;
	char point[CRASH__NAME + 48], *name = crash__engine_state_name(engine, entry->model, &entry->state);
	json_t *failure;

	crash__point_name(&exploration->recording.fs, entry->state.step, point, sizeof point);
	failure = json_pack("{s:s, s:s, s:s, s:s, s:o, s:i, s:i, s:o}", "kind",
			    crash__verdict_name(entry->kind), "point", point, "model",
			    engine->options.models[entry->model].name, "tier", crash__tiers[entry->tier].name,
			    "state", crash__json_string(name), "exit_code", (int)entry->exit_code, "signal",
			    (int)entry->signal, "output", crash__json_string(output));
	free(name);
	return failure;
}

/* ------------------------------------------------------------------ the whole */

static json_t *tiers_json(const struct crash__engine *engine)
{
	json_t *list = json_array();

	for (size_t i = 0; i < engine->results_count; i++) {
		const struct crash__tier_result *result = &engine->results[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:b, s:b, s:s}", "model",
				  engine->options.models[result->model].name, "tier",
				  crash__tiers[result->tier].name, "started", (int)result->started, "named",
				  (json_int_t)result->named, "new", (json_int_t)result->fresh, "checked",
				  (json_int_t)result->checked, "exhaustive", (int)result->finished, "counted",
				  (int)result->counted, "proves", crash__tiers[result->tier].proves));
	}
	return list;
}

/* Of the sweeps: null where there were none. */
static json_t *sweeps_json(const struct crash__engine *engine)
{
	return engine->options.in_trace_order ?
		       json_null() :
		       json_pack("{s:I, s:I, s:I, s:b, s:b}", "classes", (json_int_t)engine->classes, "seen",
				 (json_int_t)engine->seen, "done", (json_int_t)engine->sweeps, "whole_trace",
				 (int)engine->crossed, "counted", (int)engine->counted);
}

json_t *crash__result_reasons(const struct crash__recording *recording)
{
	json_t *list = json_array();

	for (size_t i = 0; i < recording->incomplete_count; i++)
		json_array_append_new(list, crash__json_string(recording->incomplete[i]));
	return list;
}

json_t *crash__result_date(void)
{
	char text[32];
	time_t now = time(NULL);
	struct tm utc;

	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	return json_string(text);
}

static void set_number(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

static json_t *seconds_json(uint64_t ns)
{
	return json_real((double)ns / 1e9);
}

/* After how many checks a state of each cause had been seen. What only explaining failures has shown was not
 * looked for. */
static uint64_t checks_for_causes(const struct crash__causes *causes)
{
	uint64_t last = 0;

	for (size_t i = 0; i < causes->list_count; i++) {
		const struct crash__cause *cause = &causes->list[i];
		uint64_t first = UINT64_MAX;

		for (size_t at = 0; at < cause->entries_count; at++)
			if (cause->entries[at]->after && cause->entries[at]->after < first)
				first = cause->entries[at]->after;
		if (first != UINT64_MAX && first > last)
			last = first;
	}
	return last;
}

/* What it took. */
static void add_costs(json_t *summary, const struct crash__exploration *exploration)
{
	const struct crash__engine *engine = exploration->engine;
	struct crash__counts counts;
	struct rusage usage;

	crash__engine_count(engine, &counts);
	getrusage(RUSAGE_SELF, &usage);
	json_object_set_new(summary, "seconds", seconds_json(engine->spent));
	json_object_set_new(summary, "checker_seconds", seconds_json(counts.checker_ns));
	json_object_set_new(summary, "first_failure_seconds",
			    engine->first_failure ? seconds_json(engine->first_failure) : json_null());
	set_number(summary, "checks_for_causes", checks_for_causes(&exploration->causes));
	set_number(summary, "jobs", engine->options.jobs);
	set_number(summary, "peak_memory_bytes", (uint64_t)usage.ru_maxrss * 1024);
	set_number(summary, "trace_bytes", exploration->recording.trace.map_size);
}

/* A checker that accepts nothing that could be tested is a reason like others: not every reader of the result
 * knows what the final state is. */
static json_t *exploration_reasons(const struct crash__exploration *exploration, bool refused)
{
	json_t *reasons = crash__result_reasons(&exploration->recording);

	if (refused)
		json_array_append_new(reasons,
				      json_sprintf(CRASH__REPORT_REFUSED ", as the program left it "
									 "(%s): nothing else was checked",
						   crash__verdict_name(exploration->engine->final->kind)));
	return reasons;
}

static json_t *summary_json(const struct crash__exploration *exploration, bool is_shard)
{
	const struct crash__engine *engine = exploration->engine;
	const struct crash__recording *recording = &exploration->recording;
	bool final_good = engine->final && engine->final->kind == CRASH__VERDICT_PASSED;
	bool final_said = engine->final && (final_good || !recording->base_changed);
	const char *final_state = final_said ? crash__verdict_name(engine->final->kind) : "unchecked";
	json_t *summary = json_object();
	struct crash__counts counts;

	crash__engine_count(engine, &counts);
	set_number(summary, "points", engine->points);
	set_number(summary, "states", engine->named);
	set_number(summary, "distinct", engine->fresh);
	set_number(summary, "duplicates", engine->named > engine->fresh ? engine->named - engine->fresh : 0);
	set_number(summary, "checked", counts.checked);
	set_number(summary, "known_before", counts.known);
	set_number(summary, "other_shards", engine->elsewhere);
	set_number(summary, "failed", counts.failed);
	set_number(summary, "flaky", counts.flaky);
	set_number(summary, "equal_after_recovery", counts.equal);
	set_number(summary, "not_checkable", engine->errors);
	set_number(summary, "findings", exploration->causes.list_count);
	set_number(summary, "ops_outside", recording->fs.ignored);
	json_object_set_new(summary, "tiers", tiers_json(engine));
	json_object_set_new(summary, "sweeps", sweeps_json(engine));
	json_object_set_new(summary, "final_state", json_string(final_state));
	json_object_set_new(summary, "final_output",
			    crash__json_string(final_good || !final_said ? NULL : engine->final_output));
	if (engine->final && !final_good && final_said)
		set_number(summary, "final_status", engine->final->exit_code);
	json_object_set_new(summary, "namespaces", json_boolean(recording->namespaces || recording->mounted));
	json_object_set_new(summary, "directory_missing", json_boolean(recording->directory_missing));
	json_object_set_new(summary, "why_no_namespaces",
			    crash__json_string(recording->namespaces ? NULL : recording->why_no_namespaces));
	json_object_set_new(summary, "complete",
			    json_boolean(final_good && !recording->incomplete_count && !is_shard));
	json_object_set_new(
		summary, "incomplete_reasons",
		exploration_reasons(exploration, final_said && crash__verdict_failed(engine->final->kind)));
	json_object_set_new(summary, "checker_is_blind", json_boolean(crash__engine_is_blind(engine)));
	json_object_set_new(summary, "not_looked_at", crash__blind_spots(exploration));
	json_object_set_new(summary, "date", crash__result_date());
	add_costs(summary, exploration);
	return summary;
}

json_t *crash__result_findings(const struct crash__exploration *exploration, const char *place)
{
	const struct crash__recording *recording = &exploration->recording;
	const struct crash__causes *causes = &exploration->causes;
	struct crash__callsites *callsites;
	json_t *findings = json_array();

	if (crash__callsites_new(&recording->trace, recording->root, &callsites) < 0) {
		json_decref(findings);
		return NULL;
	}
	for (size_t i = 0; i < causes->list_count; i++)
		json_array_append_new(findings,
				      finding_json(exploration, callsites, &causes->list[i], place));
	crash__callsites_free(callsites);
	return findings;
}

json_t *crash__result_make(const struct crash__exploration *exploration, json_t *settings, const char *place)
{
	json_t *findings = crash__result_findings(exploration, place);
	bool shard = json_integer_value(json_object_get(settings, "shards")) > 1;

	return findings ? json_pack("{s:o, s:o, s:o}", "settings", settings, "findings", findings, "summary",
				    summary_json(exploration, shard)) :
			  NULL;
}

/* ------------------------------------------------------------------ real kills */

/* Points whose ops come from the same place are one finding. */
static void add_point(json_t *findings, const struct crash__recording *recording,
		      struct crash__callsites *callsites, const struct crash__rerun_point *point)
{
	const struct crash__event *event = recording->fs.steps[point->step].event;
	char *signature = crash__callsite_signature(callsites, event),
	     *text = crash__callsite_text(callsites, event),
	     *op = crash__op_phrase(callsites, &recording->fs, point->step);
	char id[12];
	json_t *known;

	crash__cause_id(id, point->before ? "%s/rerun/before/%s" : "%s/rerun/%s",
			crash__verdict_name(point->kind), signature ? signature : "");
	known = crash__report_find_id(findings, id);
	if (known)
		json_object_set_new(known, "states",
				    json_integer(json_integer_value(json_object_get(known, "states")) + 1));
	else
		json_array_append_new(
			findings,
			json_pack("{s:s, s:s, s:s, s:o, s:[o], s:[s], s:I, s:s, s:o, s:o, s:o, s:b}", "id",
				  id, "kind", crash__verdict_name(point->kind), "scope", "process",
				  "sentence",
				  json_sprintf("if the process is killed right %s %s, %s",
					       point->before ? "before" : "after", op ? op : "?",
					       crash__verdict_clause(point->kind)),
				  "ops",
				  crash__result_op(callsites, &recording->fs,
						   point->before ? "lost" : "survived", point->step, text),
				  "models", "kill", "states", (json_int_t)1, "point", point->name, "state",
				  json_null(), "replay",
				  json_sprintf("crashinject run --at '%s' -- PROGRAM", point->name), "output",
				  crash__json_string(point->output), "accepted", 0));
	free(signature);
	free(text);
	free(op);
}

static json_t *rerun_reasons(const struct crash__recording *recording, const struct crash__rerun *rerun)
{
	json_t *reasons = crash__result_reasons(recording);

	if (rerun->stopped)
		json_array_append_new(reasons, json_string("it was interrupted"));
	for (size_t i = 0; i < rerun->points_count; i++)
		if (rerun->points[i].diverged) {
			json_array_append_new(
				reasons,
				json_sprintf("%d runs diverged from the recording, the first: %s",
					     (int)rerun->diverged,
					     rerun->points[i].output ? rerun->points[i].output : "?"));
			break;
		}
	return reasons;
}

json_t *crash__result_of_rerun(const struct crash__recording *recording, const struct crash__rerun *rerun,
			       json_t *settings)
{
	json_t *findings = json_array(), *reasons = rerun_reasons(recording, rerun);
	json_int_t points = (json_int_t)rerun->points_count, checked = (json_int_t)rerun->checked;
	struct crash__callsites *callsites;

	if (crash__callsites_new(&recording->trace, recording->root, &callsites) < 0)
		return NULL;
	for (size_t i = 0; i < rerun->points_count && !recording->base_changed; i++)
		if (crash__verdict_failed(rerun->points[i].kind))
			add_point(findings, recording, callsites, &rerun->points[i]);
	crash__callsites_free(callsites);
	return json_pack("{s:o, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:[{s:s, s:s, s:b, s:I, s:I, s:I, s:b, "
			 "s:b, s:s}], s:s, s:b, s:o, s:f, s:o}}",
			 "settings", settings, "findings", findings, "summary", "points", points, "states",
			 points, "distinct", points, "checked", checked, "failed", (json_int_t)rerun->failed,
			 "findings", (json_int_t)json_array_size(findings), "tiers", "model", "kill", "tier",
			 "rerun", "started", 1, "named", points, "new", points, "checked", checked,
			 "exhaustive", (int)(checked == points), "counted", 1, "proves",
			 "every process crash between two ops, by real kills", "final_state", "unchecked",
			 "complete", (int)(json_array_size(reasons) == 0), "incomplete_reasons", reasons,
			 "seconds", (double)rerun->ns / 1e9, "date", crash__result_date());
}

/* ------------------------------------------------------------------ baselines */

static bool accept_id(json_t *result, const char *id)
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(result, "findings"), i, finding)
		if (strcmp(json_string_value(json_object_get(finding, "id")), id) == 0) {
			json_object_set_new(finding, "accepted", json_true());
			return true;
		}
	return false;
}

int crash__result_accept(json_t *result, const char *baseline)
{
	FILE *file = fopen(baseline, "re");
	json_t *gone = json_array();
	char *line = NULL;
	size_t size = 0;
	unsigned int number = 0;
	int error = 0;

	if (!file) {
		json_decref(gone);
		return crash__fail(CRASH_EINVAL, "--baseline %s: %s", baseline, strerror(errno));
	}
	while (error == 0 && getline(&line, &size, file) >= 0) {
		size_t length = strcspn(line, " \t\r\n#");

		number++;
		if (length == 0)
			continue;
		line[length] = '\0';
		if (length != 8 || strspn(line, "0123456789abcdef") != 8)
			error = crash__fail(
				CRASH_EINVAL,
				"%s:%u: \"%s\" is not the id of a finding, which has 8 hexadecimal digits",
				baseline, number, line);
		else if (!accept_id(result, line))
			json_array_append_new(gone, json_string(line));
	}
	if (error == 0 && ferror(file)) /* a directory, for one: no list without ids */
		error = crash__fail_errno("--baseline %s", baseline);
	json_object_set_new(json_object_get(result, "summary"), "baseline_gone", gone);
	free(line);
	fclose(file);
	return error;
}

/* ------------------------------------------------------------------ what it comes to */

int crash__result_status(const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary");
	const char *final = json_string_value(json_object_get(summary, "final_state"));
	json_t *finding;
	size_t i;

	if (final && strcmp(final, "passed") != 0 && strcmp(final, "unchecked") != 0)
		return 125;
	json_array_foreach(json_object_get(result, "findings"), i, finding)
		if (!json_is_true(json_object_get(finding, "accepted")))
			return 1;
	return crash__report_is_whole(result) ? 0 : 3;
}
