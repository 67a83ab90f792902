/* SPDX-License-Identifier: MIT */
#include "explore/nested/nested.h"

#include <inttypes.h>
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
#include "explore/nested/chosen.h"
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
	const struct crash__nested *current; /* that is being explored */
	uint64_t began;			     /* when budgets began to count */
	uint64_t left;			     /* states that recovery is still to start from, of this level */
	uint64_t cut;			     /* of how many the budget was over, */
	bool over;			     /* and of all */
};

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
static int is_known(struct nesting *nesting, const struct crash__nested *nested, bool *known)
{
	struct known_recording mine = {.acked = nested->acked};

	memcpy(mine.digest, nested->digest, sizeof mine.digest);
	for (size_t i = 0; i < nesting->known_count && !*known; i++)
		*known = nesting->known[i].acked == mine.acked &&
			 strcmp(nesting->known[i].digest, mine.digest) == 0;
	return *known || CRASH__ADD(nesting, known, mine) ?
		       0 :
		       crash__fail(CRASH_ENOMEM, "no memory for recordings of recovery");
}

static uint64_t share_of(const struct nesting *nesting)
{
	uint64_t most = nesting->options->outer->engine.budget_ns, spent = crash__now_ns() - nesting->began,
		 part = most > spent ? (most - spent) / (nesting->left ? nesting->left : 1) : 0;

	return part > LEAST_NS ? part : LEAST_NS;
}

static void on_verdict(void *context, const struct crash__entry *entry,
		       const struct crash__check_result *result, const char *output)
{
	const struct nesting *nesting = context;

	if (nesting->options->verdict)
		nesting->options->verdict(nesting->options->context, nesting->current, entry, result, output);
}

static struct crash__explore_options options_of(struct nesting *nesting, const struct crash__request *request,
						const struct crash__exploration *above, const char *start,
						const struct crash__nested *nested)
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
	own.engine.acked = nested->acked;
	own.engine.from = nested->from;
	own.engine.before = nesting->outermost->engine;
	own.engine.shard = own.engine.shards = 1;
	own.engine.began_ns = 0;
	if (own.engine.budget_ns)
		own.engine.budget_ns = share_of(nesting);
	if (own.engine.budget_states)
		own.engine.budget_states -= checked;
	own.engine.verdict = on_verdict;
	own.engine.context = nesting;
	own.engine.finding = NULL;
	own.engine.wants = NULL;
	return own;
}

/* What tells states of one recording from those of another: their hashes are relative to its starting tree.
 */
static struct crash__hash mark_of(const char digest[CRASH__DIGEST_TEXT])
{
	struct crash__hash mark = {0};

	sscanf(digest, "%16" SCNx64 "%16" SCNx64, &mark.high, &mark.low);
	return mark;
}

static int run(struct nesting *nesting, struct crash__explore_options *own, struct crash__nested *nested)
{
	struct crash__exploration *exploration = &nested->exploration;
	struct crash__counts counts;
	int error;

	own->engine.mark = mark_of(nested->digest);
	nesting->current = nested;
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
	nested->cut = exploration->engine->out_of_budget || exploration->engine->stopped;
	nesting->cut += nested->cut; /* the next ones have parts of the budget of their own */
	if (!crash__verdict_failed(exploration->engine->final->kind))
		return 0;
	return crash__recording_incomplete(&exploration->recording,
					   "what it leaves is not accepted where it runs once more, so that "
					   "it was not interrupted");
}

/* What is recorded is explored, if it is another one than those before. */
static int look_at(struct nesting *nesting, struct crash__explore_options *own, struct crash__nested *nested)
{
	struct crash__recording *recording = &nested->exploration.recording;
	bool known = false;
	int error = crash__recording_prepare(&own->recording, recording);

	if (error == 0 && recording->recorded.exit_code != 0)
		error = crash__recording_incomplete(recording,
						    "it succeeds, and not where it is recorded (exit status "
						    "%d)",
						    recording->recorded.exit_code);
	if (error == 0 && !recording->fs.effects_count) {
		nesting->counts->idle++;
	} else if (error == 0) {
		error = crash__recording_digest(&recording->fs, true, NULL, nested->digest);
		if (error == 0)
			error = is_known(nesting, nested, &known);
		nested->outcome = known ? CRASH__NESTED_SAME : CRASH__NESTED_EXPLORED;
		nesting->counts->same += known;
		if (error == 0 && !known)
			error = run(nesting, own, nested);
	}
	/* that the budget ran out is said of all of them */
	return error == 0 && !nested->cut ? take_reasons(nesting, nested) : error;
}

static int explore_level(struct nesting *nesting, struct crash__exploration *exploration,
			 const struct crash__chosen *chosen, const struct crash__nested *outer);

