/* SPDX-License-Identifier: MIT */
/*
 * cause.h - why states fail: one vulnerability is one cause.
 */
#ifndef CRASH_CAUSE_H
#define CRASH_CAUSE_H

#include "explore/check/engine.h"
#include "symbols/symbols.h"

struct crash__cause {
	char id[12]; /* the same for the same cause in later runs */
	enum crash__verdict_kind kind;
	bool process;		 /* a killed process is enough */
	bool failed_sync;	 /* a sync failed, and was believed when it was tried again */
	bool torn;		 /* a part of an op is lost, and another is not */
	uint32_t lost, survivor; /* steps; CRASH__NEVER: none */
	uint32_t model;
	struct crash__state state; /* the smallest; its atoms are the cause's */
	char *state_name;

	char *sentence, *repair; /* repair: NULL where no fsync helps; then `advice` says what would */
	char *advice;
	int remedy;			 /* repair.c's: what the repair syncs; 0: no repair */
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

/** Frees what a cause has, not the cause itself. */
void crash__cause_clear(struct crash__cause *cause);

void crash__causes_clear(struct crash__causes *causes);

#endif
