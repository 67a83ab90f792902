/* SPDX-License-Identifier: MIT */
/*
 * result_op.h - an op of a finding, with where it comes from.
 */
#ifndef CRASH_RESULT_OP_H
#define CRASH_RESULT_OP_H

#include <jansson.h>

#include "explore/atoms/atoms.h"
#include "symbols/callsite.h"

/**
 * {"role": "lost", "op": "write#1 a at 0", "point": "write#1", "file": "/d/a", "location": {"file":
 * "store.c", "line": 214, "function": "put"}, "stack": [...]}
 * @param step CRASH__NEVER: there is none, and only the role and the text are known
 * @param text the op in words; may be NULL
 */
json_t *crash__result_op(struct crash__callsites *callsites, const struct crash__fs *fs, const char *role,
			 uint32_t step, const char *text);

/**
 * Where ops were recorded on a copy at another path: names the files of a finding's ops as the data directory
 * has them, which is still there when somebody reads that.
 * @param top what is before the paths of the copy; "": there was none
 */
void crash__result_ops_original(json_t *finding, const char *top);

#endif
