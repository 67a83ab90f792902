/* SPDX-License-Identifier: MIT */
#include "explore/syncs/dropped_look.h"

#include <stdlib.h>

#include "base/error.h"
#include "explore/atoms/match_atoms.h"

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for what syncs are worth");
}

/* ------------------------------------------------------------------ which states are new */

/* From a step on, and up to another one, an atom can be lost that could not be. */
static void note_window(uint32_t *early, uint32_t from, uint32_t to, uint32_t steps)
{
	early[from]++;
	if (to < steps)
		early[to]--;
}

static int compare(struct crash__dropped_look *look, uint32_t model, bool *idle)
{
	const struct crash__atoms *with = &look->dropping->with->atoms[model],
				  *without = &look->engine->atoms[model];
	uint32_t steps = (uint32_t)with->fs->steps_count;
	uint32_t *since = look->since[model] = calloc(without->list_count + 1, sizeof *since);
	uint32_t *early = look->early[model] = calloc(steps + 1, sizeof *early);

	/* a size that only is there without the syncs shows only where something else is lost that was
	 * durable with them */
	if (!since || !early || crash__atoms_match(without, with, CRASH__NEVER, since) < 0)
		return no_memory();
	for (crash__atom_id id = 0; id < without->list_count; id++) {
		const struct crash__atom *atom = &without->list[id];

		if (since[id] >= atom->durable)
			continue;
		note_window(early, since[id], atom->durable, steps);
		*idle = false;
	}
	for (uint32_t step = 1; step < steps; step++)
		early[step] += early[step - 1];
	return 0;
}

/* Whether a state has lost what was durable with the syncs. */
bool crash__dropped_is_new(void *wishes, uint32_t model, const struct crash__state *state)
{
	const struct crash__dropped_look *look = wishes;
	uint32_t early, of_these = 0;

	if (state->step < 0 || (early = look->early[model][state->step]) == 0)
		return false;
	for (uint32_t i = 0; i < state->count; i++)
		of_these += (int64_t)look->since[model][state->flipped[i]] <= state->step;
	/* lost ones, or kept ones: what is durable in any case is in neither list */
	return state->reference == CRASH__EVERYTHING ? of_these > 0 : of_these < early;
}

/* ------------------------------------------------------------------ with all of it lost */

static int begin_atoms(struct crash__dropped_look *look, uint32_t model)
{
	const struct crash__atoms *without = &look->engine->atoms[model];
	struct crash__dropped_atoms *atoms = look->atoms[model] = calloc(1, sizeof *atoms);

	if (!atoms || crash__set_init(&atoms->lost, without) < 0)
		return no_memory();
	for (crash__atom_id id = 0; id < without->list_count; id++)
		if (look->since[model][id] < without->list[id].durable && !CRASH__ADD(atoms, later, id))
			return no_memory();
	atoms->lost.step = -2; /* which none is at */
	return 0;
}

static void end_atoms(struct crash__dropped_atoms *atoms)
{
	if (!atoms)
		return;
	free(atoms->later);
	free(atoms->both);
	crash__set_clear(&atoms->lost);
	free(atoms);
}

static int lose_at(struct crash__dropped_look *look, uint32_t model, int64_t step)
{
	struct crash__dropped_atoms *atoms = look->atoms[model];
	int error = 0;

	crash__set_begin(&atoms->lost, step);
	atoms->any = false;
	for (size_t i = 0; i < atoms->later_count && error == 0; i++) {
		crash__atom_id id = atoms->later[i];

		if ((int64_t)look->since[model][id] > step ||
		    !crash__atom_is_open(&look->engine->atoms[model].list[id], step))
			continue;
		atoms->any = true;
		error = crash__set_omit(&atoms->lost, id);
	}
	crash__set_sort(&atoms->lost);
	return error;
}

/* Both are sorted. */
static int unite(struct crash__dropped_atoms *atoms, const struct crash__state *state)
{
	size_t a = 0, b = 0;

	atoms->both_count = 0;
	while (a < atoms->lost.list_count || b < state->count) {
		bool first = b == state->count ||
			     (a < atoms->lost.list_count && atoms->lost.list[a] <= state->flipped[b]);
		crash__atom_id id = first ? atoms->lost.list[a] : state->flipped[b];

		b += b < state->count && state->flipped[b] == id;
		a += first;
		if (!CRASH__ADD(atoms, both, id))
			return no_memory();
	}
	return 0;
}

bool crash__dropped_also(void *wishes, uint32_t model, const struct crash__state *state,
			 struct crash__state *other)
{
	struct crash__dropped_look *look = wishes;
	struct crash__dropped_atoms *atoms = look->atoms[model];

	/* what is only durable has lost it in any case */
	if (state->step < 0 || state->reference != CRASH__EVERYTHING || !look->early[model][state->step])
		return false;
	if (atoms->lost.step != state->step && lose_at(look, model, state->step) < 0)
		return false;
	if (!atoms->any || unite(atoms, state) < 0)
		return false;
	*other = *state;
	other->flipped = atoms->both;
	other->count = (uint32_t)atoms->both_count;
	return true;
}

/* ------------------------------------------------------------------ one look */

int crash__dropped_begin(struct crash__dropped_look *look, bool *idle)
{
	uint32_t models = look->engine->options.model_count;
	int error = 0;

	*idle = true;
	for (uint32_t model = 0; model < models && error == 0; model++)
		error = compare(look, model, idle);
	for (uint32_t model = 0; model < models && error == 0; model++)
		error = begin_atoms(look, model);
	return error;
}

void crash__dropped_end(struct crash__dropped_look *look)
{
	for (uint32_t i = 0; i < CRASH__MOST_MODELS; i++) {
		free(look->since[i]);
		free(look->early[i]);
		end_atoms(look->atoms[i]);
	}
	crash__engine_free(look->engine);
	*look = (struct crash__dropped_look){.dropping = look->dropping};
}

bool crash__dropped_is_failure(const struct crash__entry *entry)
{
	return entry->number && !entry->elsewhere && crash__verdict_failed(entry->kind);
}
