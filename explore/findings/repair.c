/* SPDX-License-Identifier: MIT */
/*
 * Method. The candidates are the syncs that the cause says are missing: of directories, of files, or of both.
 * A candidate is tried by making the model's atoms anew, as if the program had made these syncs. A state that
 * has lost what is durable by then is impossible. That alone proves nothing, because any sync makes some
 * state impossible that has lost much: what is left of the state, having lost only what it still can, must be
 * right, or another cause's. So that is looked up, and of many states some are checked.
 *
 * In the end each sync that is not needed is left out.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "explore/atoms/match_atoms.h"
#include "explore/findings/cause_search.h"
#include "explore/phrases/op_phrase.h"

/* Of so many syncs each is tried whether it is needed. */
#define MOST_REDUCED 12
/* So many files are named in a sentence. */
#define MOST_NAMES 8

enum what { OF_FILE = 1, OF_DIRECTORY = 2 };

/* What is synced: of what is missing, or everywhere at the same call sites. */
struct remedy {
	int what;
	bool everywhere;
};

struct candidate {
	CRASH__VECTOR(struct crash__virtual_sync, syncs); /* by ascending step */
};

/* Whose states are to be gone. */
struct proof {
	const struct candidate *candidate;
	uint32_t cause, other; /* numbers; 0: none */
};

/* ------------------------------------------------------------------ candidates */

/* By ascending step. */
static int add_sync(struct candidate *candidate, struct crash__virtual_sync sync)
{
	size_t at = candidate->syncs_count;

	while (at && candidate->syncs[at - 1].step > sync.step)
		at--;
	for (size_t i = at; i-- > 0 && candidate->syncs[i].step == sync.step;)
		if (candidate->syncs[i].node == sync.node)
			return 0;
	if (!CRASH__ADD(candidate, syncs, sync))
		return crash__fail(CRASH_ENOMEM, "no memory for a repair");
	memmove(&candidate->syncs[at + 1], &candidate->syncs[at],
		(candidate->syncs_count - 1 - at) * sizeof *candidate->syncs);
	candidate->syncs[at] = sync;
	return 0;
}

/* What was found to be missing, and nothing else. */
static int add_missing(const struct crash__cause *cause, int what, struct candidate *candidate)
{
	int error = 0;

	for (size_t i = 0; i < cause->missing_count && error == 0; i++)
		if (what & (cause->missing[i].directory ? OF_DIRECTORY : OF_FILE))
			error = add_sync(candidate, cause->missing[i].sync);
	return error;
}

/* What an op changed: its file, or the directories of its names. */
static int add_syncs_of(struct candidate *candidate, const struct crash__fs *fs, uint32_t lost,
			uint32_t before, int what)
{
	const struct crash__step *step = &fs->steps[lost];
	int error = 0;

	for (uint32_t i = 0; i < step->effects && error == 0; i++) {
		const struct crash__effect *effect = &fs->effects[step->first_effect + i];
		bool entry = effect->kind == CRASH__EFFECT_ENTRY;

		if (entry && (what & OF_DIRECTORY))
			error = add_sync(candidate, (struct crash__virtual_sync){
							    before, fs->slots[effect->slot].directory});
		if (error == 0 && effect->node && (what & OF_FILE))
			error = add_sync(candidate, (struct crash__virtual_sync){before, effect->node});
	}
	return error;
}

static bool is_like(struct crash__callsites *callsites, const struct crash__event *event,
		    const char *signature)
{
	char *own = crash__callsite_signature(callsites, event);
	bool like = own && strcmp(own, signature) == 0;

	free(own);
	return like;
}

/*
 * A sync at the place where something survived is one whenever that place is reached: syncs before every op
 * that is like the survivor, of all ops like the lost one since the last time.
 */
static int add_alike(struct crash__cause_search *search, const struct crash__cause *cause, int what,
		     struct candidate *candidate)
{
	const struct crash__fs *fs = crash__search_fs(search);
	char *lost = crash__callsite_signature(search->callsites, fs->steps[cause->lost].event);
	char *survivor = crash__callsite_signature(search->callsites, fs->steps[cause->survivor].event);
	struct {
		CRASH__VECTOR(uint32_t, steps);
	} pending = {0};
	int error = lost && survivor ? 0 : crash__fail(CRASH_ENOMEM, "no memory for a repair");

	for (uint32_t step = 0; step < fs->steps_count && error == 0; step++) {
		const struct crash__event *event = fs->steps[step].event;

		if (is_like(search->callsites, event, survivor)) {
			for (size_t i = 0; i < pending.steps_count && error == 0; i++)
				error = add_syncs_of(candidate, fs, pending.steps[i], step, what);
			pending.steps_count = 0;
		}
		if (fs->steps[step].effects && is_like(search->callsites, event, lost) &&
		    !CRASH__ADD(&pending, steps, step))
			error = crash__fail(CRASH_ENOMEM, "no memory for a repair");
	}
	free(pending.steps);
	free(lost);
	free(survivor);
	return error;
}

