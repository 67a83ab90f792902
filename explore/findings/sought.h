/* SPDX-License-Identifier: MIT */
/*
 * sought.h - findings of another run that are looked for again, and nothing else.
 *
 * Method. The id of a finding is a hash of what it is about: the class of its failure, the callsites of the
 * op that was lost and of the one that survived, and the files. A callsite of this run is tried with each
 * other, and whichever two make the id are those of the finding: its states are those at the survivor's
 * points that have lost such an op. If no two do, the id may stand for several files in a way that cannot be
 * guessed, and all states are checked.
 */
#ifndef CRASH_SOUGHT_H
#define CRASH_SOUGHT_H

#include "explore/findings/cause.h"

enum crash__sought_answer { CRASH__SOUGHT_GONE, CRASH__SOUGHT_THERE, CRASH__SOUGHT_UNDECIDED };

struct crash__sought_finding {
	char id[12];
	char group[12];			  /* of the callsites that make the id; empty: none do */
	const struct crash__cause *cause; /* that it was found as; NULL: it was not */
	enum crash__sought_answer answer;
};

/** The callsites of one finding, as numbers. */
struct crash__sought_class {
	uint32_t lost, survivor;
};

struct crash__sought {
	CRASH__VECTOR(struct crash__sought_finding, findings);
	CRASH__VECTOR(struct crash__sought_class, classes);
	const struct crash__engine *engine;
	uint32_t *callsites; /* of each step, the number of its callsite */
	uint32_t *previous;  /* of each step, 1 + the one before it from the same callsite */
	bool everything;     /* an id is of no callsites that could be found out */
	uint64_t wanted;     /* states that belong to a class, as often as they came up */
};

/** Adds what an option says: ids, separated by commas, or "@FILE" with one a line. */
int crash__sought_read(struct crash__sought *sought, const char *list);

/** Finds out which callsites the ids are of. */
int crash__sought_begin(struct crash__sought *sought, const struct crash__engine *engine);

/** Whether a state is of one of the classes: a filter of the engine's. */
bool crash__sought_wants(void *sought, uint32_t model, const struct crash__state *state);

/** Whether an id may be of a crash inside recovery, which is not looked for. */
bool crash__sought_may_be_nested(const struct crash__sought_finding *finding);

/** Says what has become of each, when the causes of failures are known. `complete`: nothing was missed. */
void crash__sought_answer(struct crash__sought *sought, const struct crash__causes *causes, bool complete);

void crash__sought_clear(struct crash__sought *sought);

#endif
