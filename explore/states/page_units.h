/* SPDX-License-Identifier: MIT */
/*
 * page_units.h - the units of a page that one write filled, where a disk may tear pages.
 *
 * A page of a write is on the disk, or it is not, or the disk was writing it when its power went. Then it has
 * lost a beginning, an end, or a piece in the middle, and never several pieces: what is lost is one run of
 * units. So there are 35 ways to tear a page of 8 sectors, and not 254; and strategies look at whole pages
 * first, because most mistakes show there, and at torn ones in a second round. What lies behind the file's
 * old end is apart: it may be on the disk and yet not show.
 */
#ifndef CRASH_PAGE_UNITS_H
#define CRASH_PAGE_UNITS_H

#include "explore/atoms/atoms.h"

/** Whether two atoms are units of one page that one write filled. */
bool crash__same_page(const struct crash__atoms *atoms, crash__atom_id a, crash__atom_id b);

/** How many of the atoms in a list, from the first on, are units of the page that the first one is of. */
size_t crash__page_units(const struct crash__atoms *atoms, const crash__atom_id *list, size_t count);

/** How many pages, and other atoms, a list of atoms in ascending order comes to. */
uint32_t crash__page_count(const struct crash__atoms *atoms, const crash__atom_id *list, size_t count);

/** Whether a model tears pages. */
bool crash__tears_pages(const struct crash__model *model);

#endif