static int make_candidate(struct crash__cause_search *search, const struct crash__cause *cause,
			  const struct remedy *remedy, struct candidate *candidate)
{
	int error = add_missing(cause, remedy->what, candidate);

	return error == 0 && remedy->everywhere && candidate->syncs_count ?
		       add_alike(search, cause, remedy->what, candidate) :
		       error;
}

/* ------------------------------------------------------------------ trying them */

/* Leaves in `lost` what a state can still have lost; false: all that it has. */
static bool list_remaining(struct crash__cause_search *search, const uint32_t *repaired,
			   const struct crash__state *state)
{
	search->lost_count = 0;
	if (crash__search_list_lost(search, state) < 0)
		return false;
	for (size_t i = 0; i < search->whole_count; i++)
		if ((int64_t)repaired[search->whole[i]] > state->step &&
		    !CRASH__ADD(search, lost, search->whole[i]))
			return false;
	return search->lost_count < search->whole_count;
}

/* A state that has lost much shows several mistakes, and is listed as the first of them that was found: what
 * is in `lost` may be another one. */
static bool is_of_others(struct crash__cause_search *search, const struct crash__entry *rest, int64_t step,
			 const struct proof *proof)
{
	search->whole_count = 0;
	search->kind = rest->kind;
	for (size_t i = 0; i < search->lost_count; i++)
		if (!CRASH__ADD(search, whole, search->lost[i]))
			return false;
	return crash__guilty_others_alone(search, step, proof->cause, proof->other);
}

/* Whether a state of a cause is impossible, and what is left of it is none of that cause's. */
static bool is_gone(struct crash__cause_search *search, const uint32_t *repaired,
		    const struct crash__state *state, const struct proof *proof)
{
	struct crash__entry *rest;

	if (!list_remaining(search, repaired, state))
		return false;
	search->probes = 0;
	rest = crash__search_try(search, state->step, search->lost, search->lost_count, false);
	if (!rest || !crash__verdict_failed(rest->kind))
		return true;
	if (!rest->listed) {
		crash__search_queue(search, rest);
		return false;
	}
	if (rest->cause && rest->cause != proof->cause && rest->cause != proof->other)
		return true;
	return rest->cause && is_of_others(search, rest, state->step, proof);
}

/* Since when each of the model's atoms would be durable; NULL: there is no memory. One that would not be
 * there is never lost. */
static uint32_t *repaired_since(struct crash__cause_search *search, const struct candidate *candidate)
{
	const struct crash__atoms *own = crash__search_atoms(search);
	uint32_t *since = calloc(own->list_count + 1, sizeof *since);
	struct crash__atoms atoms;
	int error = since ? crash__atoms_make_with(&atoms, crash__search_fs(search), own->model,
						   candidate->syncs, candidate->syncs_count) :
			    -1;

	if (error == 0) {
		error = crash__atoms_match(own, &atoms, 0, since);
		crash__atoms_clear(&atoms);
	}
	if (error == 0)
		return since;
	free(since);
	return NULL;
}

static uint64_t count_gone_of(struct crash__cause_search *search, const struct crash__cause *cause,
			      const struct proof *proof)
{
	uint32_t *since = repaired_since(search, proof->candidate);
	uint64_t gone = 0;

	if (!since)
		return 0;
	for (size_t i = 0; i < cause->entries_count && !crash__engine_is_over(search->engine); i++)
		gone += cause->entries[i]->model == search->model &&
			is_gone(search, since, &cause->entries[i]->state, proof);
	/* the smallest one need not be among them */
	if (cause->model == search->model && !is_gone(search, since, &cause->state, proof))
		gone = 0;
	free(since);
	return gone;
}

/* How many of the cause's states a candidate removes. */
static uint64_t count_gone(struct crash__cause_search *search, const struct crash__cause *cause,
			   const struct proof *proof)
{
	uint64_t count = 0;

	for (uint32_t model = 0; model < search->engine->options.model_count; model++) {
		bool used = model == cause->model;
		uint64_t gone;

		for (size_t i = 0; i < cause->entries_count; i++)
			used |= cause->entries[i]->model == model;
		if (!used)
			continue;
		if (crash__search_begin_model(search, model) < 0)
			return 0;
		gone = count_gone_of(search, cause, proof);
		if (model == cause->model && gone == 0)
			return 0;
		count += gone;
	}
	/* what could not be looked at would count as gone */
	return crash__engine_is_over(search->engine) ? 0 : count;
}

