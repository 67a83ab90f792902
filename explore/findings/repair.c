/* SPDX-License-Identifier: MIT */
/*
 * Method. The candidates are fsyncs right before each op that comes from the place where something survived,
 * of what was lost before it: of the file, of the directory of the name, or of both. A candidate is tried by
 * making the model's atoms anew, as if the program had made these syncs: a state is impossible if anything
 * that it has lost is durable by then. No checker runs.
 *
 * Whether another model allows a cause is found out alike: the same op's atoms under that model must not be
 * durable at that point, and what depends on them must not take the op that survived along. Where the state
 * that this makes was checked, because an explored model has it too, that verdict counts.
 */
#include "explore/findings/repair.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "explore/atoms/atom_set.h"
#include "explore/atoms/make_atoms.h"
#include "explore/atoms/persistence_model.h"
#include "explore/phrases/op_phrase.h"

/* So many states of a cause are tried under another model, the smallest first. */
#define MOST_ENTRIES 30

enum what { OF_FILE = 1, OF_DIRECTORY = 2 };

struct candidate {
	CRASH__VECTOR(struct crash__virtual_sync, syncs);
	bool useful; /* something is synced before the cause's own survivor */
};

/* ------------------------------------------------------------------ candidates */

static int add_sync(struct candidate *candidate, uint32_t step, crash__node_id node)
{
	for (size_t i = candidate->syncs_count; i-- > 0 && candidate->syncs[i].step == step;)
		if (candidate->syncs[i].node == node)
			return 0;
	if (!CRASH__ADD(candidate, syncs, (struct crash__virtual_sync){step, node}))
		return crash__fail(CRASH_ENOMEM, "no memory for a repair");
	return 0;
}

