/* SPDX-License-Identifier: MIT */
/*
 * Method. Each fault is one shard's, with all faults of its call site and error, and says by itself what came
 * of it. So numbers are added, and findings of one id are one, with the faults of all.
 */
#include "report/faults_merge.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "report/faults_result.h"
#include "report/report.h"

static const json_t *settings_of(const json_t *result)
{
	return json_object_get(result, "settings");
}

static long long number_in(const json_t *result, const char *key)
{
	return crash__report_number(settings_of(result), key);
}

/* ------------------------------------------------------------------ whether they belong together */

static int check(json_t *const *results, char *const *places, size_t count)
{
	const char *key = crash__report_text(settings_of(results[0]), "key");

	for (size_t i = 0; i < count; i++) {
		if (!crash__report_is_faults(results[i]) || !*key ||
		    strcmp(crash__report_text(settings_of(results[i]), "key"), key) != 0)
			return crash__fail(CRASH_EINVAL,
					   "%s and %s are not of the same faults and the same checker",
					   places[0], places[i]);
		if (number_in(results[i], "shards") != number_in(results[0], "shards"))
			return crash__fail(CRASH_EINVAL, "%s is one of %lld shards, and %s one of %lld",
					   places[0], number_in(results[0], "shards"), places[i],
					   number_in(results[i], "shards"));
		for (size_t before = 0; before < i; before++)
			if (number_in(results[i], "shard") == number_in(results[before], "shard"))
				return crash__fail(CRASH_EINVAL,
						   "%s and %s are both shard %lld of %lld; name each once",
						   places[before], places[i], number_in(results[i], "shard"),
						   number_in(results[i], "shards"));
	}
	return 0;
}

/* ------------------------------------------------------------------ findings */

static void add_once(json_t *list, json_t *item)
{
	json_t *known;
	size_t i;

	json_array_foreach(list, i, known)
		if (json_equal(known, item))
			return;
	json_array_append(list, item);
}

static void add_all(json_t *list, const json_t *more)
{
	json_t *item;
	size_t i;

	json_array_foreach(more, i, item)
		add_once(list, item);
}

static void add_finding(json_t *findings, json_t *finding)
{
	json_t *known = crash__report_find_id(findings, crash__report_text(finding, "id"));
	json_t *faults = json_object_get(known, "faults");

	if (!known) {
		json_array_append(findings, finding);
		return;
	}
	if (!faults) /* it needs none */
		return;
	add_all(faults, json_object_get(finding, "faults"));
	add_all(json_object_get(known, "errors"), json_object_get(finding, "errors"));
	json_object_set_new(known, "states", json_integer((json_int_t)json_array_size(faults)));
	if (json_object_get(known, "effect"))
		json_object_set_new(known, "sentence", crash__fault_sentence(known));
}

/* ------------------------------------------------------------------ numbers */

static void add_numbers(json_t *into, const json_t *from, const char *const *keys)
{
	for (; *keys; keys++)
		json_object_set_new(into, *keys,
				    json_integer(json_integer_value(json_object_get(into, *keys)) +
						 json_integer_value(json_object_get(from, *keys))));
}

static void add_seconds(json_t *into, const json_t *from, const char *key)
{
	json_object_set_new(into, key,
			    json_real(json_number_value(json_object_get(into, key)) +
				      json_number_value(json_object_get(from, key))));
}

static json_t *find_tier(const json_t *tiers, const json_t *tier)
{
	json_t *known;
	size_t i;

	json_array_foreach(tiers, i, known)
		if (strcmp(crash__report_text(known, "model"), crash__report_text(tier, "model")) == 0 &&
		    strcmp(crash__report_text(known, "tier"), crash__report_text(tier, "tier")) == 0)
			return known;
	return NULL;
}