/* Leaves out what is not needed to remove as many states. */
static void reduce(struct crash__cause_search *search, const struct crash__cause *cause,
		   struct candidate *candidate, uint64_t count)
{
	struct candidate fewer = {0};

	if (candidate->syncs_count > MOST_REDUCED)
		return;
	for (size_t out = candidate->syncs_count; out-- > 0 && candidate->syncs_count > 1;) {
		struct proof proof = {.candidate = &fewer, .cause = cause->number};
		bool complete = true;

		fewer.syncs_count = 0;
		for (size_t i = 0; i < candidate->syncs_count; i++)
			complete &= i == out || CRASH__ADD(&fewer, syncs, candidate->syncs[i]);
		if (complete && count_gone(search, cause, &proof) == count) {
			memmove(&candidate->syncs[out], &candidate->syncs[out + 1],
				(candidate->syncs_count - out - 1) * sizeof *candidate->syncs);
			candidate->syncs_count--;
		}
	}
	free(fewer.syncs);
}

/* The candidate becomes the repair, if it removes more states than any before. */
static void try_candidate(struct crash__cause_search *search, struct crash__cause *cause,
			  const struct remedy *remedy)
{
	struct candidate candidate = {0};
	struct proof proof = {.candidate = &candidate, .cause = cause->number};
	uint64_t count = 0;

	if (make_candidate(search, cause, remedy, &candidate) == 0 && candidate.syncs_count)
		count = count_gone(search, cause, &proof);
	if (count > cause->repaired) {
		if (!remedy->everywhere)
			reduce(search, cause, &candidate, count);
		free(cause->syncs);
		cause->syncs = candidate.syncs;
		cause->syncs_count = candidate.syncs_count;
		cause->syncs_size = candidate.syncs_size;
		cause->repaired = count;
		cause->remedy = remedy->what;
	} else {
		free(candidate.syncs);
	}
}

static void try_repairs(struct crash__cause_search *search, struct crash__cause *cause)
{
	static const struct remedy remedies[] = {
		{OF_DIRECTORY, false}, {OF_FILE, false}, {OF_FILE | OF_DIRECTORY, false},
		{OF_DIRECTORY, true},  {OF_FILE, true},	 {OF_FILE | OF_DIRECTORY, true},
	};

	for (size_t i = 0; i < sizeof remedies / sizeof *remedies && cause->repaired < cause->states; i++)
		try_candidate(search, cause, &remedies[i]);
}

bool crash__repair_is_same(const struct crash__cause *one, const struct crash__cause *other)
{
	for (size_t i = 0; i < other->syncs_count; i++) {
		bool found = false;

		for (size_t at = 0; at < one->syncs_count; at++)
			found |= one->syncs[at].step == other->syncs[i].step &&
				 one->syncs[at].node == other->syncs[i].node;
		if (!found)
			return false;
	}
	return one->syncs_count && other->syncs_count;
}

bool crash__repair_covers(struct crash__cause_search *search, const struct crash__cause *by,
			  const struct crash__cause *cause)
{
	struct candidate candidate = {0};
	struct remedy remedy = {by->remedy, true};
	struct proof proof = {&candidate, by->number, cause->number};
	bool covers = by->remedy && make_candidate(search, by, &remedy, &candidate) == 0 &&
		      count_gone(search, by, &proof) == by->states &&
		      count_gone(search, cause, &proof) == cause->states;

	free(candidate.syncs);
	return covers;
}

/* ------------------------------------------------------------------ in words */

static void print_file(const struct crash__fs *fs, const struct crash__virtual_sync *sync, FILE *stream)
{
	char *name = crash__fs_node_path(fs, sync->node, sync->step);

	fprintf(stream, "%s%s",
		sync->node == 1					    ? "the " :
		fs->nodes[sync->node].type == CRASH__NODE_DIRECTORY ? "the directory " :
								      "",
		name ? name : "?");
	free(name);
}

/* "a.tmp, b.tmp and the directory d": what is synced before one op. */
static void print_files(const struct crash__fs *fs, const struct crash__cause *cause, uint32_t step,
			FILE *stream)
{
	size_t count = 0, at = 0;

	for (size_t i = 0; i < cause->syncs_count; i++)
		count += cause->syncs[i].step == step;
	for (size_t i = 0; i < cause->syncs_count; i++) {
		if (cause->syncs[i].step != step)
			continue;
		if (at == MOST_NAMES && count > MOST_NAMES + 1) {
			fprintf(stream, " and %zu more files", count - at);
			return;
		}
		fputs(at == 0 ? "" : at + 1 == count ? " and " : ", ", stream);
		print_file(fs, &cause->syncs[i], stream);
		at++;
	}
}

static size_t count_other_places(const struct crash__cause *cause, uint32_t step)
{
	size_t count = 0;

	for (size_t i = 0; i < cause->syncs_count; i++)
		count += cause->syncs[i].step != step &&
			 (i == 0 || cause->syncs[i].step != cause->syncs[i - 1].step);
	return count;
}

