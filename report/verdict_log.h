/* SPDX-License-Identifier: MIT */
/*
 * verdict_log.h - the file `verdicts` of a result: a line for each state, as soon as it was checked.
 *
 *	crashinject-verdicts 1 KEY
 *	HASH VERDICT EXIT_CODE SIGNAL CHECKER_NS OUTPUT CHECKSUM
 *
 * OUTPUT is a JSON string, or - where it was not kept. The checksum is seeded with the key, which says whose
 * verdicts these are (identity.h): a line of another exploration is as good as a damaged one. Whatever kills
 *us leaves whole lines and, at the end, perhaps a part of one, which does not count.
 */
#ifndef CRASH_VERDICT_LOG_H
#define CRASH_VERDICT_LOG_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/digest.h"
#include "explore/check/engine.h"

struct crash__verdict_log {
	int fd;
	char path[PATH_MAX];
	uint64_t key;
	int error; /* why a line could not be written, an errno; 0: all of them were */
};

/** What reading gave. */
struct crash__verdicts_read {
	uint64_t count;
	uint64_t damaged; /* the first line that is not what was written; 0: there is none */
	off_t good;	  /* bytes up to there, or up to a part of a line at the end */
};

/** Opens the file of a directory, and keeps everybody else away from it as long as we live. */
int crash__verdicts_open(struct crash__verdict_log *log, const char *directory);

/** Begins it anew. */
int crash__verdicts_begin(struct crash__verdict_log *log, const char key[CRASH__DIGEST_TEXT]);

/** Goes on with it: the engine learns what is there, and what is not whole is cut off. */
int crash__verdicts_go_on(struct crash__verdict_log *log, const char key[CRASH__DIGEST_TEXT],
			  struct crash__engine *engine, struct crash__verdicts_read *read);

/** The engine learns what a directory's file has. */
int crash__verdicts_know(const char *directory, const char key[CRASH__DIGEST_TEXT],
			 struct crash__engine *engine, struct crash__verdicts_read *read);

/** Adds a line. An error is noted, and nothing is added any more. */
void crash__verdicts_add(struct crash__verdict_log *log, const struct crash__entry *entry);

/** Takes all lines away: what was checked was not what it seemed to be. */
void crash__verdicts_forget(struct crash__verdict_log *log);

void crash__verdicts_close(struct crash__verdict_log *log);

#endif
