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

const struct spare_sync_row spare_sync_rows[] = {
#define SPARE_SYNC(id, name, scenario, adds) {BUG_##id, name, scenario, adds},
#include "spare_syncs.def"
#undef SPARE_SYNC
	{BUG_NONE, NULL, NULL, NULL},
};

/* All that can be planted. */
static const struct {
	enum bug bug;
	const char *name;
} names[] = {
#define BUG(id, name, ...) {BUG_##id, name},
#define FAULT_BUG BUG
#define RECOVERY_BUG BUG
#define SPARE_SYNC BUG
#include "bugs.def"
#include "fault_bugs.def"
#include "recovery_bugs.def"
#include "spare_syncs.def"
#undef SPARE_SYNC
#undef RECOVERY_BUG
#undef FAULT_BUG
#undef BUG
};

int bug_plant(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(names[i].name, name) == 0) {
			bug_planted = names[i].bug;
			return 0;
		}
	}
	return -ENOENT;
}

const char *bug_nearest(const char *mistyped)
{
	struct nearest nearest = {0};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		nearest_try(&nearest, mistyped, names[i].name);
	return nearest.name;
}
