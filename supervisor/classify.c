/* SPDX-License-Identifier: MIT */
#include "supervisor/classify.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/channel/channel.h"
#include "common/follow.h"
#include "common/walk.h"
#include "supervisor/naming/naming.h"
#include "supervisor/notification_recorder.h"
#include "supervisor/memory/shared_mappings.h"

static long argument(const struct crash__notification *notification, uint8_t position)
{
	return crash__arg(notification->args, position);
}

static void note_file(struct crash__notification *notification, const struct stat *status)
{
	notification->device = status->st_dev;
	notification->inode = status->st_ino;
	notification->mode = status->st_mode;
	notification->size = (uint64_t)status->st_size;
}

/* The process's descriptor, or where that is forbidden the link in /proc. */
static bool fetch(struct crash__notification *notification, int fd, struct stat *status)
{
	notification->fd = crash__remote_dup(&notification->remote, fd);
	if (notification->fd >= 0)
		return fstat(notification->fd, status) == 0;
	return crash__remote_fstat(&notification->remote, fd, status);
}

static void note_flags(struct crash__notification *notification, int fd)
{
	long flags = notification->fd >= 0 ? fcntl(notification->fd, F_GETFL) :
					     crash__remote_fd_flags(&notification->remote, fd);

	notification->append = flags >= 0 && (flags & O_APPEND);
	notification->sync = crash__open_flags_sync(flags);
	notification->direct = crash__open_flags_direct(flags);
}

/*
 * The path that a file was opened by, and its number in the trace, are kept while they hold: until the
 * process closes a descriptor or anybody makes a file or moves a name. What a program takes over by exec may
 * have lost descriptors, so it must be the same file, too, and one with a single name.
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

static uint64_t epoch_of(const struct crash__notification *notification)
{
	struct crash__control *control = notification->control;

	return (uint64_t)atomic_load(&control->name_epoch) +
	       atomic_load(&control->family_hits[CRASH__FAMILY_OPEN]) +
	       atomic_load(&control->fd_epoch[(uint32_t)notification->remote.pid % CRASH__EPOCHS]);
}

static struct known *entry_of(const struct crash__notification *notification, int fd)
{
	return &known[((uint32_t)notification->remote.pid * 31 + (uint32_t)fd) %
		      (sizeof known / sizeof *known)];
}

static bool recall_path(struct crash__notification *notification, int fd, uint64_t epoch)
{
	const struct known *entry = entry_of(notification, fd);
	bool same;

	pthread_mutex_lock(&known_lock);
	same = entry->path[0] && entry->epoch == epoch && entry->pid == notification->remote.pid &&
	       entry->fd == fd && entry->device == notification->device &&
	       entry->inode == notification->inode;
	if (same) {
		strcpy(notification->path, entry->path);
		notification->file = entry->file;
	}
	pthread_mutex_unlock(&known_lock);
	return same;
}

static void remember_path(const struct crash__notification *notification, int fd, uint64_t epoch)
{
	struct known *entry = entry_of(notification, fd);

	pthread_mutex_lock(&known_lock);
	entry->epoch = epoch;
	entry->device = notification->device;
	entry->inode = notification->inode;
	entry->pid = notification->remote.pid;
	entry->fd = fd;
	entry->file = notification->file;
	strcpy(entry->path, notification->path);
	pthread_mutex_unlock(&known_lock);
}

/* Returns false if the file does not count. */
static bool find_path(struct crash__notification *notification, int fd, const struct stat *status)
{
	uint64_t epoch = epoch_of(notification);

	note_file(notification, status);
	if (recall_path(notification, fd, epoch))
		return true;
	if (!crash__name_fd(notification, fd, status->st_nlink == 0, notification->path))
		crash__control_incomplete(notification->control, CRASH__INCOMPLETE_PATH_UNKNOWN, NULL);
	if (notification->path[0] && !crash__path_counts(notification->control, notification->path))
		return false;
	if (notification->control->mode & CRASH__MODE_RECORD)
		notification->file = crash__notification_record_file(notification);
	if (status->st_nlink == 1)
		remember_path(notification, fd, epoch);
	return true;
}

static void classify_descriptor(struct crash__notification *notification, int fd)
{
	struct crash__control *control = notification->control;
	struct stat status;
	bool found = fetch(notification, fd, &status);

	notification->channel = notification->family == CRASH__FAMILY_WRITE &&
				(fd == control->channel.number ||
				 (found && crash__channel_is(control, status.st_dev, status.st_ino)));
	if (found && notification->family == CRASH__FAMILY_TRUNCATE)
		crash__channel_cut(control, status.st_dev, status.st_ino, (uint64_t)status.st_size);
	/* what it is called matters to nobody where only lines are waited for */
	if (!found || !crash__control_watches_calls(control) ||
	    (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) ||
	    crash__channel_is(control, status.st_dev, status.st_ino) ||
	    crash__control_is_outside(control, status.st_dev, status.st_ino) ||
	    !find_path(notification, fd, &status))
		return;
	notification->storage = true;
	notification->rules = crash__plan_rules_of_file(&control->plan, ~UINT64_C(0), notification->path);
	if (notification->family == CRASH__FAMILY_WRITE || notification->family == CRASH__FAMILY_READ)
		note_flags(notification, fd);
}

/*
 * Where a path leads nowhere that has a name the call usually fails. But the kernel can do without a name for
 * where the process is, if that is longer than any that it takes.
 */
