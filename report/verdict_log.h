/* SPDX-License-Identifier: MIT */
/*
 * verdict_log.h - the file `verdicts` of a result: a line for each state, as soon as it was checked.
 *
 *	crashinject-verdicts 1 KEY
 *	HASH VERDICT EXIT_CODE SIGNAL CHECKER_NS OUTPUT CHECKSUM
 *
 * OUTPUT is a JSON string, or - where it was not kept. The key says whose verdicts these are (identity.h),
 *and what is believed of it is said in base/kept_log.h.
 */
#ifndef CRASH_VERDICT_LOG_H
#define CRASH_VERDICT_LOG_H

#include "base/kept_log.h"
#include "explore/check/engine.h"

/** Opens the file of a directory, and keeps everybody else away from it as long as we live. */
int crash__verdicts_open(struct crash__kept_log *log, const char *directory);

/** Goes on with it: the engine learns what is there, and what is not whole is cut off. */
int crash__verdicts_go_on(struct crash__kept_log *log, const char key[CRASH__DIGEST_TEXT],
			  struct crash__engine *engine, struct crash__kept_lines *read);

/** The engine learns what a directory's file has. */
int crash__verdicts_know(const char *directory, const char key[CRASH__DIGEST_TEXT],
			 struct crash__engine *engine, struct crash__kept_lines *read);

/** Adds a line. */
void crash__verdicts_add(struct crash__kept_log *log, const struct crash__entry *entry);

#endif
