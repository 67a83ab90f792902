/* SPDX-License-Identifier: MIT */
/*
 * run_child.h - processes that run the program again and again and are told over a socket what to do.
 *
 * Where there can be namespaces each has mount and pid namespaces of its own: what it has started ends with
 * it. Else it ends that itself when it is told to, or when we have ended.
 */
#ifndef CRASH_RUN_CHILD_H
#define CRASH_RUN_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct crash__run_child {
	pid_t pid;
	int channel; /* our end of the socket */
	bool alone;  /* it has namespaces */
	bool busy;   /* it was told something, and has not answered */
};

/**
 * Forks one. In the child it returns 1, and the child's channel is its own end.
 * @param alone in namespaces of its own
 * @return 0 in the caller; or a negative error
 */
int crash__run_child_start(struct crash__run_child *child, bool alone);

/**
 * The child's first step: into a session, and a network if it is to have its own.
 * @return 0 or a negative error
 */
int crash__run_child_enter(bool own_network);

/** Ends those that were started, with all that they have started, and waits for them. */
void crash__run_children_end(struct crash__run_child *children, unsigned int count);

#endif
