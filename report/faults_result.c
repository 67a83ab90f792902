/* SPDX-License-Identifier: MIT */
/*
 * Method. A finding is a call site and what comes of it when its call fails: all errors of it that do the
 * same are one. A short write is another mistake than an error. A failure that stays is one of its own only
 * where failing once does not lead to the same: at that op, or at a later one, which has failed then, too.
 */
#include "report/faults_result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"
#include "base/shell_word.h"
#include "common/names.h"
#include "explore/findings/cause.h"
#include "explore/phrases/op_phrase.h"
#include "report/report.h"
#include "report/result.h"
#include "report/result_op.h"

struct maker {
	const struct crash__fault_sweep *sweep;
	const struct crash__recording *recording;
	struct crash__callsites *callsites;
	json_t *settings, *findings;
};

static const struct crash__injection *injection_of(const struct maker *maker, size_t number)
{
	return &maker->sweep->injections->list[number];
}

static const struct crash__fault_outcome *outcome_of(const struct maker *maker, size_t number)
{
	return &maker->sweep->outcomes[number];
}

/* ------------------------------------------------------------------ findings */

/* How the program, or the checker, puts it. Allocated. */
static char *effect_of(const struct crash__fault_outcome *outcome)
{
	int signal = outcome->signal ? outcome->signal : outcome->exit_code - 128;
	const char *name = signal > 0 ? crash__signal_name(signal) : NULL;
	char *text = NULL;
	int length = 0;

	switch (outcome->kind) {
	case CRASH__FAULT_CRASHED:
		length = asprintf(&text, "the program is ended by signal %d%s%s", signal, name ? ", SIG" : "",
				  name ? name : "");
		break;
	case CRASH__FAULT_HUNG:
		return strdup("the program does not end");
	case CRASH__FAULT_IGNORED:
		return strdup("the program does not notice: it goes on as if nothing had happened, and "
			      "succeeds");
	default:
		return strdup(crash__verdict_clause(outcome->verdict));
	}
	return length < 0 ? NULL : text;
}

/* "EIO, ENOSPC" */
static void print_errors(FILE *stream, const json_t *errors)
{
	const json_t *name;
	size_t i;

	json_array_foreach(errors, i, name)
		fprintf(stream, "%s%s", i ? ", " : "", json_string_value(name));
}

json_t *crash__fault_sentence(const json_t *finding)
{
	const json_t *errors = json_object_get(finding, "errors");
	bool cut = strcmp(json_string_value(json_array_get(errors, 0)), "SHORT") == 0,
	     sticky = json_is_true(json_object_get(finding, "sticky"));
	json_t *sentence;
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return json_null();
	fprintf(stream, "where %s ", json_string_value(json_object_get(finding, "place")));
	if (cut) {
		fputs(sticky ? "writes only a part, and after that there is no space" : "writes only a part",
		      stream);
	} else {
		fputs("fails with ", stream);
		print_errors(stream, errors);
		fputs(sticky ? ", and so does all that comes after it" : "", stream);
	}
	fprintf(stream, ", %s", json_string_value(json_object_get(finding, "effect")));
	fclose(stream);
	sentence = json_string(text); /* its parts are strings of JSON */
	free(text);
	return sentence;
}

json_t *crash__faults_again(const json_t *settings, const char *fault)
{
	const json_t *again = json_object_get(settings, "again");
	char *word = fault ? crash__shell_word(fault) : NULL;
	json_t *line =
		json_sprintf("%s%s%s%s", json_string_value(json_array_get(again, 0)), word ? " --only " : "",
			     word ? word : "", json_string_value(json_array_get(again, 1)));

	free(word);
	return line;
}

static void make_id(const struct maker *maker, const struct crash__injection *injection,
		    const struct crash__fault_outcome *outcome, char id[12])
{
	const struct crash__event *event = maker->recording->fs.steps[injection->step].event;
	char *signature = crash__callsite_signature(maker->callsites, event);

	crash__cause_id(
		id, "fault/%s/%s/%s/%s/%s", crash__fault_kind_name(outcome->kind),
		outcome->kind == CRASH__FAULT_INCONSISTENT ? crash__cause_class(outcome->verdict) : "",
		injection->sticky ? "sticky" : "once",
		injection->fault == CRASH__FAULT_SHORT ? "short" : "error", signature ? signature : "");
	free(signature);
}

