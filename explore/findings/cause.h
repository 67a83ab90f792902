/* SPDX-License-Identifier: MIT */
/*
 * cause.h - why states fail: one vulnerability is one cause.
 */
#ifndef CRASH_CAUSE_H
#define CRASH_CAUSE_H

#include "explore/atoms/make_atoms.h"
#include "explore/check/engine.h"
#include "symbols/symbols.h"

/** A sync that would have made something durable in time: of a file, or of a directory for a name in it. */
struct crash__missing_sync {
	struct crash__virtual_sync sync;
	bool directory;
};

struct crash__cause {
	char group[12];	 /* an id of the places in the program that it comes from */
	char id[12];	 /* the same for the same cause in later runs; another one if it lists other files */
	uint32_t number; /* among all that were found: what entries have as their cause */
	enum crash__verdict_kind kind;
	bool process;		 /* a killed process is enough */
	bool failed_sync;	 /* a sync failed, and was believed when it was tried again */
	bool torn;		 /* a part of an op is lost, and another is not */
	uint32_t lost, survivor; /* steps; CRASH__NEVER: none */
	uint32_t suspects; /* ops were lost, and the budget ended before it was known which are guilty */
	uint32_t model;
	struct crash__state state; /* the smallest; its atoms are the cause's */
	char *state_name;

	/** Whatever was lost and is needed: the same mistake may be made with many files. */
	CRASH__VECTOR(struct crash__missing_sync, missing);
	CRASH__VECTOR(char *, files); /* those, as they came up */

	char *sentence;
	CRASH__VECTOR(struct crash__virtual_sync, syncs); /* the repair, if there is one */
	int remedy;	   /* repair.c's: what the repair syncs; 0: no repair */
	char *repair;	   /* NULL where no fsync helps; then `advice` says what would */
	uint64_t repaired; /* states that the repair removes */
	char *advice;
	char *lost_text, *survivor_text; /* the ops */
	char *allowed, *forbidden;	 /* names of models, separated by commas */
	uint64_t states;
	CRASH__VECTOR(struct crash__entry *, entries);
};

struct crash__causes {
	CRASH__VECTOR(struct crash__cause, list);
	uint64_t unexplained; /* failing states that could not be analysed any more */
};

/** Makes the id of what a text describes: eight digits. */
void crash__cause_id(char id[12], const char *format, ...) __attribute__((format(printf, 2, 3)));

/** What ids of crashes inside recovery begin with; one in 256 of the others does, too. */
#define CRASH__NESTED_ID "de"

/**
 * The kind of mistake that a failure comes from, as a word. Failures are of one class if the same repair
 * would help: how the checker noticed them does not matter.
 */
const char *crash__cause_class(enum crash__verdict_kind kind);

/** Whether two verdicts are failures of one class. */
bool crash__cause_alike(enum crash__verdict_kind one, enum crash__verdict_kind other);

/** Frees what a cause has, not the cause itself. */
void crash__cause_clear(struct crash__cause *cause);

void crash__causes_clear(struct crash__causes *causes);

#endif
