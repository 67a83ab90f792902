/* SPDX-License-Identifier: MIT */
/*
 * The results of shards as one.
 *
 * Method. What an exploration says follows from its recording, its settings and the verdicts. The shards have
 * the same recording and settings, which is looked at first, and each has a part of the verdicts. So the
 * exploration is done once more, with all of these verdicts and without any checker: its numbers, causes and
 * repairs are those of an exploration that was not divided. Nothing that a shard has counted is added up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_value.h"
#include "explore/recording/prepare_recording.h"
#include "explore/recording/recording_digest.h"
#include "report/identity.h"
#include "report/nested_merge.h"
#include "report/page/page.h"
#include "report/result.h"
#include "report/verdict_log.h"
#include "trace/reader.h"
#include "trace/starting_tree.h"

/* So many missing shards are said by their numbers. */
#define MOST_NAMED 20

struct shard {
	const char *place;
	json_t *result; /* result.json */
	const json_t *settings, *identity, *summary;
	long long number, of;
};

struct merge {
	struct shard *shards;
	size_t count;
	struct crash__exploration exploration;
	struct crash__model models[CRASH__MOST_MODELS];
	struct crash__explore_options options;
	char trace[PATH_MAX], key[CRASH__DIGEST_TEXT];
};

/* ------------------------------------------------------------------ reading them */

static int read_shard(const char *place, struct shard *shard)
{
	json_t *settings = NULL;
	bool same;
	int error = crash__result_read(place, "result.json", &shard->result);

	if (error < 0)
		return error;
	shard->place = place;
	shard->settings = json_object_get(shard->result, "settings");
	shard->summary = json_object_get(shard->result, "summary");
	shard->identity = json_object_get(shard->settings, "identity");
	shard->number = json_integer_value(json_object_get(shard->settings, "shard"));
	shard->of = json_integer_value(json_object_get(shard->settings, "shards"));
	if (!json_is_object(shard->identity))
		return crash__fail(
			CRASH_EINVAL,
			"%s does not say what it is a result of: an earlier version, lint or --rerun made "
			"it, and it cannot be merged",
			place);
	error = crash__result_read(place, "settings.json", &settings);
	if (error < 0)
		return error;
	same = json_equal(settings, shard->settings);
	json_decref(settings);
	if (!same)
		return crash__fail(CRASH_EINVAL,
				   "%s: settings.json and result.json are not of the same exploration",
				   place);
	if (shard->of < 1 || shard->number < 1 || shard->number > shard->of)
		return crash__fail(CRASH_EINVAL, "%s is shard %lld of %lld, which cannot be", place,
				   shard->number, shard->of);
	return 0;
}

/* ------------------------------------------------------------------ whether they belong together */

/* The first op that two recordings differ in, if their traces are there; to be released. */
static char *first_difference(const struct shard *one, const struct shard *other)
{
	struct crash__trace traces[2];
	char path[PATH_MAX], roots[2][PATH_MAX], *text = NULL;
	const struct shard *both[2] = {one, other};
	int opened = 0, good = 0;

	while (opened < 2) {
		snprintf(path, sizeof path, "%.4000s/trace", both[opened]->place);
		if (crash__trace_open(path, &traces[opened]) < 0)
			break;
		good += crash__tree_root(&traces[opened], roots[opened]) == 0;
		opened++;
	}
	if (good == 2)
		text = crash__trace_difference(&traces[0], roots[0], &traces[1], roots[1]);
	while (opened)
		crash__trace_close(&traces[--opened]);
	return text;
}

static int refuse_other(const struct shard *first, const struct shard *shard, char *difference)
{
	char *op = strstr(difference, "another recording") ? first_difference(first, shard) : NULL;
	int error;

	if (strstr(difference, "another recording"))
		error = crash__fail(CRASH_EINVAL,
				    "%s is of another recording than %s%s%s; record once, with crashinject "
				    "record, and explore that trace in each shard",
				    shard->place, first->place, op ? ": " : "", op ? op : "");
	else
		error = crash__fail(CRASH_EINVAL,
				    "%s and %s cannot be merged: of %s, %s; explore it again like the "
				    "others",
				    first->place, shard->place, shard->place, difference);
	free(op);
	free(difference);
	return error;
}