static json_t *finding_json(const struct maker *maker, const char *id, size_t number)
{
	const struct crash__injection *injection = injection_of(maker, number);
	const struct crash__fault_outcome *outcome = outcome_of(maker, number);
	const struct crash__fs *fs = &maker->recording->fs;
	const struct crash__event *event = fs->steps[injection->step].event;
	char *text = crash__callsite_text(maker->callsites, event), *effect = effect_of(outcome),
	     *place = crash__op_phrase(maker->callsites, fs, injection->step);
	json_t *finding = json_pack(
		"{s:s, s:s, s:s, s:[o], s:[], s:[], s:[], s:n, s:n, s:I, s:o, s:s, s:o, s:o, s:o, s:b, s:[], "
		"s:[], s:b, s:o, s:o, s:b}",
		"id", id, "kind", crash__fault_kind_name(outcome->kind), "scope", "fault", "ops",
		crash__result_op(maker->callsites, fs, "failed", injection->step, text), "files", "models",
		"models_not", "repair", "advice", "states", (json_int_t)0, "point",
		crash__json_string(injection->name), "state", injection->name, "replay",
		crash__faults_again(maker->settings, injection->name), "output",
		crash__json_string(outcome->output), "said", crash__json_string(outcome->said), "accepted", 0,
		"errors", "faults", "sticky", (int)injection->sticky, "place", crash__json_string(place),
		"effect", crash__json_string(effect), "strayed", (int)outcome->strayed);

	crash__result_ops_original(finding, maker->recording->top);
	free(text);
	free(effect);
	free(place);
	return finding;
}

static void add_once(json_t *list, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (strcmp(json_string_value(item), name) == 0)
			return;
	json_array_append_new(list, json_string(name));
}

/* One more fault that leads to it. */
static void add_fault(json_t *finding, const struct crash__injection *injection)
{
	json_array_append_new(json_object_get(finding, "faults"), json_string(injection->name));
	json_object_set_new(finding, "states",
			    json_integer((json_int_t)json_array_size(json_object_get(finding, "faults"))));
	add_once(json_object_get(finding, "errors"), crash__faults[injection->fault].name);
}

static void add_single(struct maker *maker, size_t number)
{
	char id[12];
	json_t *finding;

	make_id(maker, injection_of(maker, number), outcome_of(maker, number), id);
	finding = crash__report_find_id(maker->findings, id);
	if (!finding) {
		finding = finding_json(maker, id, number);
		json_array_append_new(maker->findings, finding);
	}
	add_fault(finding, injection_of(maker, number));
}

/* Whether a failure that stays makes calls fail in that way, too: a short write that stays is a full disk. */
static bool has_way(const struct crash__injection *sticky, const struct crash__injection *single)
{
	return single->fault == sticky->fault ||
	       (sticky->fault == CRASH__FAULT_SHORT && single->fault == CRASH__FAULT_ENOSPC);
}

/* The first fault from an op on that does the same when it happens once; SIZE_MAX: none. */
static size_t once_does(const struct maker *maker, size_t number)
{
	const struct crash__injection *sticky = injection_of(maker, number);
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < maker->sweep->injections->list_count; i++) {
		const struct crash__injection *single = injection_of(maker, i);

		if (!single->sticky && has_way(sticky, single) && single->step >= sticky->step &&
		    outcome_of(maker, i)->kind == outcome_of(maker, number)->kind &&
		    (best == SIZE_MAX || single->step < injection_of(maker, best)->step))
			best = i;
	}
	return best;
}

static void add_sticky(struct maker *maker, size_t number)
{
	size_t single = once_does(maker, number);
	char id[12];

	if (single == SIZE_MAX) {
		add_single(maker, number);
		return;
	}
	make_id(maker, injection_of(maker, single), outcome_of(maker, single), id);
	json_array_append_new(json_object_get(crash__report_find_id(maker->findings, id), "faults"),
			      json_string(injection_of(maker, number)->name));
}

static void find_findings(struct maker *maker)
{
	size_t count = maker->sweep->injections->list_count, i;
	json_t *finding;

	for (int sticky = 0; sticky < 2; sticky++)
		for (i = 0; i < count; i++) {
			if (injection_of(maker, i)->sticky != sticky ||
			    !crash__fault_is_found(outcome_of(maker, i)->kind))
				continue;
			if (sticky)
				add_sticky(maker, i);
			else
				add_single(maker, i);
		}
	json_array_foreach(maker->findings, i, finding) {
		json_object_set_new(
			finding, "states",
			json_integer((json_int_t)json_array_size(json_object_get(finding, "faults"))));
		json_object_set_new(finding, "sentence", crash__fault_sentence(finding));
	}
}

