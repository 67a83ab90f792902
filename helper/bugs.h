/* SPDX-License-Identifier: MIT */
/*
 * bugs.h - mistakes that real stores made, built in and switched off.
 *
 * Each stands in the code as one `if (bug(BUG_X))` at the place where the mistake is made, and in
 * bugs.def with what it takes to see it. A crash tester that does not find them all is not done.
 */
#ifndef HELPER_BUGS_H
#define HELPER_BUGS_H

#include <stdbool.h>

enum bug {
	BUG_NONE,
#define BUG(id, name, part, shows_on, scenario, point, removes) BUG_##id,
#include "bugs.def"
#undef BUG
	BUG_COUNT,
#define FAULT_BUG(id, name, scenario, kind, removes) BUG_##id,
#include "fault_bugs.def"
#undef FAULT_BUG
#define RECOVERY_BUG(id, name, depth, removes) BUG_##id,
#include "recovery_bugs.def"
#undef RECOVERY_BUG
#define SPARE_SYNC(id, name, scenario, adds) BUG_##id,
#include "spare_syncs.def"
#undef SPARE_SYNC
};

/** One row of bugs.def. */
struct bug_row {
	enum bug bug;
	const char *name;
	const char *part;     /* of the store: wal, snapshot, checkpoint, recovery */
	const char *shows_on; /* "kill": a process crash is enough; "power": only a power loss */
	const char *scenario; /* the one to run */
	const char *point;    /* the breakpoint nearest to the damage */
	const char *removes;  /* a sentence: what the bug leaves out or does instead */
};

/** All bugs; the last row's name is NULL. */
extern const struct bug_row bug_rows[];

/** One row of fault_bugs.def. */
struct fault_bug_row {
	enum bug bug;
	const char *name;
	const char *scenario; /* the one to run */
	const char *kind;     /* what a call that fails leads to */
	const char *removes;
};

/** All bugs that only a call which fails can show; the last row's name is NULL. */
extern const struct fault_bug_row fault_bug_rows[];

/** One row of recovery_bugs.def. */
struct recovery_bug_row {
	enum bug bug;
	const char *name;
	unsigned int depth; /* so many crashes, each inside the recovery from the one before, show it */
	const char *removes;
};

/** All bugs that only a crash inside recovery can show; the last row's name is NULL. */
extern const struct recovery_bug_row recovery_bug_rows[];

/** One row of spare_syncs.def. */
struct spare_sync_row {
	enum bug bug;
	const char *name;
	const char *scenario; /* the one to run */
	const char *adds;
};

/** All syncs that can be planted and protect nothing; the last row's name is NULL. */
extern const struct spare_sync_row spare_sync_rows[];

/** Switches one bug on and every other off. Before threads start. @return 0 or -ENOENT */
int bug_plant(const char *name);

/** The name that somebody meant who wrote `mistyped`, or NULL. */
const char *bug_nearest(const char *mistyped);

extern enum bug bug_planted;

static inline bool bug(enum bug which)
{
	return __builtin_expect(bug_planted == which, 0);
}

#endif /* HELPER_BUGS_H */
