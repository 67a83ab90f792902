/* SPDX-License-Identifier: MIT */
/*
 * Method. Zeller's ddmin leaves out ever smaller parts of what is lost as long as the failure stays, and
 * stays of its kind: what was acknowledged and is lost is one mistake, and files that do not fit together are
 * another, although a state may show both. Nearly always one op is guilty, and halving finds it in a few
 * steps.
 */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "explore/findings/cause_search.h"

/* So many states are checked at most to make one failure smaller. */
#define MOST_PROBES 400
/* So many of the ops that one takes along are tried alone. */
#define MOST_NARROWING 100

struct crash__entry *crash__search_try(struct crash__cause_search *search, int64_t step,
				       const crash__atom_id *atoms, size_t count, bool check)
{
	struct crash__state state = {.step = step, .reference = CRASH__EVERYTHING, .choice = search->choice};

	assert(atoms || !count);
	if (check && search->probes >= MOST_PROBES)
		return NULL;
	search->probes += check;
	crash__set_begin(&search->set, step);
	for (size_t i = 0; i < count; i++)
		if (crash__set_omit(&search->set, atoms[i]) < 0)
			return NULL;
	crash__set_sort(&search->set);
	state.count = (uint32_t)search->set.list_count;
	state.flipped = search->set.list;
	return crash__engine_probe(search->engine, search->model, &state, check);
}

bool crash__search_fails(struct crash__cause_search *search, int64_t step, const crash__atom_id *atoms,
			 size_t count)
{
	const struct crash__entry *entry = crash__search_try(search, step, atoms, count, true);

	return entry && crash__cause_alike(entry->kind, search->kind);
}

static int add_lost(struct crash__cause_search *search, crash__atom_id id)
{
	return CRASH__ADD(search, whole, id) ? 0 : crash__fail(CRASH_ENOMEM, "no memory for a cause");
}

int crash__search_list_lost(struct crash__cause_search *search, const struct crash__state *state)
{
	const struct crash__atoms *atoms = crash__search_atoms(search);
	uint32_t at = 0;
	int error = 0;

	search->whole_count = 0;
	search->choice = state->choice;
	if (state->reference == CRASH__EVERYTHING) {
		for (uint32_t i = 0; i < state->count && error == 0; i++)
			error = add_lost(search, state->flipped[i]);
		return error;
	}
	for (crash__atom_id id = 0; id < atoms->first[state->step + 1] && error == 0; id++) {
		while (at < state->count && state->flipped[at] < id)
			at++;
		if (crash__atom_is_open(&atoms->list[id], state->step) &&
		    !(at < state->count && state->flipped[at] == id))
			error = add_lost(search, id);
	}
	return error;
}

static size_t part_size(const struct crash__cause_search *search, size_t start, size_t size)
{
	return start + size > search->lost_count ? search->lost_count - start : size;
}

/* Loses a part alone, if that is a failure too. */
static bool keep_part(struct crash__cause_search *search, int64_t step, size_t start, size_t count)
{
	if (!crash__search_fails(search, step, search->lost + start, count))
		return false;
	memmove(search->lost, search->lost + start, count * sizeof *search->lost);
	search->lost_count = count;
	return true;
}

/* Gives a part back, if losing the rest is a failure still. */
static bool leave_out_part(struct crash__cause_search *search, int64_t step, size_t start, size_t count)
{
	size_t rest = search->lost_count - count;
	crash__atom_id *other = malloc((rest + 1) * sizeof *other);
	bool fails;

	if (!other)
		return false;
	memcpy(other, search->lost, start * sizeof *other);
	memcpy(other + start, search->lost + start + count, (rest - start) * sizeof *other);
	fails = rest && crash__search_fails(search, step, other, rest);
	if (fails) {
		memcpy(search->lost, other, rest * sizeof *other);
		search->lost_count = rest;
	}
	free(other);
	return fails;
}

void crash__search_minimise(struct crash__cause_search *search, int64_t step)
{
	size_t parts = 2;

	while (search->lost_count > 1 && !crash__engine_is_over(search->engine)) {
		size_t size = (search->lost_count + parts - 1) / parts;
		bool kept = false, left_out = false;

		for (size_t start = 0; start < search->lost_count && !kept; start += size)
			kept = keep_part(search, step, start, part_size(search, start, size));
		/* of two parts, each is the other's rest */
		for (size_t start = 0; start < search->lost_count && !kept && !left_out && parts > 2;
		     start += size)
			left_out = leave_out_part(search, step, start, part_size(search, start, size));
		if (kept)
			parts = 2;
		else if (left_out)
			parts--;
		else if (parts >= search->lost_count || search->probes >= MOST_PROBES)
			return;
		else
			parts = parts * 2 < search->lost_count ? parts * 2 : search->lost_count;
	}
}

void crash__search_narrow(struct crash__cause_search *search, int64_t step)
{
	crash__atom_id *along;
	size_t count, tries = 0;

	if (search->lost_count != 1 || !crash__search_fails(search, step, search->lost, 1))
		return;
	count = search->set.list_count;
	along = malloc(count * sizeof *along);
	if (!along)
		return;
	memcpy(along, search->set.list, count * sizeof *along);
	for (size_t i = count; i-- > 0 && along[i] != search->lost[0] && tries < MOST_NARROWING; tries++)
		if (crash__search_fails(search, step, &along[i], 1)) {
			search->lost[0] = along[i];
			break;
		}
	free(along);
}

/* Whether what was last tried, at a step, has lost all of what was done there: it is as it was before. */
static bool is_undone(const struct crash__cause_search *search, uint32_t step)
{
	const struct crash__atoms *atoms = crash__search_atoms(search);
	crash__atom_id id = atoms->first[step];

	while (id < atoms->first[step + 1] && crash__set_has(&search->set, id))
		id++;
	return id == atoms->first[step + 1];
}

bool crash__search_only_undoes(struct crash__cause_search *search, int64_t step)
{
	const struct crash__atoms *atoms = crash__search_atoms(search);

	return step >= 0 && crash__search_fails(search, step, search->lost, search->lost_count) &&
	       search->set.list_count == atoms->first[step + 1] - atoms->first[step] &&
	       is_undone(search, (uint32_t)step);
}

int64_t crash__search_first_failure(struct crash__cause_search *search, int64_t step)
{
	uint32_t from = 0;

	for (size_t i = 0; i < search->lost_count; i++)
		if (crash__search_atoms(search)->list[search->lost[i]].step > from)
			from = crash__search_atoms(search)->list[search->lost[i]].step;
	for (int64_t at = from; at < step && !crash__engine_is_over(search->engine); at++)
		if (crash__tier_news(crash__search_fs(search), at) &&
		    crash__search_fails(search, at, search->lost, search->lost_count) &&
		    (at != from || !is_undone(search, from)))
			return at;
	return step;
}