/* ------------------------------------------------------------------ numbers */

struct counts {
	uint64_t all, run;
};

static struct counts count_way(const struct crash__fault_sweep *sweep, int fault, bool sticky)
{
	struct counts counts = {0};

	for (size_t i = 0; i < sweep->injections->list_count; i++) {
		const struct crash__injection *injection = &sweep->injections->list[i];

		if ((int)injection->fault != fault || injection->sticky != sticky ||
		    !crash__fault_is_mine(sweep, injection))
			continue;
		counts.all++;
		counts.run += sweep->outcomes[i].kind >= CRASH__FAULT_GOOD;
	}
	return counts;
}

static json_t *tiers_json(const struct crash__fault_sweep *sweep)
{
	json_t *list = json_array();

	for (int way = 0; way < 2 * CRASH__FAULTS; way++) {
		bool sticky = way >= CRASH__FAULTS;
		struct counts counts = count_way(sweep, way % CRASH__FAULTS, sticky);

		if (counts.all == 0)
			continue;
		json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:b, s:b, s:s}",
						      "model", crash__faults[way % CRASH__FAULTS].name,
						      "tier", sticky ? "sticky" : "once", "started",
						      (int)(counts.run > 0), "named", (json_int_t)counts.all,
						      "new", (json_int_t)counts.all, "checked",
						      (json_int_t)counts.run, "exhaustive",
						      (int)(counts.run == counts.all), "counted", 1, "proves",
						      sticky ? "from each op on, all that can fail so did" :
							       "each op that can fail so did once"));
	}
	return list;
}

/* Of the call sites and ways. */
static uint64_t classes_seen(const struct crash__fault_sweep *sweep)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < sweep->injections->list_count; i++)
		seen += sweep->injections->list[i].rank == 0 && sweep->outcomes[i].kind >= CRASH__FAULT_GOOD;
	return seen;
}

static uint64_t ops_of(const struct crash__fault_sweep *sweep, size_t steps)
{
	bool *seen = calloc(steps + 1, sizeof *seen);
	uint64_t count = 0;

	for (size_t i = 0; seen && i < sweep->injections->list_count; i++) {
		count += !seen[sweep->injections->list[i].step];
		seen[sweep->injections->list[i].step] = true;
	}
	free(seen);
	return count;
}

struct tally {
	uint64_t run, found, not_met, strayed, flaky, missed, aborted;
	uint64_t runs, ns, checker_ns; /* with the one that has no fault */
};

static struct tally tally_of(const struct crash__fault_sweep *sweep)
{
	struct tally tally = {.runs = sweep->control.runs,
			      .ns = sweep->control.ns,
			      .checker_ns = sweep->control.checker_ns};

	for (size_t i = 0; i < sweep->injections->list_count; i++) {
		const struct crash__fault_outcome *outcome = &sweep->outcomes[i];

		tally.run += outcome->kind >= CRASH__FAULT_GOOD;
		tally.found += crash__fault_is_found(outcome->kind);
		tally.not_met += outcome->kind == CRASH__FAULT_NOT_MET;
		tally.strayed += outcome->kind >= CRASH__FAULT_GOOD && outcome->strayed;
		tally.flaky += outcome->flaky;
		tally.aborted += outcome->kind == CRASH__FAULT_ABORTED;
		tally.runs += outcome->runs;
		tally.ns += outcome->ns;
		tally.checker_ns += outcome->checker_ns;
	}
	return tally;
}

/* ------------------------------------------------------------------ what was missed */

/* The first fault for which something is so. */
static const char *first_name(const struct crash__fault_sweep *sweep,
			      bool (*is)(const struct crash__fault_outcome *outcome))
{
	for (size_t i = 0; i < sweep->injections->list_count; i++)
		if (is(&sweep->outcomes[i]))
			return sweep->injections->list[i].name;
	return "?";
}

static bool is_not_met(const struct crash__fault_outcome *outcome)
{
	return outcome->kind == CRASH__FAULT_NOT_MET;
}

static bool is_flaky(const struct crash__fault_outcome *outcome)
{
	return outcome->flaky;
}

