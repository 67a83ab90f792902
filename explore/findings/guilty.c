/* SPDX-License-Identifier: MIT */
/*
 * Method. What was found to be guilty in one state is looked for in the others first. That is no proof: a
 * state may have lost it and fail for another reason. So if losing it alone has been checked at that point,
 * it must have failed there alike. What a state has lost besides is not looked at then.
 */
#include <string.h>

#include "base/error.h"
#include "explore/findings/cause_search.h"

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for causes");
}

static struct crash__guilty_known *known(struct crash__cause_search *search)
{
	return &search->known[search->model];
}

void crash__guilty_clear(struct crash__cause_search *search)
{
	for (size_t model = 0; model < CRASH__MOST_MODELS; model++) {
		struct crash__guilty_known *of = &search->known[model];

		for (size_t i = 0; i < of->guilty_count; i++)
			free(of->guilty[i].atoms);
		free(of->guilty);
		free(of->guilty_of);
		free(of->in_whole);
		memset(of, 0, sizeof *of);
	}
}

int crash__guilty_begin(struct crash__cause_search *search)
{
	size_t atoms = crash__search_atoms(search)->list_count + 1;
	struct crash__guilty_known *of = known(search);

	if (of->guilty_of)
		return 0;
	of->guilty_of = calloc(atoms, sizeof *of->guilty_of);
	of->in_whole = calloc(atoms, sizeof *of->in_whole);
	return of->guilty_of && of->in_whole ? 0 : no_memory();
}

int crash__guilty_note(struct crash__cause_search *search, uint32_t cause, int64_t since)
{
	struct crash__guilty_known *of = known(search);
	uint32_t *first = &of->guilty_of[search->lost[0]];
	struct crash__guilty *noted = CRASH__PUSH(of, guilty);

	if (!noted)
		return no_memory();
	*noted = (struct crash__guilty){.kind = search->kind, .since = since, .cause = cause, .next = *first};
	for (size_t i = 0; i < search->lost_count; i++)
		if (!CRASH__ADD(noted, atoms, search->lost[i])) {
			free(noted->atoms);
			of->guilty_count--;
			return no_memory();
		}
	*first = (uint32_t)of->guilty_count;
	return 0;
}

/* ------------------------------------------------------------------ looking for them */

static void mark_whole(struct crash__cause_search *search)
{
	struct crash__guilty_known *of = known(search);

	of->stamp++;
	for (size_t i = 0; i < search->whole_count; i++)
		of->in_whole[search->whole[i]] = of->stamp;
}

static bool is_lost(const struct crash__guilty_known *of, const struct crash__guilty *guilty, int64_t step)
{
	for (size_t i = 0; i < guilty->atoms_count; i++)
		if (of->in_whole[guilty->atoms[i]] != of->stamp)
			return false;
	return guilty->since <= step;
}

/* Whether it is not known that losing them alone is something else at this point. */
static bool may_explain(struct crash__cause_search *search, const struct crash__guilty *guilty, int64_t step)
{
	const struct crash__entry *alone;

	if (!crash__cause_alike(guilty->kind, search->kind))
		return false;
	alone = crash__search_try(search, step, guilty->atoms, guilty->atoms_count, false);
	return !alone || crash__cause_alike(alone->kind, search->kind);
}

/* Those in `whole` that explain the failure at hand: the next one behind another, or the first. */
static const struct crash__guilty *find_next(struct crash__cause_search *search, int64_t step, size_t *in,
					     uint32_t *at)
{
	const struct crash__guilty_known *of = known(search);

	for (; *in < search->whole_count; ++*in, *at = 0) {
		*at = *at ? of->guilty[*at - 1].next : of->guilty_of[search->whole[*in]];
		for (; *at; *at = of->guilty[*at - 1].next)
			if (is_lost(of, &of->guilty[*at - 1], step) &&
			    may_explain(search, &of->guilty[*at - 1], step))
				return &of->guilty[*at - 1];
	}
	return NULL;
}

const struct crash__guilty *crash__guilty_find(struct crash__cause_search *search, int64_t step)
{
	size_t in = 0;
	uint32_t at = 0;

	mark_whole(search);
	return find_next(search, step, &in, &at);
}

bool crash__guilty_others_alone(struct crash__cause_search *search, int64_t step, uint32_t one,
				uint32_t other)
{
	const struct crash__guilty *guilty;
	size_t in = 0;
	uint32_t at = 0;
	bool others = false;

	mark_whole(search);
	while ((guilty = find_next(search, step, &in, &at)) != NULL) {
		uint32_t cause = crash__search_cause(search, guilty->cause)->number;

		if (cause == one || cause == other)
			return false;
		others = true;
	}
	return others;
}
