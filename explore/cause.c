/* SPDX-License-Identifier: MIT */
#include "explore/cause.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "explore/place.h"
#include "explore/repair.h"
#include "explore/set.h"
#include "explore/state.h"
#include "runner/error.h"

/* So many states are checked at most to make one failure smaller. */
#define MOST_PROBES 400
/* So many of the ops that one takes along are tried alone. */
#define MOST_NARROWING 100

struct finder {
	struct crash__engine *engine;
	struct crash__causes *causes;
	struct crash__places *places;
	uint32_t model;
	struct crash__set set;	/* for closures */
	uint32_t *cause_of; /* by atom of the model: 1 + the cause of losing it alone */
	uint32_t *since;    /* from which step on that is a failure */
	uint32_t *prefix_cause; /* by step + 1: 1 + the cause of a process crash there */
	uint32_t probes;
	CRASH__VECTOR(crash__atom_id, lost); /* of the failure at hand, made fewer */
};

static const struct crash__fs *fs_of(const struct finder *finder)
{
	return finder->engine->options.fs;
}

static const struct crash__atoms *atoms_of(const struct finder *finder)
{
	return &finder->engine->atoms[finder->model];
}

/* ------------------------------------------------------------------ trying smaller failures */

/* The verdict of losing some atoms, and what depends on them, at a step. */
static enum crash__verdict_kind try_losing(struct finder *finder, int64_t step, const crash__atom_id *atoms, size_t count)
{
	if (finder->probes >= MOST_PROBES)
		return CRASH__VERDICT_NONE;
	finder->probes++;
	crash__set_begin(&finder->set, step);
	for (size_t i = 0; i < count; i++)
		if (crash__set_omit(&finder->set, atoms[i]) < 0)
			return CRASH__VERDICT_NONE;
	crash__set_sort(&finder->set);
	return crash__engine_probe(finder->engine, finder->model, step, finder->set.list,
				   (uint32_t)finder->set.list_count);
}

static int add_lost(struct finder *finder, crash__atom_id id)
{
	crash__atom_id *at = CRASH__PUSH(finder, lost);

	if (!at)
		return crash__fail(CRASH_ENOMEM, "no memory for a cause");
	*at = id;
	return 0;
}

/* All atoms that a state has lost of what was done. */
static int list_lost(struct finder *finder, const struct crash__state *state)
{
	const struct crash__atoms *atoms = atoms_of(finder);
	uint32_t at = 0;
	int error = 0;

	finder->lost_count = 0;
	if (state->reference == CRASH__EVERYTHING) {
		for (uint32_t i = 0; i < state->count && error == 0; i++)
			error = add_lost(finder, state->flipped[i]);
		return error;
	}
	for (crash__atom_id id = 0; id < atoms->first[state->step + 1] && error == 0; id++) {
		while (at < state->count && state->flipped[at] < id)
			at++;
		if (crash__atom_is_open(&atoms->list[id], state->step) && !(at < state->count && state->flipped[at] == id))
			error = add_lost(finder, id);
	}
	return error;
}

/*
 * Zeller's ddmin: leaves out ever smaller parts of what is lost as long as the failure stays. Nearly always one
 * op is guilty, and halving finds it in a few steps.
 */
static void minimise(struct finder *finder, int64_t step)
{
	size_t parts = 2;

	while (finder->lost_count > 1) {
		size_t size = (finder->lost_count + parts - 1) / parts;
		bool smaller = false;

		for (size_t start = 0; start < finder->lost_count && !smaller; start += size) {
			size_t count = start + size > finder->lost_count ? finder->lost_count - start : size;

			if (crash__verdict_failed(try_losing(finder, step, finder->lost + start, count))) {
				memmove(finder->lost, finder->lost + start, count * sizeof *finder->lost);
				finder->lost_count = count;
				parts = 2;
				smaller = true;
			}
		}
		for (size_t start = 0; start < finder->lost_count && !smaller && parts > 2; start += size) {
			size_t count = start + size > finder->lost_count ? finder->lost_count - start : size;
			size_t rest = finder->lost_count - count;
			crash__atom_id *other = malloc((rest + 1) * sizeof *other);

			if (!other)
				return;
			memcpy(other, finder->lost, start * sizeof *other);
			memcpy(other + start, finder->lost + start + count, (rest - start) * sizeof *other);
			if (rest && crash__verdict_failed(try_losing(finder, step, other, rest))) {
				memcpy(finder->lost, other, rest * sizeof *other);
				finder->lost_count = rest;
				parts = parts > 2 ? parts - 1 : 2;
				smaller = true;
			}
			free(other);
		}
		if (smaller)
			continue;
		if (parts >= finder->lost_count || finder->probes >= MOST_PROBES)
			return;
		parts = parts * 2 < finder->lost_count ? parts * 2 : finder->lost_count;
	}
}

