/* SPDX-License-Identifier: MIT */
#include "explore/faults/injection.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "explore/recording/mirror.h"
#include "trace/event_text.h"

/* ------------------------------------------------------------------ which there are */

/* A synchronous write is two steps of one op, and what has failed already fails without us. */
static bool can_fail(const struct crash__step *step)
{
	bool calls = step->event->kind == CRASH__EVENT_OP || step->event->kind == CRASH__EVENT_ALLOCATION;

	return calls && !step->sync_own && !step->sync_failed && step->event->result >= 0;
}

/* In which ways an op of the recording can fail. Of one byte there is no half. */
static uint32_t fails_of(const struct crash__event *event)
{
	uint32_t fails = crash__calls[event->kernel].where.fails;

	return crash__event_bytes(event) < 2 ? fails & ~(uint32_t)CRASH__FAILS_SHORT : fails;
}

static void name(struct crash__injection *injection, const struct crash__event *event)
{
	char point[CRASH__NAME + 24];

	crash__event_point(event, point, sizeof point);
	if (injection->fault == CRASH__FAULT_SHORT)
		snprintf(injection->name, sizeof injection->name, "%s%s:short=%" PRId64, point,
			 injection->sticky ? "+" : "", crash__event_bytes(event) / 2);
	else
		snprintf(injection->name, sizeof injection->name, "%s%s:err=%s", point,
			 injection->sticky ? "+" : "", crash__faults[injection->fault].name);
}

static int add(struct crash__injections *injections, const struct crash__fs *fs, uint32_t step,
	       enum crash__fault fault, bool sticky)
{
	struct crash__injection *injection = CRASH__PUSH(injections, list);

	if (!injection)
		return crash__fail(CRASH_ENOMEM, "no memory for faults");
	*injection = (struct crash__injection){.step = step, .fault = fault, .sticky = sticky};
	name(injection, fs->steps[step].event);
	return 0;
}

/* A signal comes once: nobody is interrupted for ever. */
static bool can_stay(enum crash__fault fault)
{
	return fault != CRASH__FAULT_EINTR;
}

static int find(const struct crash__fs *fs, uint32_t wanted, bool sticky,
		struct crash__injections *injections)
{
	int error = 0;

	for (uint32_t step = 0; step < fs->steps_count && error == 0; step++) {
		uint32_t fails = can_fail(&fs->steps[step]) ? fails_of(fs->steps[step].event) & wanted : 0;

		for (int fault = 0; fault < CRASH__FAULTS && error == 0; fault++) {
			if (!(fails & 1u << fault))
				continue;
			error = add(injections, fs, step, (enum crash__fault)fault, false);
			if (error == 0 && sticky && can_stay((enum crash__fault)fault))
				error = add(injections, fs, step, (enum crash__fault)fault, true);
		}
	}
	return error;
}

/* ------------------------------------------------------------------ which come first */

struct place {
	uint64_t site;
	struct crash__injection injection;
};

static int by_class(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	if (x->injection.fault != y->injection.fault)
		return x->injection.fault < y->injection.fault ? -1 : 1;
	if (x->injection.sticky != y->injection.sticky)
		return x->injection.sticky ? 1 : -1;
	return x->injection.step < y->injection.step ? -1 : x->injection.step > y->injection.step;
}

static int by_turn(const void *a, const void *b)
{
	const struct crash__injection *x = &((const struct place *)a)->injection,
				      *y = &((const struct place *)b)->injection;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->sticky != y->sticky)
		return x->sticky ? 1 : -1;
	if (x->fault != y->fault)
		return x->fault < y->fault ? -1 : 1;
	return x->step < y->step ? -1 : x->step > y->step;
}

static bool is_same_class(const struct place *one, const struct place *other)
{
	return one->site == other->site && one->injection.fault == other->injection.fault &&
	       one->injection.sticky == other->injection.sticky;
}

/* Those between two that have their rank: the middle one, then the middles of the halves. */
static void rank_between(struct place *places, size_t first, size_t end, unsigned int rank)
{
	size_t middle = first + (end - first) / 2;

	if (first >= end)
		return;
	places[middle].injection.rank = rank;
	rank_between(places, first, middle, rank + 1);
	rank_between(places, middle + 1, end, rank + 1);
}

