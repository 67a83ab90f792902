/* SPDX-License-Identifier: MIT */
/*
 * The results of shards as one. What all of them looked at counts once, what each did alone is added up.
 */
#include "report/result.h"

#include <assert.h>

static void add_numbers(json_t *into, json_t *from)
{
	static const char *const sums[] = {"checked", "failed", "flaky", "not_checkable", "known_before"};

	for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
		json_object_set_new(into, sums[i],
				    json_integer(json_integer_value(json_object_get(into, sums[i])) +
						 json_integer_value(json_object_get(from, sums[i]))));
	json_object_set_new(into, "checker_seconds",
			    json_real(json_number_value(json_object_get(into, "checker_seconds")) +
				      json_number_value(json_object_get(from, "checker_seconds"))));
}

static void add_reason(json_t *summary, json_t *reason)
{
	json_t *reasons = json_object_get(summary, "incomplete_reasons"), *known;
	size_t i;

	json_array_foreach(reasons, i, known)
		if (json_equal(known, reason))
			return;
	json_array_append(reasons, reason);
	json_object_set_new(summary, "complete", json_false());
}

static void add_finding(json_t *findings, json_t *finding)
{
	json_t *known;
	size_t i;

	json_array_foreach(findings, i, known)
		if (json_equal(json_object_get(known, "id"), json_object_get(finding, "id"))) {
			json_object_set_new(
				known, "states",
				json_integer(json_integer_value(json_object_get(known, "states")) +
					     json_integer_value(json_object_get(finding, "states"))));
			return;
		}
	json_array_append(findings, finding);
}

/* Whether each shard of the same number is there. */
static void check_shards(json_t *const *results, size_t count, json_t *summary)
{
	json_int_t shards =
		json_integer_value(json_object_get(json_object_get(results[0], "settings"), "shards"));

	for (json_int_t wanted = 1; wanted <= shards; wanted++) {
		bool found = false;

		for (size_t i = 0; i < count; i++) {
			json_t *settings = json_object_get(results[i], "settings");

			found |= json_integer_value(json_object_get(settings, "shard")) == wanted &&
				 json_integer_value(json_object_get(settings, "shards")) == shards;
		}
		if (!found) {
			json_t *reason = json_sprintf("the result of shard %d of %d is missing", (int)wanted,
						      (int)shards);

			add_reason(summary, reason);
			json_decref(reason);
		}
	}
}

json_t *crash__result_merge(json_t *const *results, size_t count)
{
	json_t *merged, *summary;

	assert(count);
	merged = json_deep_copy(results[0]);
	summary = json_object_get(merged, "summary");
	for (size_t i = 1; i < count; i++) {
		json_t *other = json_object_get(results[i], "summary"), *item;
		size_t at;

		add_numbers(summary, other);
		json_array_foreach(json_object_get(other, "incomplete_reasons"), at, item)
			add_reason(summary, item);
		json_array_foreach(json_object_get(results[i], "findings"), at, item)
			add_finding(json_object_get(merged, "findings"), item);
		if (json_number_value(json_object_get(other, "seconds")) >
		    json_number_value(json_object_get(summary, "seconds")))
			json_object_set(summary, "seconds", json_object_get(other, "seconds"));
	}
	json_object_set_new(summary, "other_shards", json_integer(0));
	json_object_set_new(summary, "findings",
			    json_integer((json_int_t)json_array_size(json_object_get(merged, "findings"))));
	check_shards(results, count, summary);
	return merged;
}