/*
 * Where one op takes others along that depend on it, one of those may be guilty alone: the last one that still makes
 * the state fail takes the fewest along.
 */
static void narrow(struct finder *finder, int64_t step)
{
	crash__atom_id *along;
	size_t count, tries = 0;

	if (finder->lost_count != 1 || !crash__verdict_failed(try_losing(finder, step, finder->lost, 1)))
		return;
	count = finder->set.list_count;
	along = malloc(count * sizeof *along);
	if (!along)
		return;
	memcpy(along, finder->set.list, count * sizeof *along);
	for (size_t i = count; i-- > 0 && along[i] != finder->lost[0] && tries < MOST_NARROWING; tries++)
		if (crash__verdict_failed(try_losing(finder, step, &along[i], 1))) {
			finder->lost[0] = along[i];
			break;
		}
	free(along);
}

/* The first point at which losing these is a failure: what happened there needs them. */
static int64_t first_failure(struct finder *finder, int64_t step)
{
	uint32_t from = 0;

	for (size_t i = 0; i < finder->lost_count; i++)
		if (atoms_of(finder)->list[finder->lost[i]].step > from)
			from = atoms_of(finder)->list[finder->lost[i]].step;
	for (int64_t at = from; at < step; at++)
		if (crash__tier_news(fs_of(finder), at) &&
		    crash__verdict_failed(try_losing(finder, at, finder->lost, finder->lost_count)))
			return at;
	return step;
}

/* ------------------------------------------------------------------ causes */

static void clear_cause(struct crash__cause *cause)
{
	free((void *)(uintptr_t)cause->state.flipped);
	free(cause->state_name);
	free(cause->sentence);
	free(cause->repair);
	free(cause->advice);
	free(cause->lost_text);
	free(cause->survivor_text);
	free(cause->allowed);
	free(cause->forbidden);
	free(cause->entries);
}

static const struct crash__event *event_at(const struct finder *finder, uint32_t step)
{
	return step == CRASH__NEVER ? NULL : fs_of(finder)->steps[step].event;
}

/* Failures are of one kind if the same repair would do: an exit status is none, a lost write is. */
static const char *class_of(enum crash__verdict_kind kind)
{
	return kind == CRASH__VERDICT_LOST ? "lost" :
	       kind == CRASH__VERDICT_TIMEOUT || kind == CRASH__VERDICT_RECOVERY_TIMEOUT ? "hang" :
	       kind == CRASH__VERDICT_RECOVERY ? "recovery" :
	       kind == CRASH__VERDICT_LEFTOVER ? "leftover" :
						 "inconsistent";
}

void crash__cause_id(char id[12], const char *format, ...)
{
	char *whole = NULL;
	va_list args;

	strcpy(id, "00000000");
	va_start(args, format);
	if (vasprintf(&whole, format, args) >= 0)
		snprintf(id, 12, "%08x", (unsigned int)XXH3_64bits(whole, strlen(whole)));
	va_end(args);
	free(whole);
}

static void make_id(struct finder *finder, const struct crash__cause *cause, char id[12])
{
	const struct crash__event *lost = event_at(finder, cause->lost), *survivor = event_at(finder, cause->survivor);
	char *signatures[2] = {lost ? crash__place_signature(finder->places, lost) : strdup(""),
			       survivor ? crash__place_signature(finder->places, survivor) : strdup("")};

	crash__cause_id(id, "%s/%d/%d/%s/%s", class_of(cause->kind), cause->process, cause->torn,
			signatures[0] ? signatures[0] : "", signatures[1] ? signatures[1] : "");
	free(signatures[0]);
	free(signatures[1]);
}

