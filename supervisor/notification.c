/* SPDX-License-Identifier: MIT */
#include "supervisor/notification.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/follow.h"
#include "common/walk.h"
#include "supervisor/notification_recorder.h"
#include "supervisor/shared_mappings.h"

static long argument(const struct crash__watched *watched, uint8_t position)
{
	return crash__arg(watched->args, position);
}

uint64_t crash__watched_open_flags(const struct crash__watched *watched)
{
	struct open_how how = {0};

	if (!watched->kernel->where.how)
		return crash__open_flags_of(watched->kernel, watched->args);
	crash__remote_read(&watched->remote, (uint64_t)argument(watched, watched->kernel->where.how), &how,
			   sizeof how.flags);
	return how.flags;
}

uint64_t crash__watched_bytes(const struct crash__watched *watched)
{
	const struct crash__where *where = &watched->kernel->where;
	struct iovec iov[64];
	uint64_t bytes = 0, at = (uint64_t)argument(watched, where->iov);
	long left = argument(watched, where->count);

	if (watched->kernel->family != CRASH__FAMILY_WRITE)
		return 0;
	if (!where->iov)
		return (uint64_t)argument(watched, where->bytes);
	if (left > IOV_MAX) /* what the kernel refuses */
		return 0;
	while (left > 0) {
		size_t now = left < 64 ? (size_t)left : 64;

		if (crash__remote_read(&watched->remote, at, iov, now * sizeof *iov) !=
		    (long)(now * sizeof *iov))
			break;
		for (size_t i = 0; i < now; i++)
			bytes += iov[i].iov_len;
		at += now * sizeof *iov;
		left -= (long)now;
	}
	return bytes;
}

static void note_file(struct crash__watched *watched, const struct stat *status)
{
	watched->device = status->st_dev;
	watched->inode = status->st_ino;
	watched->mode = status->st_mode;
	watched->size = (uint64_t)status->st_size;
}

void crash__watched_clear(struct crash__watched *watched)
{
	if (watched->fd >= 0)
		close(watched->fd);
	watched->fd = -1;
}

/* The process's descriptor, or where that is forbidden the link in /proc. */
static bool fetch(struct crash__watched *watched, int fd, struct stat *status)
{
	watched->fd = crash__remote_dup(&watched->remote, fd);
	if (watched->fd >= 0)
		return fstat(watched->fd, status) == 0;
	return crash__remote_fstat(&watched->remote, fd, status);
}

static bool is_sync(const struct crash__watched *watched, int fd)
{
	long flags = watched->fd >= 0 ? fcntl(watched->fd, F_GETFL) :
					crash__remote_fd_flags(&watched->remote, fd);

	return flags >= 0 && (flags & O_DSYNC);
}

/*
 * The path that a file was opened by, and its number in the trace, are kept while they hold: until the process closes
 * a descriptor or anybody makes a file or moves a name. What a program takes over by exec may have lost descriptors,
 * so it must be the same file, too, and one with a single name.
 */
struct known {
	uint64_t epoch, device, inode;
	pid_t pid;
	int fd;
	uint32_t file;
	char path[PATH_MAX];
};

static struct known known[64];
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t epoch_of(const struct crash__watched *watched)
{
	struct crash__control *control = watched->control;

	return (uint64_t)atomic_load(&control->name_epoch) + atomic_load(&control->family_hits[CRASH__FAMILY_OPEN]) +
	       atomic_load(&control->fd_epoch[(uint32_t)watched->remote.pid % CRASH__EPOCHS]);
}

static struct known *entry_of(const struct crash__watched *watched, int fd)
{
	return &known[((uint32_t)watched->remote.pid * 31 + (uint32_t)fd) % (sizeof known / sizeof *known)];
}

static bool recall_path(struct crash__watched *watched, int fd, uint64_t epoch)
{
	const struct known *entry = entry_of(watched, fd);
	bool same;

	pthread_mutex_lock(&known_lock);
	same = entry->path[0] && entry->epoch == epoch && entry->pid == watched->remote.pid && entry->fd == fd &&
	       entry->device == watched->device && entry->inode == watched->inode;
	if (same) {
		strcpy(watched->path, entry->path);
		watched->file = entry->file;
	}
	pthread_mutex_unlock(&known_lock);
	return same;
}

