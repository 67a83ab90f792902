/* SPDX-License-Identifier: MIT */
#include "base/change_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/remove.h"

/* A tick is ten milliseconds at most. */
#define NAPS 40
#define NAP_NS 500000

bool crash__is_before(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec != other->tv_sec ? one->tv_sec < other->tv_sec : one->tv_nsec < other->tv_nsec;
}

/* ------------------------------------------------------------------ moments */

/* The change time that a change has which is made now. */
static int stamp(const struct crash__change_clock *clock, struct timespec *moment)
{
	struct stat status;

	if (fchmod(clock->file, 0600) < 0 || fstat(clock->file, &status) < 0)
		return -1;
	*moment = status.st_ctim;
	return 0;
}

/* Far away: it is there to be cancelled. */
static int watch_time(const struct crash__change_clock *clock)
{
	const struct itimerspec never = {.it_value = {.tv_sec = INT_MAX}};

	return timerfd_settime(clock->timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

static void count_sets(struct crash__change_clock *clock)
{
	uint64_t expired;

	if (read(clock->timer, &expired, sizeof expired) >= 0 || errno != EAGAIN)
		clock->sets++;
}

/* Where change times are finer than ticks once somebody has looked at them, the second is later at once. */
int crash__change_clock_take(struct crash__change_clock *clock, bool patient, struct crash__moment *moment)
{
	const struct timespec nap = {.tv_nsec = NAP_NS};
	struct timespec first;

	/* if it is set after this, the moment does not hold */
	count_sets(clock);
	moment->sets = clock->sets;
	if (stamp(clock, &first) < 0 || stamp(clock, &moment->time) < 0)
		return -1;
	for (int i = 0; i < NAPS && patient && !crash__is_before(&first, &moment->time); i++) {
		nanosleep(&nap, NULL);
		if (stamp(clock, &moment->time) < 0)
			return -1;
	}
	return 0;
}

bool crash__change_clock_holds(struct crash__change_clock *clock, const struct crash__moment *moment)
{
	count_sets(clock);
	return clock->sets == moment->sets;
}

/* ------------------------------------------------------------------ trying it */

/* A directory with a file and a directory in it, and the file in memory. */
struct trial {
	int top, file;
	unsigned char *memory;
};

static int store(const struct trial *trial)
{
	trial->memory[0]++;
	return 0;
}

static int write_byte(const struct trial *trial)
{
	return pwrite(trial->file, "x", 1, 1) == 1 ? 0 : -1;
}

static int rename_file(const struct trial *trial)
{
	return renameat(trial->top, "file", trial->top, "renamed");
}

static int link_file(const struct trial *trial)
{
	return linkat(trial->top, "renamed", trial->top, "file", 0);
}

static int unlink_name(const struct trial *trial)
{
	return unlinkat(trial->top, "renamed", 0);
}

static int rename_directory(const struct trial *trial)
{
	return renameat(trial->top, "directory", trial->top, "moved");
}

static int make_name(const struct trial *trial)
{
	return symlinkat("x", trial->top, "moved/name");
}

static int remove_name(const struct trial *trial)
{
	return unlinkat(trial->top, "moved/name", 0);
}

/* What is done, and what shows it. */
static const struct {
	int (*change)(const struct trial *trial);
	const char *before, *after;
} changes[] = {
	{store, "file", "file"},	  {write_byte, "file", "file"},
	{rename_file, "file", "renamed"}, {link_file, "renamed", "renamed"},
	{unlink_name, "file", "file"},	  {rename_directory, "directory", "moved"},
	{make_name, "moved", "moved"},	  {remove_name, "moved", "moved"},
};

static bool shows(struct crash__change_clock *clock, const struct trial *trial, size_t i)
{
	struct crash__moment moment;
	struct stat before, after;

	return fstatat(trial->top, changes[i].before, &before, AT_SYMLINK_NOFOLLOW) == 0 &&
	       crash__change_clock_take(clock, true, &moment) == 0 &&
	       crash__is_before(&before.st_ctim, &moment.time) && changes[i].change(trial) == 0 &&
	       fstatat(trial->top, changes[i].after, &after, AT_SYMLINK_NOFOLLOW) == 0 &&
	       !crash__is_before(&after.st_ctim, &moment.time);
}

static bool all_show(struct crash__change_clock *clock, const char *directory)
{
	struct trial trial = {.top = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC), .file = -1};
	bool good = false;

	if (trial.top < 0)
		return false;
	trial.file = openat(trial.top, "file", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (trial.file >= 0 && ftruncate(trial.file, 4096) == 0 &&
	    mkdirat(trial.top, "directory", 0700) == 0) {
		trial.memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, trial.file, 0);
		good = trial.memory != MAP_FAILED;
	}
	for (size_t i = 0; i < sizeof changes / sizeof *changes && good; i++)
		good = shows(clock, &trial, i);
	if (trial.memory && trial.memory != MAP_FAILED)
		munmap(trial.memory, 4096);
	if (trial.file >= 0)
		close(trial.file);
	close(trial.top);
	return good;
}

bool crash__change_clock_open(struct crash__change_clock *clock, const char *directory)
{
	char top[PATH_MAX], file[PATH_MAX];
	bool good;

	*clock = (struct crash__change_clock){.file = -1, .timer = -1};
	if (snprintf(top, sizeof top, "%s/.dated-XXXXXX", directory) >= (int)sizeof top || !mkdtemp(top))
		return false;
	clock->timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (snprintf(file, sizeof file, "%.4000s/clock", top) > 0)
		clock->file = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	good = clock->file >= 0 && clock->timer >= 0 && watch_time(clock) == 0 && all_show(clock, top);
	if (crash__remove_tree(top, true) < 0)
		good = false;
	if (!good)
		crash__change_clock_close(clock);
	return good;
}

void crash__change_clock_close(struct crash__change_clock *clock)
{
	if (clock->file >= 0)
		close(clock->file);
	if (clock->timer >= 0)
		close(clock->timer);
	*clock = (struct crash__change_clock){.file = -1, .timer = -1};
}
