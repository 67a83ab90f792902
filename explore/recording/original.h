/* SPDX-License-Identifier: MIT */
/*
 * original.h - whether a run on a copy at another path has left the data directory itself alone.
 */
#ifndef CRASH_ORIGINAL_H
#define CRASH_ORIGINAL_H

#include "explore/recording/recording.h"

/**
 * An error where a run has changed the data directory itself: a program that names it by itself does, where
 * nothing can be mounted to show it a copy at that path. What the directory was before is saved beside it.
 * @param trace  of the run
 * @param before where the directory is as it was before
 * @param fault  the run's fault; or NULL
 */
int crash__original_check(const struct crash__recording *recording, const struct crash__trace *trace,
			  const char *before, const char *fault);

#endif
