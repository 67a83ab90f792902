/* SPDX-License-Identifier: MIT */
#include "runner/channel_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/channel/channel.h"

/*
 * The kernel gives a program no number at or above its limit, and a program that closes all that it may have
 * does not get there. A greater number than this one would make each fork copy a larger table.
 */
static int choose_number(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	if (limit.rlim_cur > CRASH__CHANNEL_NUMBER)
		return CRASH__CHANNEL_NUMBER;
	if (limit.rlim_max <= limit.rlim_cur) /* it is the last that there may be */
		limit.rlim_cur--;
	return limit.rlim_cur > STDERR_FILENO && limit.rlim_cur <= CRASH__CHANNEL_NUMBER ?
		       (int)limit.rlim_cur :
		       -1;
}

void crash__channel_make(struct crash__job *job)
{
	char path[sizeof job->directory + 16];
	struct stat status;
	int number = choose_number();

	snprintf(path, sizeof path, "%s/channel", job->directory);
	job->channel = number < 0 ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (job->channel < 0)
		return;
	/* for a process that has become another user, by /proc/self/fd */
	if (fchmod(job->channel, 0622) < 0 || fstat(job->channel, &status) < 0) {
		crash__channel_close(job);
		return;
	}
	job->control->channel.device = status.st_dev;
	job->control->channel.inode = status.st_ino;
	job->control->channel.number = number;
}

void crash__channel_place(const struct crash__job *job)
{
	int number = job->control->channel.number;
	struct rlimit limit, higher;

	if (job->channel < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (job->channel == number) {
		fcntl(number, F_SETFD, 0);
		return;
	}
	higher = limit;
	if (higher.rlim_cur <= (rlim_t)number)
		higher.rlim_cur = (rlim_t)number + 1;
	setrlimit(RLIMIT_NOFILE, &higher);
	dup2(job->channel, number);
	setrlimit(RLIMIT_NOFILE, &limit);
}

void crash__channel_settle(const struct crash__job *job)
{
	char path[sizeof job->directory + 16];
	struct stat status;

	snprintf(path, sizeof path, "%s/channel", job->directory);
	if (job->channel >= 0 &&
	    (stat(path, &status) < 0 || !crash__channel_is(job->control, status.st_dev, status.st_ino)))
		crash__control_incomplete(job->control, CRASH__INCOMPLETE_CHANNEL_LOST,
					  "its file was removed or replaced");
}

bool crash__channel_has_lost(const struct crash__job *job)
{
	struct stat status;

	return job->channel >= 0 && fstat(job->channel, &status) == 0 && status.st_size > 0;
}

void crash__channel_close(struct crash__job *job)
{
	if (job->channel >= 0)
		close(job->channel);
	job->channel = -1;
}
