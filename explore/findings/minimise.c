/* SPDX-License-Identifier: MIT */
/*
 * Method. Zeller's ddmin leaves out ever smaller parts of what is lost as long as the failure stays, and
 * stays of its kind: what was acknowledged and is lost is one mistake, and files that do not fit together are
 * another, although a state may show both. Nearly always one op is guilty, and halving finds it in a few
 * steps.
 *
 * Of several states the first that fails is looked for, in their order; those behind it are asked for ahead,
 * as long as workers are free.
 */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "explore/findings/cause_search.h"

/* So many states are checked at most to make one failure smaller. */
#define MOST_PROBES 400
/* So many of the ops that one takes along are tried alone. */
#define MOST_NARROWING 100

/* A state that has lost some atoms, and others behind them. */
struct choice {
	int64_t step;
	const crash__atom_id *atoms, *rest;
	size_t count, rest_count;
	bool is_rest;  /* another part of them is given back */
	bool is_guess; /* it will be tried if another one fails */
};

static int omit(struct crash__cause_search *search, const crash__atom_id *atoms, size_t count)
{
	int error = 0;

	for (size_t i = 0; i < count && error == 0; i++)
		error = crash__set_omit(&search->set, atoms[i]);
	return error;
}

/* Makes it, in `set`, with what depends on the atoms. */
static bool make_state(struct crash__cause_search *search, const struct choice *choice,
		       struct crash__state *state)
{
	crash__set_begin(&search->set, choice->step);
	if (omit(search, choice->atoms, choice->count) < 0 ||
	    omit(search, choice->rest, choice->rest_count) < 0)
		return false;
	crash__set_sort(&search->set);
	*state = (struct crash__state){.step = choice->step,
				       .reference = CRASH__EVERYTHING,
				       .choice = search->choice,
				       .count = (uint32_t)search->set.list_count,
				       .flipped = search->set.list};
	return true;
}

struct crash__entry *crash__search_try(struct crash__cause_search *search, int64_t step,
				       const crash__atom_id *atoms, size_t count, bool check)
{
	struct choice choice = {.step = step, .atoms = atoms, .count = count};
	struct crash__state state;

	assert(atoms || !count);
	if (check && search->probes >= MOST_PROBES)
		return NULL;
	search->probes += check;
	return make_state(search, &choice, &state) ?
		       crash__engine_probe(search->engine, search->model, &state, check) :
		       NULL;
}

bool crash__search_fails(struct crash__cause_search *search, int64_t step, const crash__atom_id *atoms,
			 size_t count)
{
	const struct crash__entry *entry = crash__search_try(search, step, atoms, count, true);

	return entry && crash__cause_alike(entry->kind, search->kind);
}

/*
 * The next of those that are tried; false: there are no more.
 * @param ahead one that was given before is waited for still
 */
typedef bool next_choice(struct crash__cause_search *search, void *context, bool ahead,
			 struct choice *choice);

struct asked {
	struct choice choice;
	struct crash__question question;
};

/* @param before so many were asked for that have no answer yet */
static void ask(struct crash__cause_search *search, uint64_t before, struct asked *asked)
{
	struct crash__state state;

	asked->question = (struct crash__question){0};
	if (search->probes + before < MOST_PROBES && make_state(search, &asked->choice, &state))
		crash__engine_ask(search->engine, search->model, &state, &asked->question);
}

static bool answer(struct crash__cause_search *search, struct asked *asked)
{
	const struct crash__entry *entry;

	search->probes += search->probes < MOST_PROBES;
	entry = crash__engine_answer(search->engine, &asked->question);
	return entry && crash__cause_alike(entry->kind, search->kind);
}

/* The first that fails as the failure at hand does. `found` is left as it is where none does. */
static bool find_first(struct crash__cause_search *search, next_choice *next, void *context,
		       struct choice *found)
{
	size_t window = crash__engine_at_once(search->engine), at = 0, end = 0;
	struct asked *asked = calloc(window, sizeof *asked);
	bool more = asked != NULL, fails = false;

