/* SPDX-License-Identifier: MIT */
/*
 * process_tree.h - all processes below this one.
 *
 * Only for a process that is a subreaper and has no children but those that are meant. No allocation:
 * the keeper is forked from programs that may have threads.
 */
#ifndef CRASH_PROCESS_TREE_H
#define CRASH_PROCESS_TREE_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * Sends a signal to every descendant, parents before children.
 * @param spared a process that gets none; 0: all do
 * @return how many descendants there were
 */
unsigned int crash__tree_signal(int signal, pid_t spared);

/**
 * Asks about every descendant, each before its children are looked up: what is forked while we look is either
 * found, or was forked by one that was asked about.
 * @return whether it is so of one, or not all could be asked about
 */
bool crash__tree_any(bool (*is_so)(pid_t pid, void *context), void *context);

/** Kills every descendant and waits for all of them, for some seconds at most. `reaped` may be NULL. */
bool crash__tree_kill(void (*reaped)(pid_t pid, int status));

/** A handler of signals: ends this process after every descendant, with 128 and the signal. */
void crash__tree_end(int signal);

/**
 * Kills what is left of a run whose keeper is gone: every process that was started with the run's control
 * block, in `directory`, in its environment. For the runner and its guardian; allocates nothing.
 */
void crash__tree_kill_orphans(const char *directory);

#endif
