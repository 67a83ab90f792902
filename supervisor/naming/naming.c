/* SPDX-License-Identifier: MIT */
#include "supervisor/naming/naming.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/ask.h"
#include "common/walk.h"
#include "supervisor/naming/mounts.h"
#include "supervisor/naming/whereabouts.h"
#include "supervisor/memory/remote_maps.h"

#define LINKS 40 /* as the kernel */

/* Says it where a name does not lead to a place. */
static void settle(struct crash__control *control, enum crash__place place, const char *path)
{
	if (place == CRASH__PLACE_UNKNOWN)
		crash__control_incomplete(control, CRASH__INCOMPLETE_OTHER_ROOT, path);
}

/* "/proc/self" would be us. */
static void rename_self(const struct crash__notification *notification, char path[PATH_MAX])
{
	char rest[PATH_MAX];

	if (strncmp(path, "/proc/self/", 11) == 0) {
		strcpy(rest, path + 11);
		snprintf(path, PATH_MAX, "/proc/%d/%.4000s", (int)notification->remote.pid, rest);
	} else if (strncmp(path, "/proc/thread-self/", 18) == 0) {
		strcpy(rest, path + 18);
		snprintf(path, PATH_MAX, "/proc/%d/task/%d/%.4000s", (int)notification->remote.pid,
			 (int)notification->remote.tid, rest);
	} else if (strncmp(path, "/dev/fd/", 8) == 0) {
		strcpy(rest, path + 8);
		snprintf(path, PATH_MAX, "/proc/%d/fd/%.4000s", (int)notification->remote.pid, rest);
	}
}

static void lstat_there(const char *prefix, const char *path, struct stat *status)
{
	char whole[PATH_MAX + 40];

	snprintf(whole, sizeof whole, "%s%s", prefix, path);
	if (lstat(whole, status) < 0)
		memset(status, 0, sizeof *status);
}

/* Where a path that was walked leads to from here: below a directory that /proc has. */
struct way {
	char from[48];
	char rest[PATH_MAX]; /* begins with a slash */
};

/*
 * A relative path starts at a directory that the process has, even if something else is mounted there by now
 * or it lies outside of the process's root.
 */
static void find_way(const struct crash__notification *notification, const char *prefix, const char *start,
		     int base, const char *walked, struct way *way)
{
	const char *rest = *start ? crash__path_behind(walked, start) : NULL;
	int tid = (int)notification->remote.tid;

	if (!rest)
		snprintf(way->from, sizeof way->from, "%s", prefix);
	else if (base == AT_FDCWD)
		snprintf(way->from, sizeof way->from, "/proc/%d/cwd", tid);
	else
		snprintf(way->from, sizeof way->from, "/proc/%d/fd/%d", tid, base);
	strcpy(way->rest, !rest ? walked : *rest ? rest : "/");
}

/*
 * For a process that has another root: the path as we have to give it. What the walk leaves out must not
 * matter to the call.
 */
static void give_from_here(const struct way *way, char given[PATH_MAX])
{
	size_t length = strlen(given);
	const char *last = strrchr(given, '/');
	bool slash = length && given[length - 1] == '/';

	last = last ? last + 1 : given;
	if (!way->from[0] || strstr(given, "..") || strcmp(last, ".") == 0 ||
	    strncmp(given, "/proc/", 6) == 0 || strlen(way->from) + strlen(way->rest) + 2 > PATH_MAX)
		return;
	strcpy(given, way->from);
	strcat(given, way->rest);
	if (slash)
		strcat(given, "/");
}

/* Reads what the process gave and walks it; `start` becomes where a relative path starts. */
static bool walk(struct crash__notification *notification, struct crash__walk *walk, int base,
		 uint64_t address, char given[PATH_MAX], char start[PATH_MAX])
{
	walk->out[0] = start[0] = '\0';
	if (!crash__remote_string(&notification->remote, address, given, PATH_MAX)) {
		given[0] = '\0';
		return false;
	}
	rename_self(notification, given);
	if (given[0] != '/' && !crash__remote_base(&notification->remote, base, &walk->prefix, start))
		return false;
	walk->base = start;
	return crash__walk(walk, given);
}

/* Takes the last name off a path, and what is behind it. */
static void take_last(char *path)
{
	size_t length = strlen(path);

	while (length && path[length - 1] == '/')
		length--;
	while (length && path[length - 1] != '/')
		length--;
	path[length] = '\0';
}

/*
 * Whether a call can neither find nor make anything by a path, which is written over. What is to be made is
 * not there, but its directory is; and a link that leads nowhere may be followed to what is to be made.
 */
static bool leads_nowhere(const char *root, char path[PATH_MAX])
{
	char link[PATH_MAX];
	struct stat status;

	for (int links = 0; links < LINKS; links++) {
		const char *from = path;
		ssize_t length;

		if (stat(path, &status) == 0)
			return false;
		if (errno != ENOENT)
			return true;
		length = readlink(path, link, sizeof link - 1);
		take_last(path);
		if (stat(path, &status) < 0)
			return true;
		if (length < 0)
			return false;
		link[length] = '\0';
		if (*link == '/')
			from = root;
		if (strlen(from) + (size_t)length >= PATH_MAX)
			return false;
		memmove(path, from, strlen(from) + 1);
		strcat(path, link);
	}
	return true;
}

