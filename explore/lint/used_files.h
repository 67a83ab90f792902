/* SPDX-License-Identifier: MIT */
/*
 * used_files.h - which files a process wrote to or named so far.
 *
 * They are in the order in which it first did. A file that has lost all its names is on the list for a while,
 * and then on that of the nameless: programs that make a file for each change would have lists without end.
 */
#ifndef CRASH_USED_FILES_H
#define CRASH_USED_FILES_H

#include "explore/lint/lint.h"

void crash__note_use(struct crash__lint *lint, uint32_t step, crash__node_id node);

/** A file has lost its last name. */
void crash__note_nameless(struct crash__lint *lint, crash__node_id node);

/** When a process first used a file, as a number that grows; 0: it did not, or the file is among the
 * nameless.
 */
uint32_t crash__use_order(const struct crash__lint *lint, uint32_t process, crash__node_id node);

#endif