static uint32_t rank(struct place *places, size_t count)
{
	uint32_t classes = 0;

	for (size_t first = 0, end; first < count; first = end, classes++) {
		for (end = first; end < count && is_same_class(&places[first], &places[end]); end++)
			places[end].injection.class = classes;
		places[end - 1].injection.rank = 1;
		places[first].injection.rank = 0;
		if (end - first > 2)
			rank_between(places, first + 1, end - 1, 2);
	}
	return classes;
}

static int order(const struct crash__fs *fs, struct crash__callsites *callsites,
		 struct crash__injections *injections)
{
	size_t count = injections->list_count;
	struct place *places = calloc(count + 1, sizeof *places);

	if (!places)
		return crash__fail(CRASH_ENOMEM, "no memory for faults");
	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){
			crash__callsite_number(callsites, fs->steps[injections->list[i].step].event),
			injections->list[i]};
	qsort(places, count, sizeof *places, by_class);
	injections->classes = rank(places, count);
	qsort(places, count, sizeof *places, by_turn);
	for (size_t i = 0; i < count; i++)
		injections->list[i] = places[i].injection;
	free(places);
	return 0;
}

int crash__injections_find(const struct crash__fs *fs, struct crash__callsites *callsites, uint32_t fails,
			   bool sticky, struct crash__injections *injections)
{
	int error;

	*injections = (struct crash__injections){0};
	error = find(fs, fails, sticky, injections);
	return error == 0 ? order(fs, callsites, injections) : error;
}

void crash__injections_clear(struct crash__injections *injections)
{
	free(injections->list);
	*injections = (struct crash__injections){0};
}

uint32_t crash__injection_fails(const char *list, const char **wrong, size_t *length)
{
	uint32_t fails = 0;

	*wrong = NULL;
	for (; *list; list += *list == ',') {
		int fault = 0;

		*length = strcspn(list, ",");
		while (fault < CRASH__FAULTS && (strlen(crash__faults[fault].name) != *length ||
						 strncmp(crash__faults[fault].name, list, *length) != 0))
			fault++;
		if (fault == CRASH__FAULTS) {
			*wrong = list;
			return 0;
		}
		fails |= 1u << fault;
		list += *length;
	}
	return fails;
}

/* ------------------------------------------------------------------ as rules */

static const char *error_of(const struct crash__injection *injection)
{
	/* what comes after a short write on a disk that is full */
	return injection->fault == CRASH__FAULT_SHORT ? "ENOSPC" : crash__faults[injection->fault].name;
}

/* Whether calls of a family can fail so. */
static bool family_fails(unsigned int family, uint32_t fails)
{
	for (int call = 0; call < CRASH__CALLS; call++)
		if (crash__calls[call].kernel == call && crash__calls[call].family == family &&
		    (crash__calls[call].where.fails & fails))
			return true;
	return false;
}

/* How many ops of a family began before an op, or are that. */
static uint64_t count_until(const struct crash__trace *trace, unsigned int family,
			    const struct crash__event *last)
{
	uint64_t most = 0;

	for (size_t i = 0; i < trace->count && trace->events[i].start <= last->start; i++) {
		const struct crash__event *event = &trace->events[i];

		if (event->kind == CRASH__EVENT_OP && event->family == family && event->occurrence > most)
			most = event->occurrence;
		if (family == CRASH__FAMILY_FSYNC && event->sync_occurrence > most)
			most = event->sync_occurrence;
	}
	return most;
}

/*
 * A disk that is broken, full or read-only is so for every call: each family that can fail in this way does,
 * from the first of its ops on that comes after this one.
 */
static void print_from_there_on(FILE *stream, const struct crash__fs *fs,
				const struct crash__injection *injection)
{
	const struct crash__event *event = fs->steps[injection->step].event;
	uint32_t fails = injection->fault == CRASH__FAULT_SHORT ? (uint32_t)CRASH__FAILS_ENOSPC :
								  1u << injection->fault;
	bool first = true;

	if (injection->fault == CRASH__FAULT_SHORT) {
		fprintf(stream, "write#%" PRIu64 ":short=%" PRId64, event->occurrence,
			crash__event_bytes(event) / 2);
		first = false;
	}
	for (unsigned int family = 0; family < CRASH__FAMILIES; family++) {
		uint64_t from = count_until(fs->trace, family, event) + 1;

		if (!family_fails(family, fails))
			continue;
		if (family == event->family)
			from = event->occurrence + (injection->fault == CRASH__FAULT_SHORT);
		fprintf(stream, "%s%s#%" PRIu64 "+:err=%s", first ? "" : ",", crash__family_name(family),
			from, error_of(injection));
		first = false;
	}
}