static void add_tiers(json_t *tiers, const json_t *more)
{
	static const char *const keys[] = {"named", "new", "checked", NULL};
	json_t *tier, *known;
	size_t i;

	json_array_foreach(more, i, tier) {
		known = find_tier(tiers, tier);
		if (!known) {
			json_array_append(tiers, tier);
			continue;
		}
		add_numbers(known, tier, keys);
		json_object_set_new(known, "exhaustive",
				    json_boolean(crash__report_number(known, "checked") ==
						 crash__report_number(known, "new")));
		if (json_is_true(json_object_get(tier, "started")))
			json_object_set_new(known, "started", json_true());
	}
}

/* Where one of them was on copies, that is said. */
static void take_way(json_t *into, const json_t *from)
{
	static const char *const keys[] = {"namespaces", "why_no_namespaces"};
	bool elsewhere = !json_is_true(json_object_get(from, "namespaces"));

	if (!*crash__report_text(from, "why_no_namespaces") ||
	    (*crash__report_text(into, "why_no_namespaces") && !elsewhere))
		return;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		json_object_set(into, keys[i], json_object_get(from, keys[i]));
}

static void add_summary(json_t *into, const json_t *from)
{
	static const char *const keys[] = {"states", "distinct", "checked", "known_before",
					   "failed", "flaky",	 NULL};
	static const char *const of_faults[] = {"seen", "not_met", "strayed", "aborted", "runs", NULL};
	static const char *const of_losses[] = {"faults", "explored", "known_before",
						"states", "failed",   NULL};
	json_t *faults = json_object_get(into, "faults"), *more = json_object_get(from, "faults");

	add_numbers(into, from, keys);
	add_numbers(faults, more, of_faults);
	if (json_object_get(faults, "then_crash"))
		add_numbers(json_object_get(faults, "then_crash"), json_object_get(more, "then_crash"),
			    of_losses);
	add_tiers(json_object_get(into, "tiers"), json_object_get(from, "tiers"));
	add_all(json_object_get(into, "incomplete_reasons"), json_object_get(from, "incomplete_reasons"));
	take_way(into, from);
	add_seconds(into, from, "seconds");
	add_seconds(into, from, "checker_seconds");
	add_seconds(faults, more, "run_seconds");
	if (!json_is_true(json_object_get(from, "complete")))
		json_object_set_new(into, "complete", json_false());
	if (strcmp(crash__report_text(from, "final_state"), "passed") != 0)
		json_object_set(into, "final_state", json_object_get(from, "final_state"));
}

static void note_missing(json_t *merged, json_t *const *results, size_t count)
{
	json_t *summary = json_object_get(merged, "summary"),
	       *reasons = json_object_get(summary, "incomplete_reasons");
	long long shards = number_in(results[0], "shards");

	for (long long shard = 1; shard <= shards; shard++) {
		bool there = false;

		for (size_t i = 0; i < count; i++)
			there = there || number_in(results[i], "shard") == shard;
		if (there)
			continue;
		json_array_append_new(
			reasons, json_sprintf("the result of shard %lld of %lld is missing", shard, shards));
		json_object_set_new(summary, "complete", json_false());
	}
}

int crash__faults_merge(json_t *const *results, char *const *places, size_t count, json_t **out)
{
	int error = check(results, places, count);
	json_t *merged, *settings, *finding;
	size_t at;

	if (error < 0)
		return error;
	merged = json_deep_copy(results[0]);
	if (!merged)
		return crash__fail(CRASH_ENOMEM, "no memory for the result");
	for (size_t i = 1; i < count; i++) {
		add_summary(json_object_get(merged, "summary"), json_object_get(results[i], "summary"));
		json_array_foreach(json_object_get(results[i], "findings"), at, finding)
			add_finding(json_object_get(merged, "findings"), finding);
	}
	note_missing(merged, results, count);
	json_object_set_new(json_object_get(merged, "summary"), "findings",
			    json_integer((json_int_t)json_array_size(json_object_get(merged, "findings"))));
	settings = json_object_get(merged, "settings");
	json_object_set_new(settings, "shard", json_integer(1));
	json_object_set_new(settings, "shards", json_integer(1));
	*out = merged;
	return 0;
}
