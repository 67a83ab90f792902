/* SPDX-License-Identifier: MIT */
#include "explore/nested/nested.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/remove.h"
#include "explore/atoms/atom_set.h"
#include "explore/findings/replay.h"
#include "explore/recording/prepare_recording.h"
#include "explore/recording/recording_digest.h"
#include "explore/states/state_name.h"
#include "symbols/callsite.h"

/* Each recovery gets its part of the time that is left, and as much at least. */
#define LEAST_NS UINT64_C(100000000)

struct known_recording {
	char digest[CRASH__DIGEST_TEXT];
	uint64_t acked;
};

struct nesting {
	const struct crash__nested_options *options;
	struct crash__exploration *outermost;
	struct crash__nested_counts *counts;
	CRASH__VECTOR(struct known_recording, known);
	uint64_t began; /* when budgets began to count */
	uint64_t left;	/* states that recovery is still to start from, of this level */
	bool over, cut; /* all of them, or one */
};

/* ------------------------------------------------------------------ which states */

/* States that recovery starts from. */
struct chosen {
	CRASH__VECTOR(const struct crash__entry *, list);
};

/* Coarse classes and fine ones have numbers of one row. */
static size_t count_classes(const struct crash__engine *engine)
{
	size_t count = 0;

	for (const struct crash__entry *entry = engine->entries; entry; entry = entry->hh.next)
		if (entry->class >= count)
			count = entry->class + 1;
	return count;
}

/* One of each class that the checker accepts: from those that fail, nothing more is to be learnt. */
static int choose(const struct crash__engine *engine, struct chosen *chosen)
{
	size_t classes = count_classes(engine);
	bool *seen = calloc(classes + 1, engine->options.model_count), good = seen;

	for (const struct crash__entry *entry = engine->entries; entry && good; entry = entry->hh.next) {
		bool *known = &seen[entry->model < engine->options.model_count ?
					    entry->model * classes + entry->class :
					    0];

		if (!entry->class || entry->kind != CRASH__VERDICT_PASSED || entry->elsewhere ||
		    entry == engine->final || *known)
			continue;
		*known = true;
		good = CRASH__ADD(chosen, list, entry);
	}
	free(seen);
	return good ? 0 : crash__fail(CRASH_ENOMEM, "no memory for states");
}

static bool is_over(struct nesting *nesting)
{
	const struct crash__engine_options *engine = &nesting->options->outer->engine;
	uint64_t checked = nesting->outermost->engine->checked + nesting->counts->checked;

	nesting->over |= engine->stop && atomic_load(engine->stop);
	nesting->over |= engine->budget_ns && crash__now_ns() - nesting->began >= engine->budget_ns;
	nesting->over |= engine->budget_states && checked >= engine->budget_states;
	return nesting->over;
}

/* ------------------------------------------------------------------ in words */

/* The first op that a state has lost something of; CRASH__NEVER: none. */
static uint32_t first_lost(const struct crash__atoms *atoms, const struct crash__state *state)
{
	uint32_t at = 0;

	if (state->reference == CRASH__EVERYTHING)
		return state->count ? atoms->list[state->flipped[0]].step : CRASH__NEVER;
	for (crash__atom_id id = 0; state->step >= 0 && id < atoms->first[state->step + 1]; id++) {
		while (at < state->count && state->flipped[at] < id)
			at++;
		if (crash__atom_is_open(&atoms->list[id], state->step) &&
		    !(at < state->count && state->flipped[at] == id))
			return atoms->list[id].step;
	}
	return CRASH__NEVER;
}

/* Allocated; NULL: no memory. */
static char *words_of(const struct crash__exploration *exploration, const struct crash__entry *entry,
		      const char *outer)
{
	const struct crash__fs *fs = &exploration->recording.fs;
	const struct crash__atoms *atoms = &exploration->engine->atoms[entry->model];
	uint32_t lost = first_lost(atoms, &entry->state);
	struct crash__callsites *callsites;
	char point[CRASH__NAME + 48], *op = NULL, *text = NULL;
	int length;

	crash__point_name(fs, entry->state.step, point, sizeof point);
	if (lost != CRASH__NEVER && crash__callsites_new(fs->trace, fs->root, &callsites) == 0) {
		op = crash__callsite_text(callsites, fs->steps[lost].event);
		crash__callsites_free(callsites);
	}
	if (op)
		length = asprintf(&text, "the state that a power loss at %s leaves without %s", point, op);
	else
		length = asprintf(&text, "the state that a crash at %s leaves", point);
	free(op);
	if (length >= 0 && outer) {
		char *inner = text;

		length = asprintf(&text, "%s in recovery from %s", inner, outer);
		free(inner);
	}
	return length < 0 ? NULL : text;
}