static unsigned int depth_of(const struct shard *shard)
{
	return (unsigned int)json_integer_value(json_object_get(shard->settings, "depth"));
}

/* Crashes inside recovery: the identity of an exploration does not say how deep they were looked for. */
static int check_depth(const struct shard *first, const struct shard *shard)
{
	static const char program[] = "program";

	if (depth_of(first) != depth_of(shard))
		return crash__fail(CRASH_EINVAL,
				   "%s and %s cannot be merged: they were explored with another --depth",
				   first->place, shard->place);
	if (depth_of(first) > 1 && json_is_null(json_object_get(first->settings, "recover")) &&
	    !json_equal(json_object_get(first->settings, program), json_object_get(shard->settings, program)))
		return crash__fail(CRASH_EINVAL,
				   "%s and %s cannot be merged: the program, which is its own recovery, is "
				   "another one",
				   first->place, shard->place);
	return 0;
}

static int check_shards(const struct merge *merge)
{
	const struct shard *first = &merge->shards[0];

	for (size_t i = 1; i < merge->count; i++) {
		const struct shard *shard = &merge->shards[i];
		char *difference = crash__identity_difference(shard->identity, first->identity,
							      CRASH__IDENTITY_OF_RESULT);

		if (difference)
			return refuse_other(first, shard, difference);
		if (check_depth(first, shard) < 0)
			return CRASH_EINVAL;
		if (shard->of != first->of)
			return crash__fail(CRASH_EINVAL,
					   "%s is shard %lld of %lld, and %s is shard %lld of %lld: they "
					   "are "
					   "parts of different divisions",
					   first->place, first->number, first->of, shard->place,
					   shard->number, shard->of);
		for (size_t before = 0; before < i; before++)
			if (merge->shards[before].number == shard->number)
				return crash__fail(CRASH_EINVAL,
						   "%s and %s are both shard %lld of %lld; name each "
						   "once",
						   merge->shards[before].place, shard->place, shard->number,
						   shard->of);
	}
	return 0;
}

/* ------------------------------------------------------------------ doing it once more */

static int prepare(struct merge *merge)
{
	const struct shard *first = &merge->shards[0];
	struct crash__explore_options *options = &merge->options;
	char digest[CRASH__DIGEST_TEXT], why[512];
	const json_t *checker;
	const char *wanted;
	int error;

	snprintf(merge->trace, sizeof merge->trace, "%.4000s/trace", first->place);
	options->recording.trace_path = merge->trace;
	options->recording.passive = true;
	options->models = merge->models;
	options->engine.tiers = crash__identity_tiers(first->identity);
	options->engine.tier_options.seed =
		(uint64_t)json_integer_value(json_object_get(first->identity, "seed"));
	options->engine.tier_options.samples =
		(uint64_t)json_integer_value(json_object_get(first->identity, "samples"));
	options->engine.jobs = 1;
	options->engine.shard = options->engine.shards = 1;
	checker = json_object_get(first->identity, "checker");
	options->engine.acks_matter = json_is_string(json_object_get(checker, "check")) ||
				      json_is_string(json_object_get(checker, "check_server"));
	options->engine.passive = true;
	error = crash__identity_models(first->identity, merge->models, &options->model_count);
	if (error == 0)
		error = crash__recording_prepare(&options->recording, &merge->exploration.recording);
	if (error < 0) {
		snprintf(why, sizeof why, "%s", crash_error_detail());
		return crash__fail(error, "%s: %s", merge->trace, why);
	}
	if (error == 0)
		error = crash__recording_digest(&merge->exploration.recording.fs, true, NULL, digest);
	wanted = json_string_value(json_object_get(json_object_get(first->identity, "recording"), "digest"));
	if (error == 0 && (!wanted || strcmp(digest, wanted) != 0))
		error = crash__fail(CRASH_EINVAL, "%s is not the recording that %s is of", merge->trace,
				    first->place);
	return error < 0 ? error : crash__explore_start(options, &merge->exploration);
}

