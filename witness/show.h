/* SPDX-License-Identifier: MIT */
/*
 * show.h - the checker on what a real file system has, at the data directory's own path.
 */
#ifndef CRASH_SHOW_H
#define CRASH_SHOW_H

#include "explore/checkers/checker.h"

struct crash__showing {
	const struct crash__checker *checker;
	const char *data;      /* what is to be seen; */
	const char *directory; /* and where */
	const char *acked;     /* the path of the file with what was acknowledged */
	const char *acked_directory;
	const char *point, *state;
};

/** Has it checked in a process with mounts and processes of its own. */
int crash__show(const struct crash__showing *showing, struct crash__verdict *verdict);

#endif
