/* SPDX-License-Identifier: MIT */
#include "report/nested_merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_value.h"
#include "explore/nested/chosen.h"
#include "report/report.h"

struct merging {
	struct crash__exploration *exploration;
	const struct crash__nested_shard *shards;
	size_t count;
	json_t *records; /* those of the states that are chosen, in their order */
	uint64_t missing;
};

static const json_t *find(const json_t *records, const json_t *from)
{
	const json_t *record;
	size_t i;

	json_array_foreach(records, i, record)
		if (json_equal(json_object_get(record, "from"), from))
			return record;
	return NULL;
}

/* Takes the record of a state from the first shard that has it. */
static void take(struct merging *merging, const json_t *from)
{
	for (size_t i = 0; i < merging->count; i++) {
		const json_t *record = find(json_object_get(merging->shards[i].result, "recoveries"), from);
		json_t *own = record ? json_deep_copy(record) : NULL;

		if (!own)
			continue;
		json_object_set_new(own, "place", crash__json_string(merging->shards[i].place));
		json_array_append_new(merging->records, own);
		return;
	}
	merging->missing++;
}

static int take_chosen(struct merging *merging)
{
	struct crash__engine *engine = merging->exploration->engine;
	struct crash__chosen chosen = {0};
	int error = crash__nested_choose(engine, &chosen);

	for (size_t i = 0; i < chosen.list_count && error == 0; i++) {
		const struct crash__entry *entry = chosen.list[i];
		char *name = crash__engine_state_name(engine, entry->model, &entry->state);
		json_t *from = crash__json_string(name);

		if (!name || !from)
			error = crash__fail(CRASH_ENOMEM, "no memory for a state");
		else
			take(merging, from);
		json_decref(from);
		free(name);
	}
	free(chosen.list);
	return error;
}

/* A shard that lacked verdicts has taken others: what it has found is not lost. */
static void take_others(struct merging *merging)
{
	for (size_t i = 0; i < merging->count; i++) {
		const json_t *record;
		size_t at;

		json_array_foreach(json_object_get(merging->shards[i].result, "recoveries"), at, record)
			if (!find(merging->records, json_object_get(record, "from")))
				take(merging, json_object_get(record, "from"));
	}
}

static int note_reasons(struct merging *merging, const struct crash__nested_sum *sum)
{
	struct crash__recording *recording = &merging->exploration->recording;
	const struct crash__nested_counts *counts = &sum->counts;
	json_t *reason;
	char *missing;
	size_t i;
	int error = 0;

	json_array_foreach(sum->reasons, i, reason) {
		json_t *bytes = json_deep_copy(reason);

		crash__json_to_bytes(bytes);
		if (error == 0)
			error = crash__recording_incomplete(recording, "%s", json_string_value(bytes));
		json_decref(bytes);
	}
	if (error < 0 || (!merging->missing && !sum->cut &&
			  counts->explored + counts->same + counts->idle == counts->states))
		return error;
	missing = crash__nested_missing(counts, sum->cut);
	error = missing ? crash__recording_incomplete(recording, "%s", missing) :
			  crash__fail(CRASH_ENOMEM, "no memory for a reason");
	free(missing);
	return error;
}

int crash__nested_merge(struct crash__exploration *exploration, const struct crash__nested_shard *shards,
			size_t count, struct crash__nested_sum *sum)
{
	struct merging merging = {
		.exploration = exploration, .shards = shards, .count = count, .records = json_array()};
	const struct crash__entry *final = exploration->engine->final;
	int error = 0;

	if (!merging.records)
		return crash__fail(CRASH_ENOMEM, "no memory for the result");
	if (final && final->kind == CRASH__VERDICT_PASSED) {
		error = take_chosen(&merging);
		take_others(&merging);
	}
	if (error == 0)
		error = crash__nested_add_up(merging.records,
					     json_array_size(merging.records) + merging.missing,
					     shards[0].place, sum);
	if (error == 0)
		error = note_reasons(&merging, sum);
	json_decref(merging.records);
	return error;
}
