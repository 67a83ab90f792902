/* SPDX-License-Identifier: MIT */
/*
 * op_phrase.h - the op of a step as a part of a sentence.
 *
 * A sentence about a power loss speaks of what an op changed: "the removal of t.db-journal (unlink#1,
 * pager_end at pager.c:5)". One about a process crash speaks of the op itself: "unlink#1 of t.db-journal
 * (pager_end at pager.c:5)". All phrases are allocated; NULL: there is no memory.
 */
#ifndef CRASH_OP_PHRASE_H
#define CRASH_OP_PHRASE_H

#include "explore/atoms/atoms.h"
#include "symbols/callsite.h"

/** The op itself: "write#2 of t.tdb at 0 (tdb_open at open.c:7)"; an acknowledgement: acknowledging "2" on
 * stdout. */
char *crash__op_phrase(struct crash__callsites *callsites, const struct crash__fs *fs, uint32_t step);

/** All that the op changed: "the write to t.tdb at 0 (write#2, tdb_open at open.c:7)". */
char *crash__op_phrase_change(struct crash__callsites *callsites, const struct crash__fs *fs, uint32_t step);

/** What one atom is of that: "the data of t.tdb at 0 (write#2, tdb_open at open.c:7)". */
char *crash__op_phrase_atom(struct crash__callsites *callsites, const struct crash__fs *fs,
			    const struct crash__atom *atom);

#endif