static int know_all(struct merge *merge)
{
	struct crash__recording *recording = &merge->exploration.recording;
	int error = 0;

	crash__identity_key(merge->shards[0].identity, merge->key);
	for (size_t i = 0; i < merge->count && error == 0; i++) {
		struct crash__kept_lines read;
		const char *place = merge->shards[i].place;

		error = crash__verdicts_know(place, merge->key, merge->exploration.engine, &read);
		if (error == 0 && read.damaged)
			error = crash__recording_incomplete(
				recording,
				"%s/verdicts is damaged, or of another exploration, from line %llu "
				"on",
				place, (unsigned long long)read.damaged);
	}
	return error;
}

/* ------------------------------------------------------------------ what is missing */

static int note_missing(struct merge *merge)
{
	struct crash__recording *recording = &merge->exploration.recording;
	long long of = merge->shards[0].of, missing = of - (long long)merge->count, named = 0;
	int error = 0;

	for (long long wanted = 1; named < missing && named < MOST_NAMED && error == 0; wanted++) {
		bool found = false;

		for (size_t i = 0; i < merge->count; i++)
			found |= merge->shards[i].number == wanted;
		if (found)
			continue;
		named++;
		error = crash__recording_incomplete(recording, "the result of shard %lld of %lld is missing",
						    wanted, of);
	}
	if (error == 0 && named < missing)
		error = crash__recording_incomplete(recording, "and those of %lld more", missing - named);
	return error;
}

static bool has_reason(const json_t *list, const json_t *reason)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (json_equal(item, reason))
			return true;
	return false;
}

/*
 * Why a shard was not complete. What it says of the recording holds for all. The rest explains verdicts that
 * are missing: where none is, it was only said of the shard.
 */
static int note_reasons(struct merge *merge, const struct shard *shard)
{
	struct crash__engine *engine = merge->exploration.engine;
	const json_t *recorded = json_object_get(shard->settings, "recording_incomplete"), *reason;
	bool missing = engine->unknown_states || engine->unknown_probes ||
		       engine->final->kind == CRASH__VERDICT_NONE;
	size_t i;
	int error = 0;

	if (json_is_true(json_object_get(shard->summary, "checker_is_blind")))
		error = crash__explore_note_blind(&merge->exploration.recording);
	json_array_foreach(json_object_get(shard->summary, "incomplete_reasons"), i, reason) {
		json_t *bytes = json_deep_copy(reason);

		crash__json_to_bytes(bytes);
		if (error == 0 && has_reason(recorded, reason))
			error = crash__recording_incomplete(&merge->exploration.recording, "%s",
							    json_string_value(bytes));
		else if (error == 0 && missing)
			error = crash__recording_incomplete(&merge->exploration.recording,
							    "shard %lld of %lld: %s", shard->number,
							    shard->of, json_string_value(bytes));
		json_decref(bytes);
	}
	return error;
}

/* ------------------------------------------------------------------ the result */

static void set_sum(struct merge *merge, json_t *summary, const char *name)
{
	json_int_t sum = 0;

	for (size_t i = 0; i < merge->count; i++)
		sum += json_integer_value(json_object_get(merge->shards[i].summary, name));
	json_object_set_new(summary, name, json_integer(sum));
}

/* The least or the greatest number of the shards; those that have none do not count. */
static void set_bound(struct merge *merge, json_t *summary, const char *name, int sign)
{
	const json_t *best = NULL;

	for (size_t i = 0; i < merge->count; i++) {
		const json_t *value = json_object_get(merge->shards[i].summary, name);

		if (json_is_number(value) &&
		    (!best || sign * (json_number_value(value) - json_number_value(best)) > 0))
			best = value;
	}
	json_object_set_new(summary, name, best ? json_deep_copy(best) : json_null());
}

