/* SPDX-License-Identifier: MIT */
/*
 * find_causes.h - from the failures that a search has found to their causes.
 *
 * Method. First each failure is explained, by the fewest ops that it has lost and needs (explain.c). Failures
 * of one class whose lost and surviving ops come from the same callsites of the program have the same cause
 * (enter_cause.c). Then each cause's repair is found and proven (repair.c), and causes that one repair
 * removes are united (unite_causes.c). In the end they are put into words. All this may be done again, when
 * more has failed: what was explained stays so.
 */
#ifndef CRASH_FIND_CAUSES_H
#define CRASH_FIND_CAUSES_H

#include "explore/findings/cause.h"

struct crash__cause_search;

/** Begins a search. Engine and causes are the caller's, and outlast it. */
int crash__causes_begin(struct crash__engine *engine, struct crash__causes *causes,
			struct crash__cause_search **search);

/** Finds the causes of all failures that the engine has by now. */
int crash__causes_find(struct crash__cause_search *search);

/** May be NULL. */
void crash__causes_end(struct crash__cause_search *search);

#endif
