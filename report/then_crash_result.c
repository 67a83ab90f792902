/* SPDX-License-Identifier: MIT */
/*
 * Method. A finding is a cause, as an exploration names it, and the call site whose failure leads to it. What
 * is found of the recording without a fault as well needs none: it is a finding of its own, once.
 */
#include "report/then_crash_result.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
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
	crash__result_ops_original(finding, findings->recording->top);
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

/* ------------------------------------------------------------------ what came of one fault */

/* NULL: no memory. */
static json_t *loss_of(const struct crash__exploration *exploration)
{
	const struct crash__recording *recording = &exploration->recording;
	struct crash__counts counts;
	json_t *result = crash__result_make(exploration, json_object(), NULL), *reasons = json_array(), *loss,
	       *finding;
	size_t at;

	json_array_foreach(json_object_get(result, "findings"), at, finding)
		crash__result_ops_original(finding, recording->top);
	for (size_t i = 0; i < recording->incomplete_count; i++)
		if (!crash__fault_is_consequence(recording->incomplete[i]))
			json_array_append_new(reasons, crash__json_string(recording->incomplete[i]));
	crash__engine_count(exploration->engine, &counts);
	loss = json_pack(
		"{s:O, s:I, s:I, s:b, s:o}", "findings", json_object_get(result, "findings"), "states",
		(json_int_t)exploration->engine->fresh, "failed", (json_int_t)counts.failed, "refused",
		(int)(exploration->engine->final->kind != CRASH__VERDICT_PASSED), "reasons", reasons);
	json_decref(result);
	return loss;
}

static int take_reasons(struct crash__recording *recording, const json_t *reasons)
{
	const json_t *reason;
	int error = 0;
	size_t i;

	json_array_foreach(reasons, i, reason)
		if (error == 0)
			error = crash__recording_incomplete(recording, "of power losses after a fault: %s",
							    json_string_value(reason));
	return error;
}

static int take_loss(struct crash__then_findings *findings, const struct crash__injection *injection,
		     const json_t *loss)
{
	json_t *list = json_deep_copy(json_object_get(loss, "findings")), *finding;
	size_t i;

	json_array_foreach(list, i, finding)
		take_finding(findings, injection, finding);
	json_decref(list);
	if (json_is_true(json_object_get(loss, "refused")) &&
	    crash__recording_incomplete(findings->recording,
					"of power losses after a fault: the checker does not accept what %s "
					"leaves, which it did before",
					injection ? injection->name : "the run without one") < 0)
		return CRASH_ENOMEM;
	return take_reasons(findings->recording, json_object_get(loss, "reasons"));
}

/* What was cut short is explored again; the verdicts are known then. */
static bool is_whole(const struct crash__engine *engine)
{
	return !engine->stopped && !engine->out_of_budget && !engine->cut_short;
}

int crash__then_findings_take(void *context, const struct crash__injection *injection,
			      struct crash__exploration *exploration)
{
	struct crash__then_findings *findings = context;
	json_t *loss = loss_of(exploration);
	int error = loss ? 0 : crash__fail(CRASH_ENOMEM, "no memory for power losses");

	if (error == 0 && findings->log && is_whole(exploration->engine) &&
	    !exploration->recording.base_changed)
		crash__fault_log_add_loss(findings->log, injection, loss);
	if (error == 0)
		error = take_loss(findings, injection, loss);
	json_decref(loss);
	return error;
}

bool crash__then_findings_know(void *context, const struct crash__injection *injection, uint64_t *states,
			       uint64_t *failed)
{
	struct crash__then_findings *findings = context;
	const json_t *loss = findings->log ? crash__fault_log_loss(findings->log, injection) : NULL;

	if (!loss || take_loss(findings, injection, loss) < 0)
		return false;
	*states = (uint64_t)json_integer_value(json_object_get(loss, "states"));
	*failed = (uint64_t)json_integer_value(json_object_get(loss, "failed"));
	return true;
}

int crash__then_findings_begin(void *context, const struct crash__explore_options *options,
			       struct crash__exploration *exploration)
{
	struct crash__then_findings *findings = context;

	return findings->log ? crash__fault_log_know(findings->log, options, exploration) : 0;
}

/* ------------------------------------------------------------------ what was missed */

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
			    json_pack("{s:I, s:I, s:I, s:I, s:I}", "faults", (json_int_t)then->wanted,
				      "explored", (json_int_t)then->done, "known_before",
				      (json_int_t)then->known_before, "states", (json_int_t)then->states,
				      "failed", (json_int_t)then->failed));
	json_decref(findings->list);
	json_decref(findings->plain);
}
