/* SPDX-License-Identifier: MIT */
/*
 * whereabouts.h - what a file is called in the run, whatever a process calls it that has another root or
 * other mounts.
 *
 * Method. A process names a file by a mount and a path below that. The same file is reached by the mounts
 * that there were when the run began, and that name is the one that counts: it is where the file is when the
 * program has ended. A file that is not reached by them is none of the run's.
 */
#ifndef CRASH_WHEREABOUTS_H
#define CRASH_WHEREABOUTS_H

#include "supervisor/remote.h"

enum crash__place {
	CRASH__PLACE_FOUND,
	CRASH__PLACE_ELSEWHERE, /* it is not in the run's own mounts */
	CRASH__PLACE_UNKNOWN,
};

struct crash__control;

/** Takes down what is mounted at the beginning of the run. */
void crash__places_begin(void);

/** From now on names may lead elsewhere than they did when the run began. */
void crash__places_change(struct crash__control *control);

/**
 * Replaces a path that was walked by what the file is called in the run; one that is not in the run's mounts
 * is called what does not count. `prefix` is where the path's root is; "" is our own.
 */
enum crash__place crash__place_of_path(const struct crash__control *control,
				       const struct crash__remote *remote, const char *prefix,
				       char path[PATH_MAX]);

/** The same for a descriptor of `whose` process and the path it was opened by. */
enum crash__place crash__place_of_fd(const struct crash__control *control, const struct crash__remote *remote,
				     pid_t whose, int fd, char path[PATH_MAX]);

#endif