/* The cause of the same kind from the same places, or a new one. Returns its index, or SIZE_MAX. */
static size_t enter_cause(struct finder *finder, struct crash__cause *cause, const struct crash__state *state)
{
	struct crash__causes *causes = finder->causes;
	struct crash__cause *made;
	crash__atom_id *atoms;

	make_id(finder, cause, cause->id);
	for (size_t i = 0; i < causes->list_count; i++)
		if (strcmp(causes->list[i].id, cause->id) == 0)
			return i;
	atoms = malloc((state->count + 1) * sizeof *atoms);
	made = atoms ? CRASH__PUSH(causes, list) : NULL;
	if (!made) {
		free(atoms);
		return SIZE_MAX;
	}
	*made = *cause;
	if (state->count)
		memcpy(atoms, state->flipped, state->count * sizeof *atoms);
	made->model = finder->model;
	made->state = *state;
	made->state.flipped = atoms;
	made->state_name = crash__state_name(atoms_of(finder), &made->state);
	return causes->list_count - 1;
}

static int attribute(struct finder *finder, size_t cause, struct crash__entry *entry)
{
	struct crash__entry **at = CRASH__PUSH(&finder->causes->list[cause], entries);

	if (!at)
		return crash__fail(CRASH_ENOMEM, "no memory for a cause");
	*at = entry;
	finder->causes->list[cause].states++;
	return 0;
}

/* ------------------------------------------------------------------ a process crash */

static bool changes(const struct crash__fs *fs, uint32_t step)
{
	return fs->steps[step].effects != 0;
}

/*
 * Everything is there, and it is wrong: between two ops the files do not fit together. Failures come in order of
 * their points, so the first that is found of a run of wrong points is where the run begins.
 */
static int explain_prefix(struct finder *finder, struct crash__entry *entry)
{
	const struct crash__fs *fs = fs_of(finder);
	int64_t first = entry->state.step;
	uint32_t next = (uint32_t)(first + 1), *known = &finder->prefix_cause[first + 1];
	struct crash__cause cause = {.kind = entry->kind, .process = true, .lost = CRASH__NEVER};
	struct crash__state state = {.step = first, .acked = first < 0 ? 0 : fs->steps[first].acked};
	size_t index;

	if (*known)
		return attribute(finder, *known - 1, entry);
	while (next < fs->steps_count &&
	       (!changes(fs, next) || !crash__tier_is_point(fs, next) ||
		crash__verdict_failed(try_losing(finder, next, NULL, 0))))
		next++;
	cause.survivor = first < 0 ? CRASH__NEVER : (uint32_t)first;
	cause.lost = next < fs->steps_count ? next : CRASH__NEVER;
	index = enter_cause(finder, &cause, &state);
	if (index == SIZE_MAX)
		return crash__fail(CRASH_ENOMEM, "no memory for a cause");
	for (int64_t step = first; step < (int64_t)next; step++)
		finder->prefix_cause[step + 1] = (uint32_t)index + 1;
	return attribute(finder, index, entry);
}

/* The op whose data a failed sync has dropped from memory by a step; CRASH__NEVER: there is none. */
static uint32_t find_dropped(const struct finder *finder, int64_t step)
{
	const struct crash__atoms *atoms = atoms_of(finder);

	for (crash__atom_id id = step < 0 ? 0 : atoms->first[step + 1]; id-- > 0;)
		if ((int64_t)atoms->list[id].dropped <= step)
			return atoms->list[id].step;
	return CRASH__NEVER;
}

/* What is lost was lost when a sync failed: it is gone without any crash. */
static int explain_dropped(struct finder *finder, struct crash__entry *entry, uint32_t lost)
{
	struct crash__cause cause = {.kind = entry->kind,
				     .failed_sync = true,
				     .lost = lost,
				     .survivor = (uint32_t)entry->state.step};
	size_t index = enter_cause(finder, &cause, &entry->state);

	return index == SIZE_MAX ? crash__fail(CRASH_ENOMEM, "no memory for a cause") : attribute(finder, index, entry);
}

