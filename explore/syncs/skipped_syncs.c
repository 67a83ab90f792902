/* SPDX-License-Identifier: MIT */
#include "explore/syncs/skipped_syncs.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "common/op_record.h"

/* ------------------------------------------------------------------ rules */

struct numbers {
	CRASH__VECTOR(uint64_t, list);
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int list_numbers(const struct crash__fs *fs, const struct crash__syncs *syncs, struct numbers *numbers,
			struct crash__skipped *skipped)
{
	for (size_t i = 0; i < syncs->sites_count; i++) {
		const struct crash__sync_site *site = &syncs->sites[i];

		bool saved = crash__sync_is_saved(site);
		const uint32_t *steps = saved ? site->steps : site->spare;
		size_t count = saved ? site->steps_count : site->spare_count;

		for (size_t at = 0; at < count; at++) {
			const struct crash__event *event = fs->steps[steps[at]].event;
			uint64_t number = site->implied ? event->sync_occurrence : event->occurrence;

			/* whoever waits for the end of a request has to see one */
			if (event->call == CRASH__CALL_io_submit || !number)
				skipped->left_out++;
			else if (!CRASH__ADD(numbers, list, number))
				return crash__fail(CRASH_ENOMEM, "no memory for rules");
		}
	}
	if (numbers->list_count)
		qsort(numbers->list, numbers->list_count, sizeof *numbers->list, by_number);
	return 0;
}

/* Numbers that follow each other are one rule. */
static void print_rules(const struct numbers *numbers, uint32_t most, struct crash__skipped *skipped,
			FILE *stream)
{
	uint32_t rules = 0;

	for (size_t i = 0; i < numbers->list_count;) {
		size_t last = i;

		while (last + 1 < numbers->list_count && numbers->list[last + 1] == numbers->list[last] + 1)
			last++;
		if (rules == most) {
			skipped->left_out += numbers->list_count - i;
			return;
		}
		fprintf(stream, "%sfsync#%llu..%llu:skip", rules++ ? "," : "",
			(unsigned long long)numbers->list[i], (unsigned long long)numbers->list[last]);
		skipped->wanted += last + 1 - i;
		i = last + 1;
	}
}

int crash__skipped_rules(const struct crash__fs *fs, const struct crash__syncs *syncs, uint32_t most,
			 struct crash__skipped *skipped)
{
	struct numbers numbers = {0};
	size_t size;
	FILE *stream;
	int error;

	*skipped = (struct crash__skipped){0};
	error = list_numbers(fs, syncs, &numbers, skipped);
	stream = error == 0 ? open_memstream(&skipped->rules, &size) : NULL;
	if (stream)
		print_rules(&numbers, most, skipped, stream);
	free(numbers.list);
	if (error == 0 && (!stream || fclose(stream) != 0))
		error = crash__fail(CRASH_ENOMEM, "no memory for rules");
	return error;
}

/* ------------------------------------------------------------------ how it went */

struct signatures {
	CRASH__VECTOR(char *, list);
};

static int list_signatures(const struct crash__fs *fs, const struct crash__syncs *syncs,
			   struct signatures *signatures)
{
	struct crash__callsites *callsites;
	int error = crash__callsites_new(fs->trace, fs->root, &callsites);

	for (size_t i = 0; i < syncs->sites_count && error == 0; i++) {
		const struct crash__sync_site *site = &syncs->sites[i];
		char *signature;

		if (!crash__sync_is_saved(site) && !site->spare_count)
			continue;
		signature = crash__callsite_signature(callsites, fs->steps[site->steps[0]].event);
		if (!signature || !CRASH__ADD(signatures, list, signature)) {
			free(signature);
			error = crash__fail(CRASH_ENOMEM, "no memory for call sites");
		}
	}
	crash__callsites_free(callsites);
	return error;
}

static bool is_among(const struct signatures *signatures, const char *signature)
{
	for (size_t i = 0; signature && i < signatures->list_count; i++)
		if (strcmp(signatures->list[i], signature) == 0)
			return true;
	return false;
}

/* A call that was not made, and succeeded; or a write that was made, and counts for one without a sync. */
static bool is_skipped(const struct crash__event *event)
{
	if (event->kind != CRASH__EVENT_OP)
		return false;
	return (event->flags & CRASH__OP_UNSYNCED) ||
	       (event->family == CRASH__FAMILY_FSYNC && (event->flags & CRASH__OP_FAILED) &&
		event->result >= 0);
}

int crash__skipped_count(const struct crash__fs *recorded, const struct crash__syncs *syncs,
			 const struct crash__fs *again, uint64_t *count, uint64_t *elsewhere)
{
	struct crash__callsites *callsites = NULL;
	struct signatures signatures = {0};
	int error = list_signatures(recorded, syncs, &signatures);

	*count = *elsewhere = 0;
	if (error == 0)
		error = crash__callsites_new(again->trace, again->root, &callsites);
	for (size_t i = 0; i < again->trace->count && error == 0; i++) {
		const struct crash__event *event = &again->trace->events[i];
		char *signature;

		if (!is_skipped(event))
			continue;
		signature = crash__callsite_signature(callsites, event);
		(*count)++;
		*elsewhere += !is_among(&signatures, signature);
		free(signature);
	}
	for (size_t i = 0; i < signatures.list_count; i++)
		free(signatures.list[i]);
	free(signatures.list);
	crash__callsites_free(callsites);
	return error;
}
