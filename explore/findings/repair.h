/* SPDX-License-Identifier: MIT */
/*
 * repair.h - which fsync would have made a cause's states impossible, and which models allow them.
 */
#ifndef CRASH_REPAIR_H
#define CRASH_REPAIR_H

#include "explore/findings/cause.h"
#include "symbols/callsite.h"

/** Fills in the cause's repair or advice, and the models that allow it and that do not. */
void crash__repair_find(struct crash__engine *engine, struct crash__callsites *callsites,
			struct crash__cause *cause);

/** Whether two causes' repairs sync the same file or directory before the same op. */
bool crash__repair_is_same(const struct crash__fs *fs, const struct crash__cause *one,
			   const struct crash__cause *other);

/**
 * Whether a cause's repair, which removes all of its own states, removes all states of another one as well:
 * then both are one mistake of the program.
 */
bool crash__repair_covers(struct crash__engine *engine, struct crash__callsites *callsites,
			  const struct crash__cause *by, const struct crash__cause *cause);

#endif