/* Ops that overlapped, one of them not done: the state itself says which. */
static int explain_overlap(struct finder *finder, struct crash__entry *entry)
{
	struct crash__cause cause = {.kind = entry->kind,
				     .process = true,
				     .lost = atoms_of(finder)->list[entry->state.flipped[0]].step,
				     .survivor = (uint32_t)entry->state.step};
	size_t index = enter_cause(finder, &cause, &entry->state);

	return index == SIZE_MAX ? crash__fail(CRASH_ENOMEM, "no memory for a cause") : attribute(finder, index, entry);
}

/* ------------------------------------------------------------------ a power loss */

static int make_cause(struct finder *finder, struct crash__entry *entry, int64_t step)
{
	const struct crash__atoms *atoms = atoms_of(finder);
	enum crash__verdict_kind kind = try_losing(finder, step, finder->lost, finder->lost_count);
	struct crash__state state = {.step = step,
				     .reference = CRASH__EVERYTHING,
				     .count = (uint32_t)finder->set.list_count,
				     .flipped = finder->set.list,
				     .acked = fs_of(finder)->steps[step].acked};
	struct crash__cause cause = {.kind = crash__verdict_failed(kind) ? kind : entry->kind,
				     .lost = atoms->list[finder->lost[0]].step,
				     .survivor = (uint32_t)step};
	size_t index;

	cause.torn = cause.lost == cause.survivor;
	cause.process = atoms->model->process_only;
	index = enter_cause(finder, &cause, &state);
	if (index == SIZE_MAX)
		return crash__fail(CRASH_ENOMEM, "no memory for a cause");
	if (finder->lost_count == 1) {
		finder->cause_of[finder->lost[0]] = (uint32_t)index + 1;
		finder->since[finder->lost[0]] = (uint32_t)step;
	}
	return attribute(finder, index, entry);
}

static int explain_loss(struct finder *finder, struct crash__entry *entry)
{
	const struct crash__state *state = &entry->state;
	int error = list_lost(finder, state);

	if (error < 0)
		return error;
	for (size_t i = 0; i < finder->lost_count; i++) {
		uint32_t cause = finder->cause_of[finder->lost[i]];

		if (cause && (int64_t)finder->since[finder->lost[i]] <= state->step)
			return attribute(finder, cause - 1, entry);
	}
	minimise(finder, state->step);
	if (finder->lost_count == 0) {
		finder->causes->unexplained++;
		return 0;
	}
	narrow(finder, state->step);
	return make_cause(finder, entry, first_failure(finder, state->step));
}

static int explain(struct finder *finder, struct crash__entry *entry)
{
	enum crash__verdict_kind whole;

	finder->probes = 0;
	if (entry->tier == CRASH__TIER_PREFIX && entry->state.count)
		return explain_overlap(finder, entry);
	whole = try_losing(finder, entry->state.step, NULL, 0);
	if (crash__verdict_failed(whole) && find_dropped(finder, entry->state.step) != CRASH__NEVER)
		return explain_dropped(finder, entry, find_dropped(finder, entry->state.step));
	if (crash__verdict_failed(whole))
		return explain_prefix(finder, entry);
	if (whole == CRASH__VERDICT_NONE) {
		finder->causes->unexplained++;
		return 0;
	}
	return explain_loss(finder, entry);
}

/* ------------------------------------------------------------------ sentences */

static const char *by_sync(const struct finder *finder, const struct crash__cause *cause, char out[160])
{
	const struct crash__atom *atom =
		&finder->engine->atoms[cause->model].list[cause->state.count ? cause->state.flipped[0] : 0];
	char point[CRASH__NAME + 48];

	if (cause->failed_sync || atom->abandoned)
		return "its fsync had failed, and it was not written again";
	if (atom->durable == CRASH__NEVER)
		return "it was never synced";
	crash__point_name(finder->engine->options.fs, atom->durable, point, sizeof point);
	snprintf(out, 160, "it is durable only later, from %.100s on", point);
	return out;
}

