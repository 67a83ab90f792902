/* SPDX-License-Identifier: MIT */
/*
 * Method. Which sizes a file may have while it is written back page by page depends on what was durable
 * before: syncs make some of these atoms come or go. All others are the same, in the same order.
 */
#include "explore/atoms/match_atoms.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"

static bool is_reach(const struct crash__atom *atom)
{
	return atom->class == CRASH__CLASS_REACH;
}

static int by_size(const void *a, const void *b)
{
	const struct crash__atom *x = *(const struct crash__atom *const *)a,
				 *y = *(const struct crash__atom *const *)b;

	if (x->effect != y->effect)
		return x->effect < y->effect ? -1 : 1;
	return (x->size > y->size) - (x->size < y->size);
}

/* Those of a step, sorted, in `sizes`. */
static size_t list_reaches(const struct crash__atoms *atoms, uint32_t step, const struct crash__atom **sizes)
{
	size_t count = 0;

	for (crash__atom_id id = atoms->first[step]; id < atoms->first[step + 1]; id++)
		if (is_reach(&atoms->list[id]))
			sizes[count++] = &atoms->list[id];
	if (count)
		qsort(sizes, count, sizeof *sizes, by_size);
	return count;
}

static void match_step(const struct crash__atoms *atoms, const struct crash__atoms *other, uint32_t step,
		       uint32_t absent, uint32_t *since, const struct crash__atom **sizes)
{
	crash__atom_id next = other->first[step], end = other->first[step + 1];
	size_t count = list_reaches(other, step, sizes);

	for (crash__atom_id id = atoms->first[step]; id < atoms->first[step + 1]; id++) {
		const struct crash__atom *atom = &atoms->list[id], *const * found;

		if (is_reach(atom)) {
			found = count ? bsearch(&atom, sizes, count, sizeof *sizes, by_size) : NULL;
			since[id] = found ? (*found)->durable : absent;
			continue;
		}
		while (next < end && is_reach(&other->list[next]))
			next++;
		assert(next < end && other->list[next].effect == atom->effect);
		since[id] = other->list[next++].durable;
	}
}

int crash__atoms_match(const struct crash__atoms *atoms, const struct crash__atoms *other, uint32_t absent,
		       uint32_t *since)
{
	const struct crash__atom **sizes = calloc(other->list_count + 1, sizeof *sizes);

	if (!sizes)
		return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
	for (uint32_t step = 0; step < (uint32_t)atoms->fs->steps_count; step++)
		match_step(atoms, other, step, absent, since, sizes);
	free((void *)sizes);
	return 0;
}
