/* SPDX-License-Identifier: MIT */
/*
 * related_names.h - files whose names belong together: "f" and "f.tmp", "t.db" and "t.db-journal".
 */
#ifndef CRASH_RELATED_NAMES_H
#define CRASH_RELATED_NAMES_H

#include "explore/lint/lint.h"

/**
 * Lists, in lint->related, the files that a process has used whose present name is related to one, the last
 * to be used first.
 */
void crash__find_related(struct crash__lint *lint, uint32_t process, crash__slot_id slot);

#endif