static bool same_file(const struct finder *finder, const struct crash__event *lost, const struct crash__event *survivor)
{
	const struct crash__trace *trace = fs_of(finder)->trace;
	const char *one, *other;

	if (!lost || !survivor || lost->kind != CRASH__EVENT_OP || survivor->kind != CRASH__EVENT_OP)
		return false;
	one = crash__event_path(trace, lost);
	other = crash__event_path(trace, survivor);
	return one && other && strcmp(one, other) == 0;
}

static char *say(struct finder *finder, const struct crash__cause *cause)
{
	const char *sentence = crash__verdict_sentence(cause->kind);
	const struct crash__event *lost = event_at(finder, cause->lost), *survivor = event_at(finder, cause->survivor);
	bool ack = survivor && survivor->kind == CRASH__EVENT_ACK;
	char *text = NULL, sync[160];
	int length;

	if (cause->process && cause->torn)
		length = asprintf(&text, "when the process dies during %s, and only its first pages are written, the state %s",
				  cause->lost_text, sentence);
	else if (cause->process && cause->survivor == CRASH__NEVER)
		length = asprintf(&text, "before the first op the state %s", sentence);
	else if (cause->process && cause->lost == CRASH__NEVER)
		length = asprintf(&text, "from %s on the state %s", cause->survivor_text, sentence);
	else if (cause->process)
		length = asprintf(&text, "when the process dies after %s and before %s the state %s",
				  cause->survivor_text, cause->lost_text, sentence);
	else if (cause->torn)
		length = asprintf(&text, "%s reached the disk only in part: the state %s", cause->lost_text, sentence);
	else
		length = asprintf(&text, "%s %s; %s%s had not: %s. The state %s", cause->survivor_text,
				  ack ? "was told to the world" : "reached the disk", cause->lost_text,
				  same_file(finder, lost, survivor) ? " to the same file" : "",
				  by_sync(finder, cause, sync), sentence);
	return length < 0 ? NULL : text;
}

static void describe(struct finder *finder, struct crash__cause *cause)
{
	const struct crash__event *lost = event_at(finder, cause->lost), *survivor = event_at(finder, cause->survivor);

	cause->lost_text = lost ? crash__place_text(finder->places, lost) : NULL;
	cause->survivor_text = survivor ? crash__place_text(finder->places, survivor) : NULL;
	cause->sentence = say(finder, cause);
	crash__repair_find(finder->engine, finder->places, cause);
}

/* ------------------------------------------------------------------ causes that are one */

static bool are_alike(const struct crash__cause *one, const struct crash__cause *other)
{
	return !one->process && !other->process && !one->torn && !other->torn && one->remedy &&
	       strcmp(class_of(one->kind), class_of(other->kind)) == 0;
}

static bool loses_the_same(struct finder *finder, const struct crash__cause *one, const struct crash__cause *other)
{
	char *signatures[2];
	bool same;

	signatures[0] = crash__place_signature(finder->places, event_at(finder, one->lost));
	signatures[1] = crash__place_signature(finder->places, event_at(finder, other->lost));
	same = signatures[0] && signatures[1] && strcmp(signatures[0], signatures[1]) == 0;
	free(signatures[0]);
	free(signatures[1]);
	return same;
}

/*
 * What one missing sync leaves undone can show at several ops that come later: at the rename over a file, and at the
 * unlink of what was there before. And it can leave several ops undone: two writes to a file, two names in a directory.
 * If the sync at the first makes the others impossible, there is one mistake.
 */
static bool are_one(struct finder *finder, const struct crash__cause *one, const struct crash__cause *other)
{
	return are_alike(one, other) &&
	       (loses_the_same(finder, one, other) || crash__repair_is_same(finder->engine->options.fs, one, other)) &&
	       crash__repair_covers(finder->engine, finder->places, one, other);
}

/* The other cause's states become this one's. */
static int take_over(struct finder *finder, size_t into, size_t from)
{
	struct crash__causes *causes = finder->causes;
	int error = 0;

	for (size_t i = 0; i < causes->list[from].entries_count && error == 0; i++)
		error = attribute(finder, into, causes->list[from].entries[i]);
	clear_cause(&causes->list[from]);
	memmove(&causes->list[from], &causes->list[from + 1],
		(causes->list_count - from - 1) * sizeof *causes->list);
	causes->list_count--;
	return error;
}