	while (!fails && (more || at < end)) {
		while (more && end < at + window && (end == at || crash__engine_is_idle(search->engine))) {
			struct asked *one = &asked[end % window];

			one->choice = (struct choice){.step = found->step};
			more = next(search, context, end != at, &one->choice);
			if (more)
				ask(search, end - at, one);
			if (more && one->choice.is_guess)
				crash__engine_forget(&one->question);
			else
				end += more;
		}
		if (at == end)
			break;
		fails = answer(search, &asked[at % window]);
		if (fails)
			*found = asked[at % window].choice;
		at++;
	}
	for (; at < end; at++)
		crash__engine_forget(&asked[at % window].question);
	free(asked);
	return fails;
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

/* ------------------------------------------------------------------ fewer and fewer */

/* Parts of what is lost, each alone; and then, of more than two, the rest of each. */
struct parts {
	size_t size, start;
	bool rests, has_rests;
	size_t guessed; /* so many of the first one are to be tried if it fails; 0: that is not likely */
};

/* If the first one fails, its first half is next, and half of that. No other was given so far. */
static bool guess(struct crash__cause_search *search, struct parts *parts, struct choice *choice)
{
	if (parts->start != parts->size || parts->rests || parts->guessed < 2)
		return false;
	parts->guessed = (parts->guessed + 1) / 2;
	choice->is_guess = true;
	choice->atoms = search->lost;
	choice->count = parts->guessed;
	return true;
}

static bool next_part(struct crash__cause_search *search, void *context, bool ahead, struct choice *choice)
{
	struct parts *parts = context;
	size_t lost = search->lost_count, start, end;

	if (ahead && guess(search, parts, choice))
		return true;
	if (parts->start >= lost && parts->has_rests && !parts->rests) {
		parts->start = 0;
		parts->rests = true;
	}
	if (parts->start >= lost)
		return false;
	start = parts->start;
	end = start + parts->size < lost ? start + parts->size : lost;
	parts->start = end;
	choice->is_rest = parts->rests;
	choice->atoms = parts->rests ? search->lost : search->lost + start;
	choice->count = parts->rests ? start : end - start;
	choice->rest = search->lost + end;
	choice->rest_count = parts->rests ? lost - end : 0;
	return true;
}

static void lose_only(struct crash__cause_search *search, const struct choice *choice)
{
	memmove(search->lost, choice->atoms, choice->count * sizeof *search->lost);
	memmove(search->lost + choice->count, choice->rest, choice->rest_count * sizeof *search->lost);
	search->lost_count = choice->count + choice->rest_count;
}

void crash__search_minimise(struct crash__cause_search *search, int64_t step)
{
	size_t count = 2;

	while (search->lost_count > 1 && !crash__engine_is_over(search->engine)) {
		struct parts parts = {.size = (search->lost_count + count - 1) / count,
				      .has_rests = count > 2};
		struct choice fewer = {.step = step};

		parts.guessed = search->first_failed * 2 > search->tried++ ? parts.size : 0;
		if (find_first(search, next_part, &parts, &fewer)) {
			search->first_failed += fewer.atoms == search->lost && !fewer.is_rest;
			lose_only(search, &fewer);
			count = fewer.is_rest ? count - 1 : 2;
		} else if (count >= search->lost_count || search->probes >= MOST_PROBES) {
			return;
		} else {
			count = count * 2 < search->lost_count ? count * 2 : search->lost_count;
		}
	}
}

/* ------------------------------------------------------------------ what one takes along */

struct along {
	const crash__atom_id *list;
	size_t left, tries; /* the first ones are still to be tried */
	crash__atom_id by;
};

static bool next_along(struct crash__cause_search *search, void *context, bool ahead, struct choice *choice)
{
	struct along *along = context;

	(void)search;
	(void)ahead;
	if (!along->left || along->list[along->left - 1] == along->by || along->tries++ >= MOST_NARROWING)
		return false;
	choice->atoms = &along->list[--along->left];
	choice->count = 1;
	return true;
}

void crash__search_narrow(struct crash__cause_search *search, int64_t step)
{
	struct choice narrow = {.step = step};
	struct along along;
	crash__atom_id *list;
	size_t count;

	if (search->lost_count != 1 || !crash__search_fails(search, step, search->lost, 1))
		return;
	count = search->set.list_count;
	list = malloc(count * sizeof *list);
	if (!list)
		return;
	memcpy(list, search->set.list, count * sizeof *list);
	along = (struct along){.list = list, .left = count, .by = search->lost[0]};
	if (find_first(search, next_along, &along, &narrow))
		search->lost[0] = *narrow.atoms;
	free(list);
}

/* ------------------------------------------------------------------ since when */

/* Whether what was last tried, at a step, has lost all of what was done there: it is as it was before. */
static bool is_undone(const struct crash__cause_search *search, uint32_t step)
{
	const struct crash__atoms *atoms = crash__search_atoms(search);
	crash__atom_id id = atoms->first[step];

	while (id < atoms->first[step + 1] && crash__set_has(&search->set, id))
		id++;
	return id == atoms->first[step + 1];
}

/* Where only what was done at the first one is undone, the state is that before it. */
struct points {
	int64_t first, at, end;
};

static bool only_undoes(struct crash__cause_search *search, const struct choice *choice)
{
	struct crash__state state;

	return make_state(search, choice, &state) && is_undone(search, (uint32_t)choice->step);
}

static bool next_point(struct crash__cause_search *search, void *context, bool ahead, struct choice *choice)
{
	struct points *points = context;

	(void)ahead;
	choice->atoms = search->lost;
	choice->count = search->lost_count;
	for (; points->at < points->end && !crash__engine_is_over(search->engine); points->at++) {
		choice->step = points->at;
		if (crash__tier_news(crash__search_fs(search), points->at) &&
		    (points->at != points->first || !only_undoes(search, choice))) {
			points->at++;
			return true;
		}
	}
	return false;
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
	struct choice first = {.step = step};
	struct points points = {.end = step};

	for (size_t i = 0; i < search->lost_count; i++)
		if (crash__search_atoms(search)->list[search->lost[i]].step > points.at)
			points.at = crash__search_atoms(search)->list[search->lost[i]].step;
	points.first = points.at;
	find_first(search, next_point, &points, &first);
	return first.step;
}