char *crash__injection_rules(const struct crash__fs *fs, const struct crash__injection *injection)
{
	char *text = NULL;
	size_t size;
	FILE *stream;

	if (!injection->sticky)
		return strdup(injection->name);
	stream = open_memstream(&text, &size);
	if (!stream)
		return NULL;
	print_from_there_on(stream, fs, injection);
	fclose(stream);
	return text;
}

/* ------------------------------------------------------------------ by call site */

/* A path as a pattern that is nothing but this path; and a function's name likewise. */
static void print_escaped(FILE *stream, const char *text)
{
	for (; *text; text++)
		fprintf(stream, strchr("\\*?[]{}@#:,", *text) ? "\\%c" : "%c", *text);
}

static const char *function_of(struct crash__callsites *callsites, const struct crash__event *event)
{
	unsigned int count;
	const struct crash_frame *frames = crash__callsite_frames(callsites, event, &count);

	return count && frames[0].function ? frames[0].function : NULL;
}

static bool is_inside(struct crash__callsites *callsites, const struct crash__event *event,
		      const char *function)
{
	unsigned int count;
	const struct crash_frame *frames = crash__callsite_frames(callsites, event, &count);

	for (unsigned int i = 0; i < count; i++)
		if (frames[i].function && strcmp(frames[i].function, function) == 0)
			return true;
	return false;
}

/* The how many-th op of its family on that file and in that function it is. */
static uint64_t occurrence_there(const struct crash__trace *trace, struct crash__callsites *callsites,
				 const struct crash__event *wanted, const char *path, const char *function)
{
	uint64_t count = 0;

	for (size_t i = 0; i < trace->count; i++) {
		const struct crash__event *event = &trace->events[i];
		const char *own = crash__event_path(trace, event);

		if (event->kind == CRASH__EVENT_OP && event->family == wanted->family && own &&
		    strcmp(own, path) == 0 && (!function || is_inside(callsites, event, function)))
			count++;
		if (event == wanted)
			break;
	}
	return count;
}

/* The recorder has counted for that. */
static char *rules_of_allocation(const struct crash__injection *injection, const struct crash__event *event)
{
	char *text = NULL;

	if (asprintf(&text, "alloc#%" PRId64 ":site=%" PRIx64 ":err=%s", event->args[5],
		     (uint64_t)event->args[4], error_of(injection)) < 0)
		return NULL;
	return text;
}

char *crash__injection_rules_of_site(const struct crash__fs *fs, struct crash__callsites *callsites,
				     const struct crash__injection *injection, const char *from,
				     const char *to)
{
	const struct crash__event *event = fs->steps[injection->step].event;
	const char *path = crash__event_path(fs->trace, event), *moved = crash__mirror_original(from, path),
		   *function;
	char *text = NULL;
	size_t size;
	FILE *stream;

	if (event->kind == CRASH__EVENT_ALLOCATION && !injection->sticky && event->args[5])
		return rules_of_allocation(injection, event);
	if (!path || injection->sticky)
		return NULL;
	stream = open_memstream(&text, &size);
	if (!stream)
		return NULL;
	function = function_of(callsites, event);
	fprintf(stream, "%s@", crash__family_name(event->family));
	if (moved != path)
		print_escaped(stream, to);
	print_escaped(stream, moved);
	fprintf(stream, "#%" PRIu64, occurrence_there(fs->trace, callsites, event, path, function));
	if (function) {
		fputs(":in=", stream);
		print_escaped(stream, function);
	}
	if (injection->fault == CRASH__FAULT_SHORT)
		fprintf(stream, ":short=%" PRId64, crash__event_bytes(event) / 2);
	else
		fprintf(stream, ":err=%s", crash__faults[injection->fault].name);
	fclose(stream);
	return text;
}
