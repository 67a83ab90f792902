/* SPDX-License-Identifier: MIT */
/*
 * bind_rules.h - from the text of the rules to the plan in the control block.
 */
#ifndef CRASH_BIND_RULES_H
#define CRASH_BIND_RULES_H

#include "runner/job.h"
#include "symbols/symbols.h"

/** Parses the rules. `after` is CRASH_AFTER's text or NULL. */
int crash__scenario_parse(struct crash__plan *plan, const char *scenario, const char *after);

/**
 * The rules by which the same happens again that a plan has left to chance: with the number that was drawn,
 * or where a rule goes on after that, with the seed. To be freed; NULL: no memory.
 */
char *crash__scenario_again(const struct crash__plan *plan, const char *scenario, const char *after,
			    uint64_t seed);

/**
 * Checks the plan against the program: explicit points that it cannot have are an error, and the
 * functions of in= are looked up. `elsewhere` is set if a point is not compiled into it.
 */
int crash__scenario_bind(struct crash__control *control, const char *path, struct crash__symbols *symbols,
			 bool *elsewhere);

#endif
