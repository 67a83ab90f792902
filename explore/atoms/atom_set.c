/* SPDX-License-Identifier: MIT */
#include "explore/atoms/atom_set.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"

#define FEW 24 /* that are sorted in place */

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for the crash states");
}

int crash__set_init(struct crash__set *set, const struct crash__atoms *atoms)
{
	memset(set, 0, sizeof *set);
	set->atoms = atoms;
	set->stamps = calloc(atoms->list_count + 1, sizeof *set->stamps);
	return set->stamps ? 0 : no_memory();
}

void crash__set_clear(struct crash__set *set)
{
	free(set->list);
	free(set->stamps);
	memset(set, 0, sizeof *set);
}

void crash__set_begin(struct crash__set *set, int64_t step)
{
	assert(step >= -1 && step < (int64_t)set->atoms->fs->steps_count);
	set->list_count = 0;
	set->stamp++;
	set->step = step;
}

bool crash__set_has(const struct crash__set *set, crash__atom_id id)
{
	return set->stamps[id] == set->stamp;
}

int crash__set_add(struct crash__set *set, crash__atom_id id)
{
	assert(id < set->atoms->list_count);
	if (crash__set_has(set, id))
		return 0;
	if (!CRASH__ADD(set, list, id))
		return no_memory();
	set->stamps[id] = set->stamp;
	return 0;
}

bool crash__atom_is_open(const struct crash__atom *atom, int64_t step)
{
	return (int64_t)atom->step <= step && atom->durable > step;
}

int crash__set_omit(struct crash__set *set, crash__atom_id first)
{
	size_t at = set->list_count;
	int error = crash__set_add(set, first);

	for (; at < set->list_count && error == 0; at++) {
		crash__atom_id later;

		CRASH__EACH_EDGE(set->atoms, set->atoms->list[set->list[at]].successors, later)
			if (error == 0 && (int64_t)set->atoms->list[later].step <= set->step)
				error = crash__set_add(set, later);
	}
	return error;
}

int crash__set_keep(struct crash__set *set, crash__atom_id first)
{
	size_t at = set->list_count;
	int error = crash__set_add(set, first);

	for (; at < set->list_count && error == 0; at++) {
		crash__atom_id earlier;

		CRASH__EACH_EDGE(set->atoms, set->atoms->list[set->list[at]].predecessors, earlier)
			/* a truncation may wait for data that is not written yet */
			if (error == 0 && set->atoms->list[earlier].durable > set->step &&
			    (int64_t)set->atoms->list[earlier].step <= set->step)
				error = crash__set_add(set, earlier);
	}
	return error;
}

static int by_number(const void *a, const void *b)
{
	crash__atom_id x = *(const crash__atom_id *)a, y = *(const crash__atom_id *)b;

	return (x > y) - (x < y);
}

void crash__set_sort(struct crash__set *set)
{
	if (set->list_count > FEW) {
		qsort(set->list, set->list_count, sizeof *set->list, by_number);
		return;
	}
	/* nearly all sets are small, and in order but for a few */
	for (size_t i = 1; i < set->list_count; i++) {
		crash__atom_id id = set->list[i];
		size_t at = i;

		for (; at && set->list[at - 1] > id; at--)
			set->list[at] = set->list[at - 1];
		set->list[at] = id;
	}
}