static void note_unnamed(const struct crash__notification *notification, uint8_t dirfd, const char *given)
{
	if (!crash__name_is_bad(notification, dirfd, given))
		crash__control_incomplete(notification->control, CRASH__INCOMPLETE_PATH_UNKNOWN, given);
}

static void classify_path(struct crash__notification *notification)
{
	const struct crash__where *where = &notification->kernel->where;
	struct crash__control *control = notification->control;
	bool follow = crash__follows_last(notification->kernel, notification->args,
					  crash__notification_open_flags(notification));
	struct stat status;

	if (!crash__name_path(notification, where->dirfd, where->path, follow, notification->given,
			      notification->path, &status)) {
		note_unnamed(notification, where->dirfd, notification->given);
		return;
	}
	if (status.st_nlink) {
		if (crash__call_cuts(notification->kernel, crash__notification_open_flags(notification)))
			crash__channel_cut(control, status.st_dev, status.st_ino, (uint64_t)status.st_size);
		if (!crash__counts_as_file(notification->kernel, status.st_mode))
			return;
		note_file(notification, &status);
		if (S_ISSOCK(status.st_mode))
			notification->flags |= CRASH__OP_SOCKET;
	}
	notification->storage = crash__path_counts(control, notification->path);
	notification->rules = crash__plan_rules_of_file(&control->plan, ~UINT64_C(0), notification->path);
	if (!where->to)
		return;
	if (!crash__name_path(notification, where->todirfd, where->to, false, notification->given_to,
			      notification->to, NULL)) {
		note_unnamed(notification, where->todirfd, notification->given_to);
	} else {
		notification->storage |= crash__path_counts(control, notification->to);
		notification->rules |=
			crash__plan_rules_of_file(&control->plan, ~UINT64_C(0), notification->to);
	}
}

/* Whether the path is NULL, or empty where that means the descriptor itself. */
static bool names_descriptor(struct crash__notification *notification)
{
	const struct crash__where *where = &notification->kernel->where;
	long path = argument(notification, where->path);

	if (!where->dirfd || notification->kernel->family == CRASH__FAMILY_OPEN)
		return false;
	if (path == 0)
		return notification->kernel->family == CRASH__FAMILY_ATTR;
	return where->flags && (argument(notification, where->flags) & AT_EMPTY_PATH) &&
	       crash__remote_string(&notification->remote, (uint64_t)path, notification->given, PATH_MAX) &&
	       notification->given[0] == '\0';
}

static void note_mapping(const struct crash__remote_map *map, void *context)
{
	struct crash__notification *notification = context;
	struct stat status;
	bool found;

	if (notification->storage || !crash__path_counts(notification->control, map->path) ||
	    !crash__remote_map_reaches(&notification->remote, map))
		return;
	strcpy(notification->path, map->path);
	crash__name_seen(notification->control, &notification->remote, notification->path);
	notification->device = map->device;
	notification->inode = map->inode;
	notification->mode = S_IFREG;
	notification->mapped_at =
		map->offset +
		((uint64_t)argument(notification, notification->kernel->where.address) - map->start);
	notification->fd = crash__mapped_open(map);
	/* stat(2) has the numbers that everybody else goes by, for a file that is called what it was */
	found = notification->fd >= 0 ? fstat(notification->fd, &status) == 0 :
					stat(map->path, &status) == 0 && S_ISREG(status.st_mode);
	if (found)
		note_file(notification, &status);
	notification->storage = true;
}

/* msync() names its file by memory. */
static void classify_mapping(struct crash__notification *notification, uint64_t address)
{
	crash__remote_maps(&notification->remote, address, address + 1, note_mapping, notification);
	if (!notification->storage)
		return;
	notification->rules =
		crash__plan_rules_of_file(&notification->control->plan, ~UINT64_C(0), notification->path);
	if (notification->control->mode & CRASH__MODE_RECORD)
		notification->file = crash__notification_record_file(notification);
}

static void forget(struct crash__notification *notification)
{
	notification->storage = notification->sync = notification->direct = notification->append = false;
	notification->channel = false;
	notification->ahead.count = 0;
	notification->rules = ~notification->control->plan.with_glob;
	notification->path[0] = notification->to[0] = notification->given[0] = notification->given_to[0] =
		'\0';
	notification->device = notification->inode = notification->size = 0;
	notification->mapped_at = UINT64_MAX;
	notification->mode = notification->file = 0;
}

void crash__notification_classify_fd(struct crash__notification *notification, int fd)
{
	forget(notification);
	notification->family = CRASH__FAMILIES; /* not an op itself */
	classify_descriptor(notification, fd);
}

void crash__notification_classify(struct crash__notification *notification)
{
	const struct crash__where *where = &notification->kernel->where;

	forget(notification);
	if (where->path && names_descriptor(notification)) {
		classify_descriptor(notification, (int)argument(notification, where->dirfd));
		if (notification->storage && where->to)
			crash__name_path(notification, where->todirfd, where->to, false,
					 notification->given_to, notification->to, NULL);
	} else if (where->path) {
		classify_path(notification);
	} else if (where->fd) {
		classify_descriptor(notification, (int)argument(notification, where->fd));
	} else if (where->address) {
		classify_mapping(notification, (uint64_t)argument(notification, where->address));
	} else {
		notification->storage = true; /* sync(), and io_submit() by what it is */
	}
}
