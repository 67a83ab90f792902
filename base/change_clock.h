/* SPDX-License-Identifier: MIT */
/*
 * change_clock.h - moments by which to tell whether a file was changed before or after.
 *
 * A change of a file, of its attributes or of its names moves its change time (st_ctim), which nobody can
 * set. The clock that it is taken from is the file system's, and moments of this clock are change times of a
 * file there.
 */
#ifndef CRASH_CHANGE_CLOCK_H
#define CRASH_CHANGE_CLOCK_H

#include <stdbool.h>
#include <time.h>

struct crash__change_clock {
	int file;	   /* without a name */
	int timer;	   /* tells when the system's time is set */
	unsigned int sets; /* how often that was so far */
};

struct crash__moment {
	struct timespec time;
	unsigned int sets;
};

/**
 * Opens it for the file system that a directory of ours is on. False: changes do not always show in change
 * times there, as was tried (stores to mapped files, names that come, go and move), or nobody would tell if
 * the time was set back.
 */
bool crash__change_clock_open(struct crash__change_clock *clock, const char *directory);

void crash__change_clock_close(struct crash__change_clock *clock);

/**
 * Takes a moment: what was changed before has an earlier change time or, where these are as coarse as the
 * clock's tick, the same; what is changed from now on has a later one, or the same.
 * @param patient wait for a tick, some milliseconds, so that what was changed before has an earlier one. Even
 * so it can be the same if the file system's clock stands still.
 * @return -1 with errno
 */
int crash__change_clock_take(struct crash__change_clock *clock, bool patient, struct crash__moment *moment);

/** False: the time was set since that moment, and nothing is known of what was changed before or after. */
bool crash__change_clock_holds(struct crash__change_clock *clock, const struct crash__moment *moment);

bool crash__is_before(const struct timespec *one, const struct timespec *other);

#endif
