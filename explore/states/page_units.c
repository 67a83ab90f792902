/* SPDX-License-Identifier: MIT */
#include "explore/states/page_units.h"

bool crash__same_page(const struct crash__atoms *atoms, crash__atom_id a, crash__atom_id b)
{
	const struct crash__atom *one = &atoms->list[a], *other = &atoms->list[b];

	return one->kind == CRASH__ATOM_DATA && other->kind == CRASH__ATOM_DATA &&
	       one->effect == other->effect && one->class == other->class &&
	       one->offset / CRASH__FS_BLOCK == other->offset / CRASH__FS_BLOCK;
}

size_t crash__page_units(const struct crash__atoms *atoms, const crash__atom_id *list, size_t count)
{
	size_t units = 1;

	while (units < count && crash__same_page(atoms, list[0], list[units]))
		units++;
	return units;
}

uint32_t crash__page_count(const struct crash__atoms *atoms, const crash__atom_id *list, size_t count)
{
	uint32_t pages = 0;

	for (size_t at = 0; at < count; at += crash__page_units(atoms, list + at, count - at))
		pages++;
	return pages;
}

bool crash__tears_pages(const struct crash__model *model)
{
	return model->tear && (unsigned int)model->tear < CRASH__FS_BLOCK;
}
