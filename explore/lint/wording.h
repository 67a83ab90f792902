/* SPDX-License-Identifier: MIT */
/*
 * wording.h - ops, files and reasons as parts of sentences.
 *
 * The texts live until crash__lint_clear(); where there is no memory for one it is "?", and the walk ends.
 */
#ifndef CRASH_WORDING_H
#define CRASH_WORDING_H

#include "explore/lint/lint.h"

/** printf into memory, which is the caller's; NULL, and the walk ends, if there is none. */
char *crash__lint_text(struct crash__lint *lint, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** An op on a line of its own: "unlink#1 t.db-journal (pager_end, pager.c:5)". The caller's. */
char *crash__lint_line(struct crash__lint *lint, uint32_t step);

/** What an op changed: "the removal of t.db-journal (unlink#1, pager_end at pager.c:5)". */
const char *crash__lint_change(struct crash__lint *lint, uint32_t step);

/** The op itself: "unlink#1 of t.db-journal (pager_end at pager.c:5)"; "acknowledging "3" on stdout"; "the
 * end of the program" for CRASH__NEVER. */
const char *crash__lint_op(struct crash__lint *lint, uint32_t step);

/** What a step says that all is well, as the beginning of a sentence: "acknowledged "3" on stdout"; "the
 * program ended" for CRASH__NEVER, with "with success" behind it if that is what it says. */
const char *crash__lint_claimed(struct crash__lint *lint, uint32_t step, bool success);

/** What was sent where: ""3" on stdout". */
const char *crash__lint_message(struct crash__lint *lint, uint32_t step);

/** A node's path below the data directory. */
const char *crash__lint_path(struct crash__lint *lint, crash__node_id node);

/** The same at a step, CRASH__NEVER for the end: its name may have been another one. */
const char *crash__lint_path_at(struct crash__lint *lint, crash__node_id node, uint32_t step);

/** "the directory a", where a step gives a name or takes one. */
const char *crash__lint_directory(struct crash__lint *lint, uint32_t step);

/** "the directory a", in which a name stands. */
const char *crash__lint_slot_directory(struct crash__lint *lint, crash__slot_id slot);

/** Why a part of a step was not durable: "its directory was never synced"; "it became durable only later, by
 * fsync#1". */
const char *crash__lint_reason(struct crash__lint *lint, enum crash__lint_part part, uint32_t step);

#endif
