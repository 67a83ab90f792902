/* SPDX-License-Identifier: MIT */
/*
 * Method. Whether a model allows a cause is found out as a repair is: by its atoms alone. The same op's atoms
 * under that model must not be durable at that point, and what depends on them must not take the op that
 * survived along. Where the state that this makes was checked, because an explored model has it too, that
 * verdict counts. What a killed process leaves has no lost atoms, but an op of which only a part was done.
 */
#include <stdio.h>
#include <string.h>

#include "explore/atoms/atom_set.h"
#include "explore/findings/cause_search.h"
#include "explore/states/tiers.h"

/* So many states of a cause are tried under another model, the smallest first. */
#define MOST_ENTRIES 30

/* ------------------------------------------------------------------ one model */

/* How what a state has lost is lost under another model. */
enum loss {
	FIRST, /* what that model cannot but lose of it */
	ALL,   /* all of it: what one model takes along, another has to lose by itself */
	SHOWN, /* the same, but a file that grew has its new size, and shows something else there */
	LOSSES
};

/* Whether two atoms of different models are of the same change. */
static bool is_same_change(const struct crash__atom *a, const struct crash__atom *b, enum loss how)
{
	if (a->step != b->step)
		return false;
	if (how == SHOWN && crash__atom_in(a, CRASH__GROWS))
		return b->kind == CRASH__ATOM_DATA && crash__atom_in(b, CRASH__BEHIND_END);
	if (a->kind != b->kind)
		return false;
	if (a->kind == CRASH__ATOM_DATA)
		return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
	if (a->kind == CRASH__ATOM_ENTRY)
		return a->effect < b->effect + b->effects && b->effect < a->effect + a->effects;
	return true;
}