bool crash__name_is_bad(const struct crash__notification *notification, uint8_t dirfd, const char *given)
{
	int base = dirfd ? (int)crash__arg(notification->args, dirfd) : AT_FDCWD;
	char path[PATH_MAX];
	int length;

	if (!*given)
		return true;
	if (*given == '/')
		length = snprintf(path, sizeof path, "%s%s", notification->remote.root, given);
	else if (base == AT_FDCWD)
		length = snprintf(path, sizeof path, "/proc/%d/cwd/%s", (int)notification->remote.tid, given);
	else
		length = snprintf(path, sizeof path, "/proc/%d/fd/%d/%s", (int)notification->remote.tid, base,
				  given);
	return length < PATH_MAX && leads_nowhere(notification->remote.root, path);
}

bool crash__name_path(struct crash__notification *notification, uint8_t dirfd, uint8_t path, bool follow,
		      char given[PATH_MAX], char out[PATH_MAX], struct stat *status)
{
	struct crash__control *control = notification->control;
	int base = dirfd ? (int)crash__arg(notification->args, dirfd) : AT_FDCWD;
	bool elsewhere = notification->remote.root[0] || atomic_load(&control->other_places);
	char start[PATH_MAX];
	struct way way;
	struct crash__walk how = {
		.prefix = notification->remote.root,
		.follow = follow,
		.epoch = atomic_load(&control->name_epoch),
		.out = out,
		.rest = notification->rest,
		.link = notification->link,
	};

	if (!walk(notification, &how, base, (uint64_t)crash__arg(notification->args, path), given, start))
		return false;
	find_way(notification, how.prefix, elsewhere ? start : "", base, out, &way);
	if (status)
		lstat_there(way.from, way.rest, status);
	if (notification->remote.root[0])
		give_from_here(&way, given);
	if (!atomic_load(&control->other_places))
		return true;
	settle(control, crash__place_of_path(control, &notification->remote, way.from, way.rest), out);
	strcpy(out, way.rest);
	return true;
}

bool crash__name_fd(const struct crash__notification *notification, int fd, bool gone, char out[PATH_MAX])
{
	struct crash__control *control = notification->control;

	if (!crash__remote_fd_path(&notification->remote, fd, out))
		return false;
	if (gone)
		crash__path_strip_deleted(out);
	if (atomic_load(&control->other_places) && out[0] == '/')
		settle(control,
		       crash__place_of_fd(control, &notification->remote, notification->remote.tid, fd, out),
		       out);
	return true;
}

bool crash__name_ours(struct crash__control *control, const struct crash__remote *remote, int fd, bool gone,
		      char out[PATH_MAX])
{
	struct crash__remote us = {.tid = getpid()};

	if (!crash__remote_fd_path(&us, fd, out))
		return false;
	if (gone)
		crash__path_strip_deleted(out);
	return !atomic_load(&control->other_places) || out[0] != '/' ||
	       crash__place_of_fd(control, remote, us.tid, fd, out) != CRASH__PLACE_UNKNOWN;
}

void crash__name_seen(struct crash__control *control, const struct crash__remote *remote, char path[PATH_MAX])
{
	const char *prefix = "";
	struct stat status;

	crash__remote_inside(remote, path, &prefix);
	lstat_there(prefix, path, &status);
	if (!status.st_nlink)
		crash__path_strip_deleted(path);
	if (atomic_load(&control->other_places))
		settle(control, crash__place_of_path(control, remote, prefix, path), path);
}

static void take_path(const struct crash__remote_map *map, void *context)
{
	strcpy(context, map->path);
}

/* Fills notification->path. */
static bool answer(struct crash__notification *notification)
{
	struct crash__remote *remote = &notification->remote;
	struct stat status;

	notification->path[0] = '\0';
	switch (notification->args[2]) {
	case CRASH__ASK_PATH:
	case CRASH__ASK_FOLLOWED:
		return crash__name_path(notification, 4, 5, notification->args[2] == CRASH__ASK_FOLLOWED,
					notification->given, notification->path, NULL);
	case CRASH__ASK_FD:
		return crash__remote_fstat(remote, (int)notification->args[3], &status) &&
		       crash__name_fd(notification, (int)notification->args[3], status.st_nlink == 0,
				      notification->path);
	case CRASH__ASK_MEMORY:
		crash__remote_maps(remote, (uint64_t)notification->args[3],
				   (uint64_t)notification->args[3] + 1, take_path, notification->path);
		if (!notification->path[0])
			return false;
		crash__name_seen(notification->control, remote, notification->path);
		return true;
	}
	return false;
}

long crash__name_answer(struct crash__notification *notification)
{
	size_t length;

	if (!answer(notification))
		return -ENOENT;
	length = strlen(notification->path) + 1;
	return crash__remote_write(&notification->remote, (uint64_t)notification->args[5], notification->path,
				   length) == (long)length ?
		       0 :
		       -EFAULT;
}
