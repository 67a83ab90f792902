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

const struct fault_bug_row fault_bug_rows[] = {
#define FAULT_BUG(id, name, scenario, kind, removes) {BUG_##id, name, scenario, kind, removes},
#include "fault_bugs.def"
#undef FAULT_BUG
	{BUG_NONE, NULL, NULL, NULL, NULL},
};

const struct recovery_bug_row recovery_bug_rows[] = {
#define RECOVERY_BUG(id, name, depth, removes) {BUG_##id, name, depth, removes},
#include "recovery_bugs.def"
#undef RECOVERY_BUG
	{BUG_NONE, NULL, 0, NULL},
};

int bug_plant(const char *name)
{
	const struct recovery_bug_row *recovery;
	const struct fault_bug_row *fault;
	const struct bug_row *row;

	for (row = bug_rows; row->name; row++) {
		if (strcmp(row->name, name) == 0) {
			bug_planted = row->bug;
			return 0;
		}
	}
	for (fault = fault_bug_rows; fault->name; fault++) {
		if (strcmp(fault->name, name) == 0) {
			bug_planted = fault->bug;
			return 0;
		}
	}
	for (recovery = recovery_bug_rows; recovery->name; recovery++) {
		if (strcmp(recovery->name, name) == 0) {
			bug_planted = recovery->bug;
			return 0;
		}
	}
	return -ENOENT;
}

const char *bug_nearest(const char *mistyped)
{
	const struct recovery_bug_row *recovery;
	const struct fault_bug_row *fault;
	const struct bug_row *row;
	struct nearest nearest = {0};

	for (row = bug_rows; row->name; row++)
		nearest_try(&nearest, mistyped, row->name);
	for (fault = fault_bug_rows; fault->name; fault++)
		nearest_try(&nearest, mistyped, fault->name);
	for (recovery = recovery_bug_rows; recovery->name; recovery++)
		nearest_try(&nearest, mistyped, recovery->name);
	return nearest.name;
}
