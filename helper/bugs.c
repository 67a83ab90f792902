/* SPDX-License-Identifier: MIT */
#include "bugs.h"

#include "nearest.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum bug bug_planted = BUG_NONE;

const struct bug_row bug_rows[] = {
#define BUG(id, name, part, shows_on, scenario, point, removes)                                              \
	{BUG_##id, name, part, shows_on, scenario, point, removes},
#include "bugs.def"
#undef BUG
	{BUG_NONE, NULL, NULL, NULL, NULL, NULL, NULL},
};

int bug_plant(const char *name)
{
	const struct bug_row *row;

	for (row = bug_rows; row->name; row++) {
		if (strcmp(row->name, name) == 0) {
			bug_planted = row->bug;
			return 0;
		}
	}
	return -ENOENT;
}

const char *bug_nearest(const char *mistyped)
{
	const struct bug_row *row;
	struct nearest nearest = {0};

	for (row = bug_rows; row->name; row++)
		nearest_try(&nearest, mistyped, row->name);
	return nearest.name;
}