/* ------------------------------------------------------------------ one recovery */

/* Reasons of a recovery are reasons of the whole, and say which one. */
static int take_reasons(struct nesting *nesting, const struct crash__nested *nested)
{
	const struct crash__recording *recording = &nested->exploration.recording;
	int error = 0;

	for (size_t i = 0; i < recording->incomplete_count && error == 0; i++)
		error = crash__recording_incomplete(&nesting->outermost->recording, "in recovery from %s: %s",
						    nested->from, recording->incomplete[i]);
	return error;
}

/* Whether a recording like it was explored; else it is noted. */
static int is_known(struct nesting *nesting, const struct crash__fs *fs, uint64_t acked, bool *known)
{
	struct known_recording mine = {.acked = acked};
	int error = crash__recording_digest(fs, true, NULL, mine.digest);

	for (size_t i = 0; i < nesting->known_count && error == 0 && !*known; i++)
		*known = nesting->known[i].acked == acked &&
			 strcmp(nesting->known[i].digest, mine.digest) == 0;
	if (error == 0 && !*known && !CRASH__ADD(nesting, known, mine))
		error = crash__fail(CRASH_ENOMEM, "no memory for recordings of recovery");
	return error;
}

static uint64_t share_of(const struct nesting *nesting)
{
	uint64_t most = nesting->options->outer->engine.budget_ns, spent = crash__now_ns() - nesting->began,
		 part = most > spent ? (most - spent) / (nesting->left ? nesting->left : 1) : 0;

	return part > LEAST_NS ? part : LEAST_NS;
}

static struct crash__explore_options options_of(const struct nesting *nesting,
						const struct crash__request *request,
						const struct crash__exploration *above, const char *start,
						const struct crash__entry *entry, const char *from)
{
	struct crash__explore_options own = *nesting->options->outer;
	const struct crash__engine_options *outer = &above->engine->options;
	uint64_t checked = nesting->outermost->engine->checked + nesting->counts->checked;

	own.recording = (struct crash__recording_options){
		.request = request,
		.directory = above->recording.directory,
		.start = start,
		.copy = own.recording.copy,
		.save_tree = nesting->options->save_tree,
	};
	own.engine.acks = outer->acks ? outer->acks : outer->fs;
	own.engine.acked = outer->acks ? outer->acked : entry->state.acked;
	own.engine.from = from;
	own.engine.began_ns = 0;
	if (own.engine.budget_ns)
		own.engine.budget_ns = share_of(nesting);
	if (own.engine.budget_states)
		own.engine.budget_states -= checked;
	own.engine.verdict = NULL;
	own.engine.finding = NULL;
	own.engine.wants = NULL;
	return own;
}

static int run(struct nesting *nesting, const struct crash__explore_options *own,
	       struct crash__nested *nested)
{
	struct crash__exploration *exploration = &nested->exploration;
	struct crash__counts counts;
	bool known = false;
	int error = is_known(nesting, &exploration->recording.fs, own->engine.acked, &known);

	if (error < 0 || known) {
		nesting->counts->same += known;
		return error;
	}
	error = crash__explore_start(own, exploration);
	if (error == 0)
		error = crash__explore_run(exploration);
	if (error < 0)
		return error;
	crash__engine_count(exploration->engine, &counts);
	nesting->counts->explored++;
	nesting->counts->distinct += exploration->engine->fresh;
	nesting->counts->checked += counts.checked;
	nesting->counts->failed += counts.failed;
	if (exploration->engine->out_of_budget || exploration->engine->stopped)
		nesting->cut = true; /* the next ones have parts of the budget of their own */
	else
		error = take_reasons(nesting, nested);
	return error < 0 ? error : nesting->options->explored(nesting->options->context, nested);
}

static int explore_level(struct nesting *nesting, struct crash__exploration *exploration,
			 const struct crash__nested *outer, unsigned int level);

