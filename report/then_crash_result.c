/* SPDX-License-Identifier: MIT */
/*
 * Method. A finding is a cause, as an exploration names it, and the call site whose failure leads to it. What
 * is found of the recording without a fault as well needs none: it is a finding of its own, once.
 */
#include "report/then_crash_result.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"
#include "base/shell_word.h"
#include "explore/findings/cause.h"
#include "explore/phrases/op_phrase.h"
#include "report/faults_result.h"
#include "report/report.h"
#include "report/result.h"
#include "report/result_op.h"

static bool has_name(const json_t *list, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (strcmp(json_string_value(item), name) == 0)
			return true;
	return false;
}

/* ------------------------------------------------------------------ findings */

static void make_id(const struct crash__then_findings *findings, const struct crash__injection *injection,
		    const char *cause, char id[12])
{
	const struct crash__event *event = findings->recording->fs.steps[injection->step].event;
	char *signature = crash__callsite_signature(findings->callsites, event);

	crash__cause_id(id, "then/%s/%d/%s/%s", cause, injection->sticky,
			injection->fault == CRASH__FAULT_SHORT ? "short" : "error",
			signature ? signature : "");
	free(signature);
}

/* The op that failed stands before those that the cause names. */
static void add_op(const struct crash__then_findings *findings, const struct crash__injection *injection,
		   json_t *finding)
{
	const struct crash__fs *fs = &findings->recording->fs;
	char *text = crash__callsite_text(findings->callsites, fs->steps[injection->step].event);

	json_array_insert_new(json_object_get(finding, "ops"), 0,
			      crash__result_op(findings->callsites, fs, "failed", injection->step, text));
	free(text);
}

static json_t *sentence_of(const struct crash__then_findings *findings,
			   const struct crash__injection *injection, const json_t *finding)
{
	char *phrase = crash__op_phrase(findings->callsites, &findings->recording->fs, injection->step);
	json_t *place = crash__json_string(phrase), *sentence;
	bool cut = injection->fault == CRASH__FAULT_SHORT;

	sentence = json_sprintf("where %s %s%s%s, and power is lost later: %s", json_string_value(place),
				cut ? "writes only a part" : "fails with ",
				cut ? "" : crash__faults[injection->fault].name,
				injection->sticky ? ", and so does all that comes after it" : "",
				crash__report_text(finding, "sentence"));
	json_decref(place);
	free(phrase);
	return sentence;
}

static void make_finding(struct crash__then_findings *findings, const struct crash__injection *injection,
			 const char *id, json_t *finding)
{
	add_op(findings, injection, finding);
	json_object_set_new(finding, "id", json_string(id));
	json_object_set_new(finding, "sentence", sentence_of(findings, injection, finding));
	json_object_set_new(finding, "replay", crash__faults_again(findings->settings, injection->name));
	json_object_set_new(finding, "state", json_string(injection->name));
	json_object_set_new(finding, "errors", json_array());
	json_object_set_new(finding, "faults", json_array());
	json_object_set_new(finding, "sticky", json_boolean(injection->sticky));
	json_array_append(findings->list, finding);
}

static void take_finding(struct crash__then_findings *findings, const struct crash__injection *injection,
			 json_t *finding)
{
	json_t *known;
	char id[12];

	if (!injection) {
		json_array_append(findings->plain, json_object_get(finding, "id"));
		json_object_set_new(finding, "replay", crash__faults_again(findings->settings, NULL));
		json_array_append(findings->list, finding);
		return;
	}
	if (has_name(findings->plain, crash__report_text(finding, "id")))
		return;
	make_id(findings, injection, crash__report_text(finding, "id"), id);
	known = crash__report_find_id(findings->list, id);
	if (!known) {
		make_finding(findings, injection, id, finding);
		known = finding;
	}
	json_array_append_new(json_object_get(known, "faults"), json_string(injection->name));
	if (!has_name(json_object_get(known, "errors"), crash__faults[injection->fault].name))
		json_array_append_new(json_object_get(known, "errors"),
				      json_string(crash__faults[injection->fault].name));
	json_object_set_new(known, "states",
			    json_integer((json_int_t)json_array_size(json_object_get(known, "faults"))));
}

/* ------------------------------------------------------------------ what was missed */

static int take_reasons(struct crash__recording *recording, const struct crash__exploration *exploration)
{
	int error = 0;

	for (size_t i = 0; i < exploration->recording.incomplete_count && error == 0; i++)
		if (!crash__fault_is_consequence(exploration->recording.incomplete[i]))
			error = crash__recording_incomplete(recording, "of power losses after a fault: %s",
							    exploration->recording.incomplete[i]);
	return error;
}

int crash__then_findings_take(void *context, const struct crash__injection *injection,
			      struct crash__exploration *exploration)
{
	struct crash__then_findings *findings = context;
	json_t *result = crash__result_make(exploration, json_object(), NULL), *finding;
	size_t i;

	json_array_foreach(json_object_get(result, "findings"), i, finding)
		take_finding(findings, injection, finding);
	json_decref(result);
	if (exploration->engine->final->kind != CRASH__VERDICT_PASSED &&
	    crash__recording_incomplete(findings->recording,
					"of power losses after a fault: the checker does not accept what %s "
					"leaves, which it did before",
					injection ? injection->name : "the run without one") < 0)
		return CRASH_ENOMEM;
	return take_reasons(findings->recording, exploration);
}

int crash__then_note_missed(const struct crash__then_crash *then, struct crash__recording *recording)
{
	int error = 0;

	if (then->cut_short)
		error = crash__recording_incomplete(
			recording,
			"power losses were explored after %llu of %llu faults, and not all of them",
			(unsigned long long)then->done, (unsigned long long)then->wanted);
	if (error == 0 && then->not_met)
		error = crash__recording_incomplete(
			recording,
			"power losses were not explored after %llu faults, as the run went another way "
			"than the recording",
			(unsigned long long)then->not_met);
	return error;
}

void crash__then_findings_add(struct crash__then_findings *findings, const struct crash__then_crash *then,
			      json_t *result)
{
	json_t *summary = json_object_get(result, "summary"), *numbers = json_object_get(summary, "faults"),
	       *all = json_object_get(result, "findings");

	json_array_extend(all, findings->list);
	json_object_set_new(summary, "findings", json_integer((json_int_t)json_array_size(all)));
	json_object_set_new(numbers, "then_crash",
			    json_pack("{s:I, s:I, s:I, s:I}", "faults", (json_int_t)then->wanted, "explored",
				      (json_int_t)then->done, "states", (json_int_t)then->states, "failed",
				      (json_int_t)then->failed));
	json_decref(findings->list);
	json_decref(findings->plain);
}