/* Its atoms ascend, and there may be as many as the recording has. */
static bool has_flipped(const struct crash__state *state, crash__atom_id id)
{
	uint32_t low = 0, high = state->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (state->flipped[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < state->count && state->flipped[low] == id;
}

/* What was lost of its own accord: an atom that no other lost one had to take along. */
static bool is_lost_first(const struct crash__atoms *atoms, const struct crash__state *state,
			  crash__atom_id id)
{
	crash__atom_id earlier;

	CRASH__EACH_EDGE(atoms, atoms->list[id].predecessors, earlier)
		if (has_flipped(state, earlier))
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

/* Leaves out of `set` what a state has lost by other atoms; false: nothing of it, or more than it may. */
static bool omit_alike(struct crash__set *set, const struct crash__set *taken,
		       const struct crash__state *state, enum loss how)
{
	const struct crash__atoms *atoms = set->atoms;
	bool any = false;

	crash__set_begin(set, state->step);
	for (uint32_t i = 0; i < state->count; i++) {
		const struct crash__atom *lost = &taken->atoms->list[state->flipped[i]];

		if (how != ALL && crash__set_has(taken, state->flipped[i]) &&
		    !is_lost_first(taken->atoms, state, state->flipped[i]))
			continue;
		for (crash__atom_id id = atoms->first[lost->step]; id < atoms->first[lost->step + 1]; id++)
			if (is_same_change(lost, &atoms->list[id], how)) {
				any = true;
				if (crash__set_omit(set, id) < 0)
					return false;
			}
	}
	for (size_t i = 0; i < set->list_count && any; i++)
		any = crash__atom_is_open(&atoms->list[set->list[i]], state->step);
	return any;
}

/* Whether a state failed, as far as that is known. */
static bool may_fail(struct crash__engine *engine, const struct crash__set *set,
		     const struct crash__state *state)
{
	struct crash__state same = {.step = state->step,
				    .reference = CRASH__EVERYTHING,
				    .count = (uint32_t)set->list_count,
				    .flipped = set->list};
	unsigned int choices = crash__model_choices(set->atoms->model);

	for (same.choice = 0; same.choice < choices; same.choice++) {
		const struct crash__entry *known = crash__engine_find(engine, set->atoms, &same);

		if (!known || known->kind == CRASH__VERDICT_NONE || crash__verdict_failed(known->kind))
			return true;
	}
	return false;
}

/*
 * Whether a model allows one state of a cause, or what comes nearest to it there. That may be another state,
 * which loses more, or shows other bytes where data is lost: if it was checked and passed, it does not count.
 */
static bool atoms_allow(struct crash__engine *engine, const struct crash__cause *cause,
			const struct crash__atoms *own, const struct crash__atoms *atoms,
			const struct crash__state *state, enum loss how)
{
	struct crash__set set = {0}, taken = {0};
	bool allowed = crash__set_init(&set, atoms) == 0 && crash__set_init(&taken, own) == 0 &&
		       take_first(&taken, state) == 0 && omit_alike(&set, &taken, state, how) &&
		       survivor_stays(&set, cause);

	if (allowed) {
		crash__set_sort(&set);
		allowed = may_fail(engine, &set, state);
	}
	crash__set_clear(&taken);
	crash__set_clear(&set);
	return allowed;
}

static bool atoms_allow_any(struct crash__engine *engine, const struct crash__cause *cause,
			    const struct crash__atoms *own, const struct crash__atoms *atoms,
			    const struct crash__state *state)
{
	bool allowed = false;

	for (enum loss how = FIRST; how < LOSSES && !allowed; how++)
		allowed = atoms_allow(engine, cause, own, atoms, state, how);
	return allowed;
}

/* ------------------------------------------------------------------ where a sync has failed */

/* The model has to lose what the failed sync was to make durable: not all of them lose everything of it. */
static bool failed_sync_allows(struct crash__engine *engine, const struct crash__cause *cause,
			       const struct crash__atoms *atoms)
{
	const struct crash__state *state = &cause->state;
	struct crash__set set = {0};
	bool allowed = crash__set_init(&set, atoms) == 0;

	crash__set_begin(&set, state->step);
	for (crash__atom_id id = atoms->first[cause->lost]; allowed && id < atoms->first[cause->lost + 1];
	     id++)
		if ((atoms->list[id].failed || atoms->list[id].abandoned) &&
		    crash__atom_is_open(&atoms->list[id], state->step))
			allowed = crash__set_omit(&set, id) == 0;
	crash__set_sort(&set);
	allowed = allowed && set.list_count && survivor_stays(&set, cause) && may_fail(engine, &set, state);
	crash__set_clear(&set);
	return allowed;
}

/* ------------------------------------------------------------------ where only the process dies */

/* The op of which a killed process may leave a part: stores of one moment are one. */
static int64_t end_of_op(const struct crash__fs *fs, uint32_t step)
{
	int64_t end = step;

	while (!crash__tier_is_point(fs, end))
		end++;
	return end;
}

static bool is_unit(const struct crash__atoms *atoms, crash__atom_id id)
{
	return atoms->list[id].kind == CRASH__ATOM_DATA;
}

/*
 * A state that has lost a part of an op, whose other part is there, may be one of those that a killed process
 * leaves: of a write the first pages, of stores any.
 */
static bool kill_allows(struct crash__engine *engine, const struct crash__cause *cause,
			const struct crash__atoms *atoms)
{
	const struct crash__fs *fs = engine->options.fs;
	struct crash__state state = {.step = end_of_op(fs, cause->survivor)};
	crash__atom_id first = atoms->first[crash__tier_first_store(fs, cause->survivor)],
		       end = atoms->first[state.step + 1], kept, id;
	struct crash__set set = {0};
	bool allowed = false, ready = crash__set_init(&set, atoms) == 0;

	if (cause->lost < crash__tier_first_store(fs, cause->survivor))
		ready = false;
	for (kept = first; ready && !allowed && kept + 1 < end && kept - first < MOST_ENTRIES; kept++) {
		crash__set_begin(&set, state.step);
		for (id = kept + 1; id < end && ready; id++)
			ready = !is_unit(atoms, id) || crash__set_add(&set, id) == 0;
		allowed = ready && is_unit(atoms, kept) && set.list_count && may_fail(engine, &set, &state);
	}
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
	if (cause->lost == CRASH__NEVER || cause->survivor == CRASH__NEVER ||
	    crash__atoms_make(&atoms, engine->options.fs, model) < 0)
		return false;
	if (model->process_only || cause->failed_sync) {
		allowed = model->process_only ? kill_allows(engine, cause, &atoms) :
						failed_sync_allows(engine, cause, &atoms);
		crash__atoms_clear(&atoms);
		return allowed;
	}
	allowed = atoms_allow_any(engine, cause, &engine->atoms[cause->model], &atoms, &cause->state);
	for (size_t i = 0; i < cause->entries_count && i < MOST_ENTRIES && !allowed; i++)
		if (cause->entries[i]->state.reference == CRASH__EVERYTHING &&
		    cause->entries[i]->state.step >= cause->survivor)
			allowed = atoms_allow_any(engine, cause, &engine->atoms[cause->entries[i]->model],
						  &atoms, &cause->entries[i]->state);
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

/* Into which of a cause's lists a model belongs; NULL: into none. */
static char **list_of(struct crash__engine *engine, struct crash__cause *cause, const char *name,
		      const struct crash__cause *before)
{
	struct crash__model model;

	if (was_seen(engine, cause, name))
		return &cause->allowed;
	/* with no time left, nothing new is said of a model that nobody asked for */
	if (crash__engine_is_over(engine))
		return has_name(before->allowed, name)	 ? &cause->allowed :
		       has_name(before->forbidden, name) ? &cause->forbidden :
							   NULL;
	if (crash__model_read(name, &model) < 0)
		return NULL;
	return model_allows(engine, cause, &model) ? &cause->allowed : &cause->forbidden;
}

void crash__cause_list_models(struct crash__engine *engine, struct crash__cause *cause)
{
	struct crash__cause before = *cause;
	char **names = crash__model_names();

	cause->allowed = cause->forbidden = NULL;
	for (size_t i = 0; names && names[i]; i++) {
		char **list = list_of(engine, cause, names[i], &before);

		if (list)
			append_name(list, names[i]);
	}
	crash__model_names_free(names);
	free(before.allowed);
	free(before.forbidden);
	/* and those that are the user's own */
	for (uint32_t i = 0; i < engine->options.model_count; i++)
		if (was_seen(engine, cause, engine->options.models[i].name) &&
		    !has_name(cause->allowed, engine->options.models[i].name))
			append_name(&cause->allowed, engine->options.models[i].name);
}