/* What it took the shards; and where a state was at another place in one of them, that is said. */
static void add_costs(struct merge *merge, json_t *summary)
{
	static const char *const places[] = {"namespaces", "why_no_namespaces", "directory_missing"},
				 *const looks[] = {"checker_is_blind", "not_looked_at"};
	const struct shard *shown = &merge->shards[0];

	for (size_t i = 0; i < merge->count; i++)
		if (!json_is_true(json_object_get(merge->shards[i].summary, "namespaces")))
			shown = &merge->shards[i];
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		json_object_set(summary, places[i], json_object_get(shown->summary, places[i]));
	for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
		json_object_set(summary, looks[i], json_object_get(merge->shards[0].summary, looks[i]));
	set_bound(merge, summary, "seconds", 1);
	set_bound(merge, summary, "first_failure_seconds", -1);
	set_bound(merge, summary, "peak_memory_bytes", 1);
	set_bound(merge, summary, "trace_bytes", 1);
	set_bound(merge, summary, "jobs", 1);
	set_sum(merge, summary, "not_checkable");
	set_sum(merge, summary, "equal_after_recovery");
	json_object_set_new(summary, "known_before", json_integer(0));
	json_object_set_new(summary, "checks_for_causes", json_null());
}

static int merge_nested(struct merge *merge, struct crash__nested_sum *sum)
{
	struct crash__nested_shard *shards;
	int error;

	if (depth_of(&merge->shards[0]) < 2)
		return 0;
	shards = calloc(merge->count, sizeof *shards);
	if (!shards)
		return crash__fail(CRASH_ENOMEM, "no memory for the results");
	for (size_t i = 0; i < merge->count; i++)
		shards[i] = (struct crash__nested_shard){merge->shards[i].result, merge->shards[i].place};
	error = crash__nested_merge(&merge->exploration, shards, merge->count, sum);
	free(shards);
	return error;
}

static int explore_again(struct merge *merge, json_t **merged)
{
	struct crash__nested_sum sum = {0};
	json_t *settings;
	int error = prepare(merge);

	if (error == 0)
		error = know_all(merge);
	if (error == 0)
		error = note_missing(merge);
	if (error == 0)
		error = crash__explore_run(&merge->exploration);
	for (size_t i = 0; i < merge->count && error == 0; i++)
		error = note_reasons(merge, &merge->shards[i]);
	if (error < 0)
		return error;
	error = merge_nested(merge, &sum);
	if (error < 0)
		return error;
	settings = json_deep_copy(merge->shards[0].settings);
	json_object_set_new(settings, "shard", json_integer(1));
	json_object_set_new(settings, "shards", json_integer(1));
	*merged = crash__result_make(&merge->exploration, settings, merge->shards[0].place);
	if (!*merged)
		return crash__fail(CRASH_ENOMEM, "no memory for the result");
	add_costs(merge, json_object_get(*merged, "summary"));
	crash__page_add(&merge->exploration, *merged);
	if (depth_of(&merge->shards[0]) > 1)
		crash__nested_result(*merged, &sum, depth_of(&merge->shards[0]));
	return 0;
}

int crash__result_merge(char *const *places, size_t count, json_t **merged)
{
	struct merge *merge = calloc(1, sizeof *merge);
	int error = 0;

	if (merge)
		merge->shards = calloc(count, sizeof *merge->shards);
	if (!merge || !merge->shards) {
		free(merge);
		return crash__fail(CRASH_ENOMEM, "no memory for the results");
	}
	for (; merge->count < count && error == 0; merge->count++)
		error = read_shard(places[merge->count], &merge->shards[merge->count]);
	if (error == 0)
		error = check_shards(merge);
	if (error == 0)
		error = explore_again(merge, merged);
	crash__explore_clear(&merge->exploration);
	while (merge->count)
		json_decref(merge->shards[--merge->count].result);
	free(merge->shards);
	free(merge);
	return error;
}
