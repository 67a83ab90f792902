/* SPDX-License-Identifier: MIT */
/*
 * kept_log.h - a file of lines that are written one by one as something becomes known, and believed again
 * after whatever has ended the writer.
 *
 *	HEAD KEY
 *	TEXT CHECKSUM
 *
 * The head says what kind of lines these are. The key says whose they are, and is the seed of the checksums:
 * a line of somebody else is as good as a damaged one. Whatever kills the writer leaves whole lines and, at
 * the end, perhaps a part of one, which does not count. What comes behind a line that is damaged does not
 * count, either.
 */
#ifndef CRASH_KEPT_LOG_H
#define CRASH_KEPT_LOG_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/digest.h"

struct crash__kept_log {
	int fd; /* -1: none */
	char path[PATH_MAX];
	const char *head; /* the caller's: "crashinject-verdicts 1" */
	uint64_t key;
	int error; /* why a line could not be written, an errno; 0: all of them were */
};

/** What reading gave. */
struct crash__kept_lines {
	uint64_t count;
	uint64_t damaged; /* the first line that is not what was written; 0: there is none */
	off_t good;	  /* bytes up to there, or up to a part of a line at the end */
};

/**
 * Takes a line without its checksum, which it may change. 1: it is taken; 0: it is not well-formed; an error
 * ends the reading.
 */
typedef int crash__kept_line(void *context, char *line);

/** Opens the file of a directory, and keeps everybody else away from it as long as we live. */
int crash__kept_log_open(struct crash__kept_log *log, const char *directory, const char *name,
			 const char *head);

/** Whether what is in the file, if anything is, is of that key. */
bool crash__kept_log_is(const struct crash__kept_log *log, const char key[CRASH__DIGEST_TEXT]);

/** Begins it anew. */
int crash__kept_log_begin(struct crash__kept_log *log, const char key[CRASH__DIGEST_TEXT]);

/** Takes what is there, cuts off what is not whole, and goes on behind it; anew, where nothing is. */
int crash__kept_log_go_on(struct crash__kept_log *log, const char key[CRASH__DIGEST_TEXT],
			  crash__kept_line *take, void *context, struct crash__kept_lines *read);

/** Takes what is in a file that nobody writes to. */
int crash__kept_log_read(const char *path, const char *head, const char key[CRASH__DIGEST_TEXT],
			 crash__kept_line *take, void *context, struct crash__kept_lines *read);

/** Adds a line, which has no newline in it. An error is noted, and nothing is added any more. */
void crash__kept_log_add(struct crash__kept_log *log, const char *text);

/** Takes all lines away, and leaves the head. */
void crash__kept_log_forget(struct crash__kept_log *log);

void crash__kept_log_close(struct crash__kept_log *log);

#endif