static void print_count(const struct crash__cause_search *search, const struct crash__cause *cause,
			FILE *stream)
{
	bool all = cause->repaired == cause->states;

	/* how many there are in other shards is not known */
	fprintf(stream, " removes %s%llu",
		all && cause->repaired > 1 && search->engine->options.shards <= 1 ? "all " : "",
		(unsigned long long)cause->repaired);
	if (!all)
		fprintf(stream, " of %llu", (unsigned long long)cause->states);
	fprintf(stream, " state%s", cause->states == 1 ? "" : "s");
}

static char *repair_text(struct crash__cause_search *search, const struct crash__cause *cause)
{
	const struct crash__fs *fs = crash__search_fs(search);
	uint32_t step = cause->syncs[0].step;
	char *text = NULL, *before;
	size_t size, others;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (size_t i = 0; i < cause->syncs_count; i++)
		if (cause->syncs[i].step == cause->survivor)
			step = cause->survivor;
	before = crash__op_phrase(search->callsites, fs, step);
	others = count_other_places(cause, step);
	fputs("fsync of ", stream);
	print_files(fs, cause, step, stream);
	fprintf(stream, " before %s", before ? before : "?");
	if (others)
		fprintf(stream, ", and likewise before %zu more op%s from this call site,", others,
			others == 1 ? "" : "s");
	print_count(search, cause, stream);
	free(before);
	return fclose(stream) == 0 ? text : NULL;
}

/* ------------------------------------------------------------------ all of it */

/* What helps where no fsync does. */
static const char *advice(const struct crash__fs *fs, const struct crash__cause *cause)
{
	if (cause->process && cause->state.count && cause->lost != CRASH__NEVER &&
	    fs->steps[cause->lost].event->kernel == CRASH__CALL_store)
		return "no fsync helps: the order of stores to mapped memory is not seen, and a compiler may "
		       "change it; an msync() between them puts them in order";
	if (cause->process && !cause->torn)
		return "no fsync helps: the program itself leaves the files in this state; make recovery "
		       "handle it, or make the change with one atomic op";
	if (cause->failed_sync)
		return "after a failed fsync, write the data again to a new file, or stop: a second fsync "
		       "promises nothing about what the first one was to make durable, and neither does "
		       "writing to the same blocks";
	if (!cause->torn)
		return "no single fsync removes it: the order of the ops is wrong";
	if (fs->steps[cause->lost].event->family == CRASH__FAMILY_WRITE)
		return "no fsync helps: make recovery detect a torn write by a checksum, or write to a new "
		       "file and rename it";
	if (fs->steps[cause->lost].event->family == CRASH__FAMILY_RENAME)
		return "no fsync helps: make recovery handle a rename of which only one name reached the "
		       "disk";
	return "no fsync helps: make recovery handle an op of which only a part reached the disk";
}

/* Where there was no time. */
static const char not_looked_for[] = "a repair was not looked for: the budget was spent";

/* Without what was found before, which is left in `before`. */
static void forget(struct crash__cause *cause, struct crash__cause *before)
{
	*before = *cause;
	cause->syncs = NULL;
	cause->syncs_count = cause->syncs_size = 0;
	cause->repaired = 0;
	cause->remedy = 0;
	cause->repair = cause->advice = NULL;
}

/* No repair is said of which it is not known that it helps. One that was found before has helped then: more
 * failures of the cause are no reason against it. */
static void take_back(struct crash__cause *cause, struct crash__cause *before)
{
	free(cause->syncs);
	cause->syncs = before->syncs;
	cause->syncs_count = before->syncs_count;
	cause->syncs_size = before->syncs_size;
	cause->repaired = before->repaired;
	cause->remedy = before->remedy;
	cause->advice = before->advice ? before->advice : before->repair ? NULL : strdup(not_looked_for);
	before->syncs = NULL;
	before->advice = NULL;
}

int crash__repair_find(struct crash__cause_search *search, struct crash__cause *cause)
{
	bool may_help =
		!cause->process && !cause->torn && !cause->failed_sync && cause->survivor != CRASH__NEVER;
	struct crash__cause before;

	forget(cause, &before);
	if (may_help && !crash__engine_is_over(search->engine))
		try_repairs(search, cause);
	if (crash__engine_is_over(search->engine))
		take_back(cause, &before);
	else if (!cause->syncs_count)
		cause->advice = strdup(advice(crash__search_fs(search), cause));
	if (cause->syncs_count)
		cause->repair = repair_text(search, cause);
	free(before.syncs);
	free(before.repair);
	free(before.advice);
	return cause->repair || cause->advice ? 0 : crash__fail(CRASH_ENOMEM, "no memory for a repair");
}
