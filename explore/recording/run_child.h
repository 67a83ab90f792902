/* SPDX-License-Identifier: MIT */
/*
 * run_child.h - processes in pid namespaces of their own, which run the program again and again and are told
 * over a socket what to do.
 */
#ifndef CRASH_RUN_CHILD_H
#define CRASH_RUN_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "explore/recording/recording.h"
#include "explore/recording/sandbox.h"

struct crash__run_child {
	pid_t pid;
	int channel; /* our end of the socket */
	bool busy;   /* it was told something, and has not answered */
};

/**
 * Forks one. In the child it returns 1, and the child's channel is its own end.
 * @return 0 in the caller; or a negative error
 */
int crash__run_child_start(struct crash__run_child *child);

/**
 * The child's first step: into a session, a network if it is to have its own, and a sandbox of its own over
 * the starting tree.
 * @return 0 or a negative error
 */
int crash__run_child_enter(struct crash__sandbox *sandbox, const struct crash__recording *recording,
			   bool own_network);

/** Ends those that were started, with all that they have started, and waits for them. */
void crash__run_children_end(struct crash__run_child *children, unsigned int count);

#endif
