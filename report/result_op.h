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

#endif