/* `start` has the state. */
static int record_and_run(struct nesting *nesting, struct crash__exploration *above, const char *start,
			  struct crash__nested *nested)
{
	struct crash__request request = *nesting->options->request;
	struct crash__exploration *exploration = &nested->exploration;
	struct crash__explore_options own;
	struct crash__chosen chosen = {0};
	int error;

	request.trace = nested->trace = memfd_create("crashinject-recovery", MFD_CLOEXEC);
	if (request.trace < 0)
		return crash__fail_errno("cannot make memory for the trace");
	own = options_of(nesting, &request, above, start, nested);
	error = look_at(nesting, &own, nested);
	if (error == 0 && nested->level < nesting->options->depth && exploration->engine && !nesting->over)
		error = crash__nested_choose(exploration->engine, &chosen);
	nested->states = chosen.list_count;
	if (error == 0)
		error = nesting->options->explored(nesting->options->context, nested);
	if (error == 0)
		error = explore_level(nesting, exploration, &chosen, nested);
	free(chosen.list);
	crash__explore_clear(exploration);
	close(nested->trace);
	return error;
}

/* `outer`: what the exploration itself has started from; NULL: it is the program's. */
static int explore_from(struct nesting *nesting, struct crash__exploration *above,
			const struct crash__entry *entry, const struct crash__nested *outer)
{
	const struct crash__atoms *atoms = &above->engine->atoms[entry->model];
	char start[PATH_MAX], *words = words_of(above, entry, outer ? outer->words : NULL),
			      *name = crash__engine_state_name(above->engine, entry->model, &entry->state);
	struct crash__nested nested = {
		.outer = outer,
		.level = outer ? outer->level + 1 : 2,
		.from = name,
		.words = words,
		.trace = -1,
		.power = (outer && outer->power) || first_lost(atoms, &entry->state) != CRASH__NEVER,
		.models = entry->models & (outer ? outer->models : UINT32_MAX),
		.acked = outer ? outer->acked : entry->state.acked,
	};
	int error = 0;

	snprintf(start, sizeof start, "%.3000s/from", above->recording.scratch.path);
	if (!name || !words)
		error = crash__fail(CRASH_ENOMEM, "no memory for a state");
	if (error == 0)
		error = crash__state_put(&above->recording.fs, atoms, &entry->state, start);
	if (error == 0)
		error = record_and_run(nesting, above, start, &nested);
	if (crash__remove_tree(start, true) < 0 && error == 0)
		error = crash__fail_errno("cannot remove %s", start);
	free(name);
	free(words);
	return error;
}

static int explore_level(struct nesting *nesting, struct crash__exploration *exploration,
			 const struct crash__chosen *chosen, const struct crash__nested *outer)
{
	uint64_t left = nesting->left;
	int error = 0;

	nesting->counts->states += chosen->list_count;
	for (size_t i = 0; i < chosen->list_count && error == 0 && !is_over(nesting); i++) {
		nesting->left = left + chosen->list_count - i;
		error = explore_from(nesting, exploration, chosen->list[i], outer);
	}
	nesting->left = left;
	return error;
}

/* ------------------------------------------------------------------ all of them */

char *crash__nested_missing(const struct crash__nested_counts *counts, uint64_t cut)
{
	uint64_t done = counts->explored + counts->same + counts->idle;
	char *text;

	if (asprintf(&text,
		     "not all crashes of recovery were looked at before the budget ran out, or it was "
		     "interrupted: recovery was run from %llu of %llu states, and of %llu of these runs not "
		     "all crashes were checked",
		     (unsigned long long)done, (unsigned long long)counts->states,
		     (unsigned long long)cut) < 0)
		text = NULL;
	return text;
}

static int note_over(struct nesting *nesting)
{
	char *text = crash__nested_missing(nesting->counts, nesting->cut);
	int error = text ? crash__recording_incomplete(&nesting->outermost->recording, "%s", text) :
			   crash__fail(CRASH_ENOMEM, "no memory for a reason");

	free(text);
	return error;
}

int crash__nested_explore(const struct crash__nested_options *options, struct crash__exploration *exploration,
			  struct crash__nested_counts *counts, bool *over)
{
	struct nesting nesting = {.options = options,
				  .outermost = exploration,
				  .counts = counts,
				  .began = options->outer->engine.began_ns};
	struct crash__chosen chosen = {0};
	int error;

	*counts = (struct crash__nested_counts){0};
	*over = false;
	if (!exploration->engine->final || exploration->engine->final->kind != CRASH__VERDICT_PASSED)
		return 0;
	error = crash__nested_choose(exploration->engine, &chosen);
	counts->first = chosen.list_count;
	if (error == 0)
		error = explore_level(&nesting, exploration, &chosen, NULL);
	*over = nesting.over || nesting.cut;
	if (error == 0 && *over)
		error = note_over(&nesting);
	free(chosen.list);
	free(nesting.known);
	return error;
}