int crash__faults_note_missed(const struct crash__fault_sweep *sweep, struct crash__recording *recording)
{
	struct tally tally = tally_of(sweep);
	uint64_t left = sweep->mine - sweep->known - sweep->done;
	int error = 0;

	if (crash__verdict_failed(sweep->control.verdict)) /* which is said */
		return 0;
	if (sweep->injections->list_count == 0)
		error = crash__recording_incomplete(
			recording,
			"the program did nothing in %s that could fail in the ways that were "
			"asked for",
			recording->directory);
	if (left)
		error = crash__recording_incomplete(recording, "%s: %llu of %llu faults were not tried",
						    sweep->stopped ? "interrupted" : "the budget is spent",
						    (unsigned long long)left,
						    (unsigned long long)sweep->mine);
	if (error == 0 && tally.not_met)
		error = crash__recording_incomplete(
			recording,
			"%llu runs went another way than the recording and never came to the op that was to "
			"fail, the first: %s",
			(unsigned long long)tally.not_met, first_name(sweep, is_not_met));
	if (error == 0 && tally.flaky)
		error = crash__recording_incomplete(
			recording,
			"%llu faults led to a failure once and to none when they were tried "
			"again, the first: %s",
			(unsigned long long)tally.flaky, first_name(sweep, is_flaky));
	if (error == 0 && sweep->left_out)
		error = crash__recording_incomplete(
			recording,
			"%llu allocations were left out: of each call site the first eight are tried, and "
			"then the 16th, the 32nd and so on; --exhaustive tries all",
			(unsigned long long)sweep->left_out);
	for (size_t i = 0; i < sweep->injections->list_count && error == 0; i++)
		if (sweep->outcomes[i].missed)
			error = crash__recording_incomplete(recording, "in runs with a fault: %s",
							    sweep->outcomes[i].missed);
	return error;
}

/* ------------------------------------------------------------------ the whole */

static json_t *reasons_json(const struct crash__fault_sweep *sweep, const struct crash__recording *recording)
{
	json_t *reasons = crash__result_reasons(recording);

	if (crash__verdict_failed(sweep->control.verdict))
		json_array_append_new(
			reasons, json_sprintf("the checker does not accept what the program leaves without "
					      "any fault (%s): nothing else was run",
					      crash__verdict_name(sweep->control.verdict)));
	return reasons;
}

static json_t *summary_json(const struct maker *maker)
{
	const struct crash__fault_sweep *sweep = maker->sweep;
	const struct crash__recording *recording = maker->recording;
	bool good = sweep->control.verdict == CRASH__VERDICT_PASSED;
	struct tally tally = tally_of(sweep);

	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:I, s:f}, "
		"s:s, "
		"s:o, s:i, s:b, s:o, s:b, s:o, s:f, s:f, s:i, s:o}",
		"points", (json_int_t)ops_of(sweep, recording->fs.steps_count), "states",
		(json_int_t)sweep->mine, "distinct", (json_int_t)sweep->mine, "checked",
		(json_int_t)tally.run, "known_before", (json_int_t)sweep->known, "failed",
		(json_int_t)tally.found, "flaky", (json_int_t)tally.flaky, "findings",
		(json_int_t)json_array_size(maker->findings), "ops_outside",
		(json_int_t)recording->fs.ignored, "tiers", tiers_json(sweep), "faults", "classes",
		(json_int_t)sweep->injections->classes, "seen", (json_int_t)classes_seen(sweep), "not_met",
		(json_int_t)tally.not_met, "strayed", (json_int_t)tally.strayed, "all",
		(json_int_t)sweep->injections->list_count, "aborted", (json_int_t)tally.aborted, "left_out",
		(json_int_t)sweep->left_out, "runs", (json_int_t)tally.runs, "run_seconds",
		(double)tally.ns / 1e9, "final_state", crash__verdict_name(sweep->control.verdict),
		"final_output", crash__json_string(good ? NULL : sweep->control.output), "final_status",
		sweep->control.checker_status, "namespaces",
		(int)(recording->namespaces || recording->mounted), "why_no_namespaces",
		crash__json_string(recording->namespaces ? NULL : recording->why_no_namespaces), "complete",
		(int)(good && !recording->incomplete_count), "incomplete_reasons",
		reasons_json(sweep, recording), "seconds", (double)sweep->ns / 1e9, "checker_seconds",
		(double)tally.checker_ns / 1e9, "jobs", (int)sweep->jobs, "date", crash__result_date());
}

json_t *crash__faults_result(const struct crash__fault_sweep *sweep, const struct crash__recording *recording,
			     struct crash__callsites *callsites, json_t *settings)
{
	struct maker maker = {sweep, recording, callsites, settings, json_array()};

	if (!recording->base_changed)
		find_findings(&maker);
	return json_pack("{s:o, s:o, s:o}", "settings", settings, "findings", maker.findings, "summary",
			 summary_json(&maker));
}