static int unite(struct finder *finder)
{
	struct crash__causes *causes = finder->causes;
	int error = 0;

	for (size_t i = 0; i < causes->list_count && error == 0; i++) {
		size_t before = causes->list_count;

		for (size_t j = causes->list_count; j-- > 0 && error == 0;)
			if (j != i && are_one(finder, &causes->list[i], &causes->list[j])) {
				error = take_over(finder, i, j);
				i -= j < i;
			}
		if (causes->list_count != before)
			crash__repair_find(finder->engine, finder->places, &causes->list[i]);
	}
	return error;
}

/* ------------------------------------------------------------------ all of them */

static int by_size(const void *a, const void *b)
{
	const struct crash__entry *x = *(struct crash__entry *const *)a, *y = *(struct crash__entry *const *)b;

	if (x->model != y->model)
		return x->model < y->model ? -1 : 1;
	if (x->state.step != y->state.step)
		return x->state.step < y->state.step ? -1 : 1;
	if (x->tier != y->tier)
		return x->tier < y->tier ? -1 : 1;
	return x->state.count < y->state.count ? -1 : x->state.count > y->state.count;
}

static int begin_model(struct finder *finder, uint32_t model)
{
	size_t atoms = finder->engine->atoms[model].list_count + 1;

	finder->model = model;
	crash__set_clear(&finder->set);
	free(finder->cause_of);
	free(finder->since);
	finder->cause_of = calloc(atoms, sizeof *finder->cause_of);
	finder->since = calloc(atoms, sizeof *finder->since);
	if (!finder->cause_of || !finder->since)
		return crash__fail(CRASH_ENOMEM, "no memory for causes");
	return crash__set_init(&finder->set, &finder->engine->atoms[model]);
}

static struct crash__entry **list_failures(struct crash__engine *engine, size_t *count)
{
	struct crash__entry **list = calloc(HASH_COUNT(engine->entries) + 1, sizeof *list);

	*count = 0;
	for (struct crash__entry *entry = engine->entries; list && entry; entry = entry->hh.next)
		if (crash__verdict_failed(entry->kind) && entry->state.flipped)
			list[(*count)++] = entry;
	if (list && *count)
		qsort(list, *count, sizeof *list, by_size);
	return list;
}

int crash__causes_find(struct crash__engine *engine, struct crash__causes *causes)
{
	struct finder finder = {.engine = engine, .causes = causes, .model = UINT32_MAX};
	size_t count = 0;
	struct crash__entry **failures = list_failures(engine, &count);
	int error = failures ? 0 : crash__fail(CRASH_ENOMEM, "no memory for causes");

	memset(causes, 0, sizeof *causes);
	finder.prefix_cause = calloc(engine->options.fs->steps_count + 2, sizeof *finder.prefix_cause);
	if (error == 0 && !finder.prefix_cause)
		error = crash__fail(CRASH_ENOMEM, "no memory for causes");
	if (error == 0)
		error = crash__places_new(engine->options.fs->trace, engine->options.fs->root, &finder.places);
	for (size_t i = 0; i < count && error == 0; i++) {
		if (failures[i]->model != finder.model)
			error = begin_model(&finder, failures[i]->model);
		if (error == 0)
			error = explain(&finder, failures[i]);
	}
	for (size_t i = 0; i < causes->list_count && error == 0; i++)
		describe(&finder, &causes->list[i]);
	if (error == 0)
		error = unite(&finder);
	free(failures);
	free(finder.cause_of);
	free(finder.since);
	free(finder.prefix_cause);
	free(finder.lost);
	crash__set_clear(&finder.set);
	crash__places_free(finder.places);
	return error;
}

void crash__causes_clear(struct crash__causes *causes)
{
	for (size_t i = 0; i < causes->list_count; i++)
		clear_cause(&causes->list[i]);
	free(causes->list);
	memset(causes, 0, sizeof *causes);
}