/* What an op changed: its file, or the directories of its names. */
static int add_syncs_of(struct candidate *candidate, const struct crash__fs *fs, uint32_t lost,
			uint32_t before, int what)
{
	const struct crash__step *step = &fs->steps[lost];
	int error = 0;

	for (uint32_t i = 0; i < step->effects && error == 0; i++) {
		const struct crash__effect *effect = &fs->effects[step->first_effect + i];

		if (effect->kind == CRASH__EFFECT_ENTRY && (what & OF_DIRECTORY))
			error = add_sync(candidate, before, fs->slots[effect->slot].directory);
		else if (effect->kind != CRASH__EFFECT_ENTRY && (what & OF_FILE))
			error = add_sync(candidate, before, effect->node);
		else if (effect->kind == CRASH__EFFECT_ENTRY && effect->node && (what & OF_FILE))
			error = add_sync(candidate, before, effect->node);
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

/* Syncs before every op that is like the survivor, of all ops like the lost one since the last time. */
static int make_candidate(const struct crash__fs *fs, struct crash__callsites *callsites,
			  const struct crash__cause *cause, int what, struct candidate *candidate)
{
	char *lost = crash__callsite_signature(callsites, fs->steps[cause->lost].event);
	char *survivor = crash__callsite_signature(callsites, fs->steps[cause->survivor].event);
	struct {
		CRASH__VECTOR(uint32_t, steps);
	} pending = {0};
	int error = lost && survivor ? 0 : crash__fail(CRASH_ENOMEM, "no memory for a repair");

	for (uint32_t step = 0; step < fs->steps_count && error == 0; step++) {
		const struct crash__event *event = fs->steps[step].event;

		if (is_like(callsites, event, survivor)) {
			for (size_t i = 0; i < pending.steps_count && error == 0; i++)
				error = add_syncs_of(candidate, fs, pending.steps[i], step, what);
			if (step == cause->survivor && error == 0) /* it may have survived others like it */
				error = add_syncs_of(candidate, fs, cause->lost, step, what);
			pending.steps_count = 0;
		}
		if (fs->steps[step].effects && is_like(callsites, event, lost) &&
		    !CRASH__ADD(&pending, steps, step))
			error = crash__fail(CRASH_ENOMEM, "no memory for a repair");
	}
	for (size_t i = 0; i < candidate->syncs_count; i++)
		candidate->useful |= candidate->syncs[i].step == cause->survivor;
	free(pending.steps);
	free(lost);
	free(survivor);
	return error;
}

/* ------------------------------------------------------------------ trying them */

/*
 * Whether anything that a state has lost would be durable at its point. A state that is said as "only what is
 * durable" has lost what was not.
 */
static bool is_impossible(const struct crash__atoms *as_is, const struct crash__atoms *repaired,
			  const struct crash__state *state)
{
	bool everything = state->reference == CRASH__EVERYTHING;
	uint32_t at = 0;

	for (crash__atom_id id = 0; id < repaired->first[state->step + 1]; id++) {
		bool flipped;

		while (at < state->count && state->flipped[at] < id)
			at++;
		flipped = at < state->count && state->flipped[at] == id;
		if (flipped == everything && (int64_t)as_is->list[id].durable > state->step &&
		    (int64_t)repaired->list[id].durable <= state->step)
			return true;
	}
	return false;
}

/* How many of the cause's states a candidate makes impossible. */
static uint64_t count_repaired(struct crash__engine *engine, const struct crash__cause *cause,
			       const struct candidate *candidate)
{
	uint64_t count = 0;

	for (uint32_t model = 0; model < engine->options.model_count; model++) {
		struct crash__atoms atoms;
		bool used = false;

		for (size_t i = 0; i < cause->entries_count; i++)
			used |= cause->entries[i]->model == model;
		if (!used ||
		    crash__atoms_make_with(&atoms, engine->options.fs, &engine->options.models[model],
					   candidate->syncs, candidate->syncs_count) < 0)
			continue;
		for (size_t i = 0; i < cause->entries_count; i++)
			count += cause->entries[i]->model == model &&
				 is_impossible(&engine->atoms[model], &atoms, &cause->entries[i]->state);
		crash__atoms_clear(&atoms);
	}
	return count;
}

/* "a.tmp and the directory .": what the cause's own lost op is synced by. */
static char *names_text(const struct crash__fs *fs, const struct crash__cause *cause, int what)
{
	struct candidate own = {0};
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (stream && add_syncs_of(&own, fs, cause->lost, cause->survivor, what) == 0)
		for (size_t i = 0; i < own.syncs_count; i++) {
			char *name = crash__fs_node_path(fs, own.syncs[i].node, cause->survivor);
			bool directory = fs->nodes[own.syncs[i].node].type == CRASH__NODE_DIRECTORY;

			fprintf(stream, "%s%s%s", i ? " and " : "",
				own.syncs[i].node == 1 ? "the " :
				directory	       ? "the directory " :
							 "",
				name ? name : "?");
			free(name);
		}
	if (stream)
		fclose(stream);
	free(own.syncs);
	return text;
}

/* Whether an op before a step has changed a file or directory, and that is not durable by then. */
static bool is_unsynced(const struct crash__atoms *atoms, crash__node_id node, uint32_t before)
{
	const struct crash__fs *fs = atoms->fs;

	for (crash__atom_id id = 0; id < atoms->first[before]; id++) {
		const struct crash__effect *effect = &fs->effects[atoms->list[id].effect];
		crash__node_id of = effect->kind == CRASH__EFFECT_ENTRY ? fs->slots[effect->slot].directory :
									  effect->node;

		if (of == node && atoms->list[id].durable > before)
			return true;
	}
	return false;
}

/* How many files and directories a candidate makes durable before the survivor, beside those of the cause's
 * own lost op. */
static unsigned int count_others(const struct crash__engine *engine, const struct crash__cause *cause,
				 const struct candidate *candidate, int what)
{
	struct candidate own = {0};
	unsigned int others = 0;
	int error = add_syncs_of(&own, engine->options.fs, cause->lost, cause->survivor, what);

	for (size_t i = 0; i < candidate->syncs_count && error == 0; i++) {
		bool other = candidate->syncs[i].step == cause->survivor;

		for (size_t at = 0; at < own.syncs_count && other; at++)
			other = own.syncs[at].node != candidate->syncs[i].node;
		others += other && is_unsynced(&engine->atoms[cause->model], candidate->syncs[i].node,
					       cause->survivor);
	}
	free(own.syncs);
	return others;
}

static char *repair_text(const struct crash__engine *engine, struct crash__callsites *callsites,
			 const struct crash__cause *cause, const struct candidate *candidate, int what,
			 uint64_t repaired)
{
	char *names = names_text(engine->options.fs, cause, what), *text = NULL, of[48] = "", likes[64] = "";
	char *survivor = crash__op_phrase(callsites, engine->options.fs, cause->survivor);
	bool all = repaired == cause->states;
	unsigned int others = count_others(engine, cause, candidate, what);

	if (others)
		snprintf(likes, sizeof likes, " (and of %u more from the same call site)", others);
	if (!all)
		snprintf(of, sizeof of, " of %llu", (unsigned long long)cause->states);
	if (asprintf(&text, "fsync of %s%s before %s removes %s%llu%s state%s", names ? names : "?", likes,
		     survivor ? survivor : "?", all && repaired > 1 ? "all " : "",
		     (unsigned long long)repaired, of, cause->states == 1 ? "" : "s") < 0)
		text = NULL;
	free(names);
	free(survivor);
	return text;
}

static void try_repairs(struct crash__engine *engine, struct crash__callsites *callsites,
			struct crash__cause *cause)
{
	static const int choices[] = {OF_DIRECTORY, OF_FILE, OF_FILE | OF_DIRECTORY};
	uint64_t best = 0;

	for (size_t i = 0; i < sizeof choices / sizeof *choices && best < cause->states; i++) {
		struct candidate candidate = {0};
		uint64_t repaired = 0;

		if (make_candidate(engine->options.fs, callsites, cause, choices[i], &candidate) == 0 &&
		    candidate.useful)
			repaired = count_repaired(engine, cause, &candidate);
		if (repaired > best) {
			free(cause->repair);
			cause->repair =
				repair_text(engine, callsites, cause, &candidate, choices[i], repaired);
			cause->remedy = choices[i];
			best = repaired;
		}
		free(candidate.syncs);
	}
}

bool crash__repair_is_same(const struct crash__fs *fs, const struct crash__cause *one,
			   const struct crash__cause *other)
{
	struct candidate of_one = {0}, of_other = {0};
	bool same = one->remedy && other->remedy && one->survivor == other->survivor &&
		    add_syncs_of(&of_one, fs, one->lost, one->survivor, one->remedy) == 0 &&
		    add_syncs_of(&of_other, fs, other->lost, other->survivor, other->remedy) == 0 &&
		    of_one.syncs_count == of_other.syncs_count &&
		    memcmp(of_one.syncs, of_other.syncs, of_one.syncs_count * sizeof *of_one.syncs) == 0;

	free(of_one.syncs);
	free(of_other.syncs);
	return same;
}

bool crash__repair_covers(struct crash__engine *engine, struct crash__callsites *callsites,
			  const struct crash__cause *by, const struct crash__cause *cause)
{
	struct candidate candidate = {0};
	bool covers = by->remedy &&
		      make_candidate(engine->options.fs, callsites, by, by->remedy, &candidate) == 0 &&
		      count_repaired(engine, by, &candidate) == by->states &&
		      count_repaired(engine, cause, &candidate) == cause->states;

	free(candidate.syncs);
	return covers;
}

/* ------------------------------------------------------------------ other models */

/* Whether two atoms of different models are of the same change. */
static bool is_same_change(const struct crash__atom *a, const struct crash__atom *b)
{
	if (a->step != b->step || a->kind != b->kind)
		return false;
	if (a->kind == CRASH__ATOM_DATA)
		return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
	if (a->kind == CRASH__ATOM_ENTRY)
		return a->effect < b->effect + b->effects && b->effect < a->effect + a->effects;
	return true;
}

/* What was lost of its own accord: an atom that no other lost one had to take along. */
static bool is_lost_first(const struct crash__atoms *atoms, const struct crash__state *state,
			  crash__atom_id id)
{
	crash__atom_id earlier;

	CRASH__EACH_EDGE(atoms, atoms->list[id].predecessors, earlier)
		for (uint32_t i = 0; i < state->count; i++)
			if (state->flipped[i] == earlier)
				return false;
	return true;
}

/*
 * All of that is in `taken` afterwards, with what it took along. What a state has lost and that does not
 * explain was lost together: atoms that take each other along, as a truncation and the data behind it do on
 * some file systems.
 */
static int take_first(struct crash__set *taken, const struct crash__state *state)
{
	int error = 0;

	crash__set_begin(taken, state->step);
	for (uint32_t i = 0; i < state->count && error == 0; i++)
		if (is_lost_first(taken->atoms, state, state->flipped[i]))
			error = crash__set_omit(taken, state->flipped[i]);
	return error;
}

static bool survivor_stays(const struct crash__set *set, const struct crash__cause *cause)
{
	crash__atom_id first = set->atoms->first[cause->survivor],
		       end = set->atoms->first[cause->survivor + 1];

	if (first == end)
		return true; /* an acknowledgement */
	for (crash__atom_id id = first; id < end; id++)
		if (!crash__set_has(set, id))
			return true;
	return false;
}

/*
 * Leaves out of `set` what the model cannot but lose of what a state has lost by other atoms; false: nothing
 * of it, or more than it may.
 */
static bool omit_alike(struct crash__set *set, const struct crash__set *taken,
		       const struct crash__state *state)
{
	const struct crash__atoms *atoms = set->atoms;
	bool any = false;

	crash__set_begin(set, state->step);
	for (uint32_t i = 0; i < state->count; i++) {
		const struct crash__atom *lost = &taken->atoms->list[state->flipped[i]];

		if (crash__set_has(taken, state->flipped[i]) &&
		    !is_lost_first(taken->atoms, state, state->flipped[i]))
			continue;
		for (crash__atom_id id = atoms->first[lost->step]; id < atoms->first[lost->step + 1]; id++)
			if (is_same_change(lost, &atoms->list[id])) {
				any = true;
				if (crash__set_omit(set, id) < 0)
					return false;
			}
	}
	for (size_t i = 0; i < set->list_count && any; i++)
		any = crash__atom_is_open(&atoms->list[set->list[i]], state->step);
	return any;
}

/*
 * Whether a model allows one state of a cause, or what comes nearest to it there. That may be another state,
 * which loses more, or shows other bytes where data is lost: if it was checked and passed, it does not count.
 */
static bool atoms_allow(struct crash__engine *engine, const struct crash__cause *cause,
			const struct crash__atoms *own, const struct crash__atoms *atoms,
			const struct crash__state *state)
{
	struct crash__set set = {0}, taken = {0};
	const struct crash__entry *known;
	bool allowed = crash__set_init(&set, atoms) == 0 && crash__set_init(&taken, own) == 0 &&
		       take_first(&taken, state) == 0 && omit_alike(&set, &taken, state) &&
		       survivor_stays(&set, cause);

	if (allowed) {
		crash__set_sort(&set);
		known = crash__engine_find(engine, atoms, state->step, set.list, (uint32_t)set.list_count);
		allowed = !known || known->kind == CRASH__VERDICT_NONE || crash__verdict_failed(known->kind);
	}
	crash__set_clear(&taken);
	crash__set_clear(&set);
	return allowed;
}

static bool model_allows(struct crash__engine *engine, const struct crash__cause *cause,
			 const struct crash__model *model)
{
	struct crash__atoms atoms;
	bool allowed;

	if (cause->process)
		return true;
	if (model->process_only || crash__atoms_make(&atoms, engine->options.fs, model) < 0)
		return false;
	allowed = atoms_allow(engine, cause, &engine->atoms[cause->model], &atoms, &cause->state);
	for (size_t i = 0; i < cause->entries_count && i < MOST_ENTRIES && !allowed; i++)
		if (cause->entries[i]->state.reference == CRASH__EVERYTHING &&
		    cause->entries[i]->state.step >= cause->survivor)
			allowed = atoms_allow(engine, cause, &engine->atoms[cause->entries[i]->model], &atoms,
					      &cause->entries[i]->state);
	crash__atoms_clear(&atoms);
	return allowed;
}

static bool append_name(char **list, const char *name)
{
	char *longer;

	if (asprintf(&longer, "%s%s%s", *list ? *list : "", *list ? ", " : "", name) < 0)
		return false;
	free(*list);
	*list = longer;
	return true;
}

/* Whether a list has a name: "ext3" is not in "ext3-ordered, xfs". */
static bool has_name(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (list && *list) {
		if (strcspn(list, ",") == length && memcmp(list, name, length) == 0)
			return true;
		list += strcspn(list, ",");
		list += strspn(list, ", ");
	}
	return false;
}

/* What was explored is known for certain: a state of the cause was one of that model's. */
static bool was_seen(const struct crash__engine *engine, const struct crash__cause *cause, const char *name)
{
	for (uint32_t model = 0; model < engine->options.model_count; model++)
		for (size_t i = 0; i < cause->entries_count; i++)
			if (strcmp(engine->options.models[model].name, name) == 0 &&
			    (cause->entries[i]->models & 1u << model))
				return true;
	return false;
}

static void list_models(struct crash__engine *engine, struct crash__cause *cause)
{
	char **names = crash__model_names();
	struct crash__model model;

	for (size_t i = 0; names && names[i]; i++) {
		if (crash__model_read(names[i], &model) < 0)
			continue;
		append_name(was_seen(engine, cause, names[i]) || model_allows(engine, cause, &model) ?
				    &cause->allowed :
				    &cause->forbidden,
			    names[i]);
	}
	crash__model_names_free(names);
	/* and those that are the user's own */
	for (uint32_t i = 0; i < engine->options.model_count; i++)
		if (was_seen(engine, cause, engine->options.models[i].name) &&
		    !has_name(cause->allowed, engine->options.models[i].name))
			append_name(&cause->allowed, engine->options.models[i].name);
}

static void forget(struct crash__cause *cause)
{
	char **texts[] = {&cause->repair, &cause->advice, &cause->allowed, &cause->forbidden};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		free(*texts[i]);
		*texts[i] = NULL;
	}
	cause->remedy = 0;
}

/* What helps where no fsync does. */
static const char *advice(const struct crash__fs *fs, const struct crash__cause *cause)
{
	if (cause->process && !cause->torn)
		return "no fsync helps: the program itself leaves the files in this state; make recovery "
		       "handle it, or make the change with one atomic op";
	if (cause->failed_sync)
		return "after a failed fsync, write the data again, or stop: a second fsync promises nothing "
		       "about the data that the first one could not write";
	if (!cause->torn)
		return "no single fsync removes it: the order of the ops is wrong";
	if (fs->steps[cause->lost].event->family == CRASH__FAMILY_WRITE)
		return "no fsync helps: make recovery detect a torn write by a checksum, or write to a new "
		       "file and rename it";
	return "no fsync helps: make recovery handle an op of which only a part reached the disk";
}

void crash__repair_find(struct crash__engine *engine, struct crash__callsites *callsites,
			struct crash__cause *cause)
{
	forget(cause);
	list_models(engine, cause);
	if (!cause->process && !cause->torn && !cause->failed_sync && cause->survivor != CRASH__NEVER)
		try_repairs(engine, callsites, cause);
	if (!cause->repair)
		cause->advice = strdup(advice(engine->options.fs, cause));
}
