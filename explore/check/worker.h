/* SPDX-License-Identifier: MIT */
/*
 * worker.h - a process that builds states and has them checked, one after the other.
 *
 * Method. A worker is forked when the models and their atoms are known and shares them with its parent. It
 * keeps two trees, one that has everything which was done up to some step and one that has only what is
 * durable, and moves them forward step by step. A state is a few atoms away from one of them: the difference
 * is written into that tree, an overlay is mounted above it at the data directory's own path, the checker
 * runs, the overlay goes, and the difference is taken back.
 *
 * Without overlays the checker gets a copy of that tree, which is moved as the tree is, and made what it was
 * after each check by what the checker has changed (base/kept_copy.h).
 *
 * A worker lives in namespaces of its own, as the first process there. Whatever it mounted and whatever the
 * checker started ends with it, and it ends when its parent does. A recording that names the pid namespace in
 * which it was made is checked in the same one, and there the worker ends what the checker has left.
 */
#ifndef CRASH_WORKER_H
#define CRASH_WORKER_H

#include <sys/types.h>

#include "explore/check/worker_channel.h"
#include "explore/check/worker_config.h"
#include "explore/states/state_name.h"

/**
 * Starts one.
 * @param number of the worker, for names
 * @param channel gets our end of its socket
 * @return its process id, or a negative error
 */
pid_t crash__worker_start(const struct crash__worker_config *config, unsigned int number, int *channel);

#endif
