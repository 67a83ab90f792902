/* SPDX-License-Identifier: MIT */
/*
 * opened_files.h - which files of a directory are opened while a check runs, by whomever.
 *
 * Method. inotify on each of its directories says it of static programs as well, and of those that somebody
 * else has started. Looking for a name is no event. What is made during the check and opened by that does
 * not count, nor does a directory that is listed.
 */
#ifndef CRASH_OPENED_FILES_H
#define CRASH_OPENED_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/vector.h"

/** A file that was made meanwhile. */
struct crash__made_file {
	int directory;
	char *name;
};

struct crash__opened_files {
	int events;			    /* -1: nothing is watched */
	CRASH__VECTOR(char *, directories); /* by watch number, below the directory; NULL: no such one */
	CRASH__VECTOR(struct crash__made_file, made);
	bool whole; /* nothing can have been missed so far */
};

/** Begins to watch. Where that cannot be done here nothing is watched. */
void crash__opened_files_begin(struct crash__opened_files *opened, const char *directory);

/**
 * Says what was opened since the last time.
 * @param file called for each opening of a file that was there before, with its path below the directory;
 * NULL: nobody wants to know, it was us
 */
void crash__opened_files_take(struct crash__opened_files *opened,
			      void (*file)(void *context, const char *path), void *context);

/** Ends it. Returns whether nothing can have been missed. */
bool crash__opened_files_end(struct crash__opened_files *opened);

#endif