/* `start` has the state. */
static int record_and_run(struct nesting *nesting, struct crash__exploration *above,
			  const struct crash__entry *entry, const char *start, unsigned int level,
			  struct crash__nested *nested)
{
	struct crash__request request = *nesting->options->request;
	struct crash__exploration *exploration = &nested->exploration;
	struct crash__explore_options own;
	int error = 0;

	request.trace = nested->trace = memfd_create("crashinject-recovery", MFD_CLOEXEC);
	if (request.trace < 0)
		return crash__fail_errno("cannot make memory for the trace");
	own = options_of(nesting, &request, above, start, entry, nested->from);
	error = crash__recording_prepare(&own.recording, &exploration->recording);
	if (error == 0 && exploration->recording.recorded.exit_code != 0)
		error = crash__recording_incomplete(&nesting->outermost->recording,
						    "recovery from %s succeeds, and not where it is recorded",
						    nested->from);
	if (error == 0 && !exploration->recording.fs.effects_count)
		nesting->counts->idle++;
	else if (error == 0)
		error = run(nesting, &own, nested);
	if (error == 0 && level > 2 && exploration->engine && !nesting->over)
		error = explore_level(nesting, exploration, nested, level - 1);
	crash__explore_clear(exploration);
	close(nested->trace);
	return error;
}

/* `outer`: what the exploration itself has started from; NULL: it is the program's. */
static int explore_from(struct nesting *nesting, struct crash__exploration *above,
			const struct crash__entry *entry, const struct crash__nested *outer,
			unsigned int level)
{
	const struct crash__atoms *atoms = &above->engine->atoms[entry->model];
	char start[PATH_MAX], *words = words_of(above, entry, outer ? outer->words : NULL),
			      *name = crash__engine_state_name(above->engine, entry->model, &entry->state);
	struct crash__nested nested = {
		.from = name,
		.words = words,
		.trace = -1,
		.power = (outer && outer->power) || first_lost(atoms, &entry->state) != CRASH__NEVER,
		.models = entry->models & (outer ? outer->models : UINT32_MAX),
	};
	int error = 0;

	snprintf(start, sizeof start, "%.3000s/from", above->recording.scratch.path);
	if (!name || !words)
		error = crash__fail(CRASH_ENOMEM, "no memory for a state");
	if (error == 0)
		error = crash__state_put(&above->recording.fs, atoms, &entry->state, start);
	if (error == 0)
		error = record_and_run(nesting, above, entry, start, level, &nested);
	if (crash__remove_tree(start, true) < 0 && error == 0)
		error = crash__fail_errno("cannot remove %s", start);
	free(name);
	free(words);
	return error;
}

static int explore_level(struct nesting *nesting, struct crash__exploration *exploration,
			 const struct crash__nested *outer, unsigned int level)
{
	struct chosen chosen = {0};
	uint64_t left = nesting->left;
	int error = choose(exploration->engine, &chosen);

	nesting->counts->states += chosen.list_count;
	for (size_t i = 0; i < chosen.list_count && error == 0 && !is_over(nesting); i++) {
		nesting->left = left + chosen.list_count - i;
		error = explore_from(nesting, exploration, chosen.list[i], outer, level);
	}
	nesting->left = left;
	free(chosen.list);
	return error;
}

/* ------------------------------------------------------------------ all of them */

static int note_over(struct nesting *nesting)
{
	const struct crash__nested_counts *counts = nesting->counts;
	uint64_t done = counts->explored + counts->same + counts->idle;

	return crash__recording_incomplete(&nesting->outermost->recording,
					   "not all crashes of recovery were looked at before the budget ran "
					   "out, or it was interrupted: "
					   "recovery was run from %llu of %llu states",
					   (unsigned long long)done, (unsigned long long)counts->states);
}

int crash__nested_explore(const struct crash__nested_options *options, struct crash__exploration *exploration,
			  struct crash__nested_counts *counts)
{
	struct nesting nesting = {.options = options,
				  .outermost = exploration,
				  .counts = counts,
				  .began = options->outer->engine.began_ns};
	int error = 0;

	*counts = (struct crash__nested_counts){0};
	if (!exploration->engine->final || exploration->engine->final->kind != CRASH__VERDICT_PASSED)
		return 0;
	error = explore_level(&nesting, exploration, NULL, options->depth);
	if (error == 0 && (nesting.over || nesting.cut))
		error = note_over(&nesting);
	free(nesting.known);
	return error;
}
