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

static void forget(struct crash__cause_search *search)
{
	for (size_t i = 0; i < search->guilty_count; i++) {
		search->guilty_of[search->guilty[i].atoms[0]] = 0;
		free(search->guilty[i].atoms);
	}
	search->guilty_count = 0;
}

void crash__guilty_clear(struct crash__cause_search *search)
{
	forget(search);
	free(search->guilty_of);
	free(search->in_whole);
	search->guilty_of = NULL;
	search->in_whole = NULL;
}

int crash__guilty_begin(struct crash__cause_search *search)
{
	size_t atoms = crash__search_atoms(search)->list_count + 1;

	crash__guilty_clear(search);
	search->guilty_of = calloc(atoms, sizeof *search->guilty_of);
	search->in_whole = calloc(atoms, sizeof *search->in_whole);
	search->stamp = 0;
	return search->guilty_of && search->in_whole ? 0 : no_memory();
}

int crash__guilty_note(struct crash__cause_search *search, uint32_t cause, int64_t since)
{
	uint32_t *first = &search->guilty_of[search->lost[0]];
	struct crash__guilty *noted = CRASH__PUSH(search, guilty);

	if (!noted)
		return no_memory();
	*noted = (struct crash__guilty){.kind = search->kind, .since = since, .cause = cause, .next = *first};
	for (size_t i = 0; i < search->lost_count; i++)
		if (!CRASH__ADD(noted, atoms, search->lost[i])) {
			free(noted->atoms);
			search->guilty_count--;
			return no_memory();
		}
	*first = (uint32_t)search->guilty_count;
	return 0;
}

/* ------------------------------------------------------------------ looking for them */

static void mark_whole(struct crash__cause_search *search)
{
	search->stamp++;
	for (size_t i = 0; i < search->whole_count; i++)
		search->in_whole[search->whole[i]] = search->stamp;
}

static bool is_lost(const struct crash__cause_search *search, const struct crash__guilty *guilty,
		    int64_t step)
{
	for (size_t i = 0; i < guilty->atoms_count; i++)
		if (search->in_whole[guilty->atoms[i]] != search->stamp)
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

const struct crash__guilty *crash__guilty_find(struct crash__cause_search *search, int64_t step)
{
	mark_whole(search);
	for (size_t i = 0; i < search->whole_count; i++)
		for (uint32_t at = search->guilty_of[search->whole[i]]; at; at = search->guilty[at - 1].next)
			if (is_lost(search, &search->guilty[at - 1], step) &&
			    may_explain(search, &search->guilty[at - 1], step))
				return &search->guilty[at - 1];
	return NULL;
}