static void remember_path(const struct crash__watched *watched, int fd, uint64_t epoch)
{
	struct known *entry = entry_of(watched, fd);

	pthread_mutex_lock(&known_lock);
	entry->epoch = epoch;
	entry->device = watched->device;
	entry->inode = watched->inode;
	entry->pid = watched->remote.pid;
	entry->fd = fd;
	entry->file = watched->file;
	strcpy(entry->path, watched->path);
	pthread_mutex_unlock(&known_lock);
}

/* Returns false if the file does not count. */
static bool find_path(struct crash__watched *watched, int fd, const struct stat *status)
{
	uint64_t epoch = epoch_of(watched);

	note_file(watched, status);
	if (recall_path(watched, fd, epoch))
		return true;
	if (!crash__remote_fd_path(&watched->remote, fd, watched->path))
		crash__control_incomplete(watched->control, CRASH__INCOMPLETE_PATH_UNKNOWN, NULL);
	else if (status->st_nlink == 0)
		crash__path_strip_deleted(watched->path);
	if (watched->path[0] && !crash__path_counts(watched->control, watched->path))
		return false;
	if (watched->control->mode & CRASH__MODE_RECORD)
		watched->file = crash__note_file(watched);
	if (status->st_nlink == 1)
		remember_path(watched, fd, epoch);
	return true;
}

static void classify_descriptor(struct crash__watched *watched, int fd)
{
	struct crash__control *control = watched->control;
	struct stat status;

	if (!fetch(watched, fd, &status) || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) ||
	    crash__control_is_outside(control, status.st_dev, status.st_ino) || !find_path(watched, fd, &status))
		return;
	watched->storage = true;
	watched->rules = crash__plan_rules_of_file(&control->plan, ~UINT64_C(0), watched->path);
	watched->sync = watched->family == CRASH__FAMILY_WRITE && is_sync(watched, fd);
}

/* "/proc/self" would be us. */
static void rename_self(const struct crash__watched *watched, char path[PATH_MAX])
{
	char rest[PATH_MAX];

	if (strncmp(path, "/proc/self/", 11) == 0) {
		strcpy(rest, path + 11);
		snprintf(path, PATH_MAX, "/proc/%d/%.4000s", (int)watched->remote.pid, rest);
	} else if (strncmp(path, "/proc/thread-self/", 18) == 0) {
		strcpy(rest, path + 18);
		snprintf(path, PATH_MAX, "/proc/%d/task/%d/%.4000s", (int)watched->remote.pid,
			 (int)watched->remote.tid, rest);
	} else if (strncmp(path, "/dev/fd/", 8) == 0) {
		strcpy(rest, path + 8);
		snprintf(path, PATH_MAX, "/proc/%d/fd/%.4000s", (int)watched->remote.pid, rest);
	}
}

static bool lstat_there(const struct crash__watched *watched, const char *path, struct stat *status)
{
	char whole[PATH_MAX + 40];

	snprintf(whole, sizeof whole, "%s%s", watched->remote.root, path);
	return lstat(whole, status) == 0;
}

/* Reads a path argument and walks it. */
static bool walk(struct crash__watched *watched, uint8_t dirfd, uint8_t position, bool follow, char *given,
		 char *out)
{
	struct crash__walk walk = {
		.prefix = watched->remote.root,
		.base = out,
		.follow = follow,
		.epoch = atomic_load(&watched->control->name_epoch),
		.out = out,
		.rest = watched->rest,
		.link = watched->link,
	};

	out[0] = '\0';
	if (!crash__remote_string(&watched->remote, (uint64_t)argument(watched, position), given, PATH_MAX))
		return false;
	rename_self(watched, given);
	if (given[0] != '/' &&
	    !crash__remote_base(&watched->remote, dirfd ? (int)argument(watched, dirfd) : AT_FDCWD, out))
		return false;
	return crash__walk(&walk, given);
}

