/* SPDX-License-Identifier: MIT */
#include "explore/sight/look.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

int crash__look_empty(const struct crash__sight *sight, const char *where)
{
	for (size_t i = 0; i < sight->files_count; i++) {
		char path[2 * PATH_MAX];
		int fd;

		snprintf(path, sizeof path, "%s/%s", where, sight->files[i]);
		fd = open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			return crash__fail_errno("cannot empty %s", path);
		close(fd);
	}
	return 0;
}

int crash__look_return(const struct crash__sight *sight, const char *where)
{
	for (size_t i = 0; i < sight->gone_count; i++) {
		char path[2 * PATH_MAX];
		int made;

		snprintf(path, sizeof path, "%s/%s", where, sight->gone[i].path);
		if (sight->gone[i].type == CRASH__NODE_LINK)
			made = symlink("crashinject:nothing", path);
		else if (sight->gone[i].type == CRASH__NODE_DIRECTORY)
			made = mkdir(path, 0700);
		else
			made = mknod(path, S_IFREG | 0600, 0);
		if (made < 0 && errno != EEXIST)
			return crash__fail_errno("cannot make %s", path);
	}
	return 0;
}

static bool is_of_sight(const struct crash__sight *sight, const char *path)
{
	for (size_t i = 0; i < sight->files_count; i++)
		if (strcmp(sight->files[i], path) == 0)
			return true;
	return false;
}

/* A file that the program has not changed. False: there are not so many. */
static bool find_other(const struct crash__sight *sight, const char *where, size_t number,
		       char path[2 * PATH_MAX])
{
	char *paths[] = {(char *)(uintptr_t)where, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	bool found = false;
	FTSENT *entry;

	while (walk && !found && (entry = fts_read(walk))) {
		if (entry->fts_info != FTS_F || is_of_sight(sight, entry->fts_path + strlen(where) + 1) ||
		    number--)
			continue;
		snprintf(path, 2 * PATH_MAX, "%s", entry->fts_path);
		found = true;
	}
	if (walk)
		fts_close(walk);
	return found;
}

int crash__look_remove(const struct crash__sight *sight, const char *where, size_t number)
{
	char path[2 * PATH_MAX];

	if (number < sight->files_count)
		snprintf(path, sizeof path, "%s/%s", where, sight->files[number]);
	else if (!find_other(sight, where, number - sight->files_count, path))
		return crash__fail(CRASH_EDIR, "%s has no more files", where);
	return unlink(path) < 0 ? crash__fail_errno("cannot remove %s", path) : 0;
}
