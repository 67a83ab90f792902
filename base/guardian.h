/* SPDX-License-Identifier: MIT */
/*
 * guardian.h - a directory that goes when we go, however we go.
 */
#ifndef CRASH_GUARDIAN_H
#define CRASH_GUARDIAN_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/** Zeroed is none. */
struct crash__guardian {
	char path[PATH_MAX];
	int alive; /* our end of a stream: when nobody has it any more, the directory goes */
	pid_t pid; /* 0: none */
};

/** Takes away what is left of a directory. It may be gone already. Called in the guardian, which is forked
 * from us: where we may have threads it must not allocate. */
typedef void crash__guardian_removal(const char *path);

/**
 * Makes a directory `base`/`name`, where the name ends with XXXXXX as for mkdtemp(3), and a process that
 * removes it when this one has ended and everybody else who has `alive`. That process is no child that
 * wait(2) without __WALL finds, and its end sends no signal.
 */
int crash__guardian_start(struct crash__guardian *guardian, const char *base, const char *name,
			  crash__guardian_removal *removal);

/** Removes the directory and waits for that; or, where it is to be kept, ends the guardian alone. */
void crash__guardian_end(struct crash__guardian *guardian, bool keep);

#endif