static void classify_path(struct crash__watched *watched)
{
	const struct crash__where *where = &watched->kernel->where;
	struct crash__control *control = watched->control;
	bool follow = crash__follows_last(watched->kernel, watched->args, crash__watched_open_flags(watched));
	struct stat status;

	if (!walk(watched, where->dirfd, where->path, follow, watched->given, watched->path))
		return;
	if (lstat_there(watched, watched->path, &status)) {
		if (!crash__counts_as_file(watched->kernel, status.st_mode))
			return;
		note_file(watched, &status);
		if (S_ISSOCK(status.st_mode))
			watched->flags |= CRASH__OP_SOCKET;
	}
	watched->storage = crash__path_counts(control, watched->path);
	watched->rules = crash__plan_rules_of_file(&control->plan, ~UINT64_C(0), watched->path);
	if (where->to && walk(watched, where->todirfd, where->to, false, watched->given_to, watched->to)) {
		watched->storage |= crash__path_counts(control, watched->to);
		watched->rules |= crash__plan_rules_of_file(&control->plan, ~UINT64_C(0), watched->to);
	}
}

/* Whether the path is NULL, or empty where that means the descriptor itself. */
static bool names_descriptor(struct crash__watched *watched)
{
	const struct crash__where *where = &watched->kernel->where;
	long path = argument(watched, where->path);

	if (!where->dirfd || watched->kernel->family == CRASH__FAMILY_OPEN)
		return false;
	if (path == 0)
		return watched->kernel->family == CRASH__FAMILY_ATTR;
	return where->flags && (argument(watched, where->flags) & AT_EMPTY_PATH) &&
	       crash__remote_string(&watched->remote, (uint64_t)path, watched->given, PATH_MAX) &&
	       watched->given[0] == '\0';
}

/* msync() names its file by memory. */
static void classify_mapping(struct crash__watched *watched, uint64_t address)
{
	struct stat status;

	if (!crash__remote_mapping(&watched->remote, address, &watched->device, &watched->inode,
				   &watched->mapped_at, watched->path) ||
	    !crash__path_counts(watched->control, watched->path))
		return;
	watched->fd = crash__mapped_open(watched->device, watched->inode);
	watched->storage = true;
	watched->rules = crash__plan_rules_of_file(&watched->control->plan, ~UINT64_C(0), watched->path);
	if (watched->fd >= 0 && fstat(watched->fd, &status) == 0)
		note_file(watched, &status);
	if (watched->inode && (watched->control->mode & CRASH__MODE_RECORD))
		watched->file = crash__note_file(watched);
}

static void forget(struct crash__watched *watched)
{
	watched->storage = watched->sync = false;
	watched->rules = ~watched->control->plan.with_glob;
	watched->path[0] = watched->to[0] = watched->given[0] = watched->given_to[0] = '\0';
	watched->device = watched->inode = watched->size = 0;
	watched->mapped_at = UINT64_MAX;
	watched->mode = watched->file = 0;
}

void crash__watched_classify_fd(struct crash__watched *watched, int fd)
{
	forget(watched);
	watched->family = CRASH__FAMILIES; /* not an op itself */
	classify_descriptor(watched, fd);
}

void crash__watched_classify(struct crash__watched *watched)
{
	const struct crash__where *where = &watched->kernel->where;

	forget(watched);
	if (where->path && names_descriptor(watched)) {
		classify_descriptor(watched, (int)argument(watched, where->dirfd));
		if (watched->storage && where->to)
			walk(watched, where->todirfd, where->to, false, watched->given_to, watched->to);
	} else if (where->path) {
		classify_path(watched);
	} else if (where->fd) {
		classify_descriptor(watched, (int)argument(watched, where->fd));
	} else if (where->address) {
		classify_mapping(watched, (uint64_t)argument(watched, where->address));
	} else {
		watched->storage = true; /* sync(), and io_submit() by what it is */
	}
}
