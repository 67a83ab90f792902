/* SPDX-License-Identifier: MIT */
#include "explore/recording/overlay_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/as_owner.h"
#include "base/directory.h"
#include "base/error.h"
#include "base/user_namespace.h"

struct search {
	int top;
	char path[PATH_MAX]; /* below it */
	bool found;
};

static int search_below(struct search *search, bool foreign);

/* What is refused beside opening a file to write to it is an op, and seen afterwards. */
static int look_at(struct search *search, bool foreign)
{
	struct stat status;

	if (crash__owner_lstat(search->top, search->path, &status) < 0)
		return errno == ENOENT || errno == EACCES ? 0 : crash__fail_errno("%s", search->path);
	foreign |= status.st_uid != geteuid() || status.st_gid != getegid();
	search->found =
		foreign && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) &&
		(status.st_uid == geteuid() || faccessat(search->top, search->path, W_OK, AT_EACCESS) == 0);
	return S_ISDIR(status.st_mode) && !search->found ? search_below(search, foreign) : 0;
}

static int search_below(struct search *search, bool foreign)
{
	size_t length = strlen(search->path);
	int fd = crash__owner_open(search->top, length ? search->path : ".",
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
	    error = 0, got = 0;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const char *name;

	if (!stream) {
		error = errno == EACCES || errno == ENOENT ? 0 : crash__fail_errno("%s", search->path);
		if (fd >= 0)
			close(fd);
		return error;
	}
	while (error == 0 && !search->found && (got = crash__directory_next(stream, &name)) > 0) {
		if (snprintf(search->path + length, sizeof search->path - length, "%s%s", length ? "/" : "",
			     name) >= (int)(sizeof search->path - length))
			error = crash__fail(CRASH_EDIR, "%s: this path is too long", search->path);
		else
			error = look_at(search, foreign);
		if (error == 0 && !search->found)
			search->path[length] = '\0';
	}
	if (error == 0 && got < 0)
		error = crash__fail_errno("cannot read the directory %s", search->path);
	closedir(stream);
	return error;
}

int crash__overlay_cannot_copy(const char *directory, char **what)
{
	struct search *search;
	int error = 0;

	*what = NULL;
	if (crash__has_everybody())
		return 0;
	search = calloc(1, sizeof *search);
	if (!search)
		return crash__fail(CRASH_ENOMEM, "no memory to look at the data directory");
	search->top = crash__owner_open(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = search->top < 0 ? crash__fail_errno("%s", directory) : search_below(search, false);
	if (error == 0 && search->found && !(*what = strdup(search->path)))
		error = crash__fail(CRASH_ENOMEM, "no memory to look at the data directory");
	if (search->top >= 0)
		close(search->top);
	free(search);
	return error;
}
