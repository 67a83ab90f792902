/* SPDX-License-Identifier: MIT */
#include "explore/fs/base_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/as_owner.h"
#include "base/copy.h"
#include "base/error.h"
#include "base/hash_table.h"

/* A path as it was when it was first looked at; status.st_nlink is 0: nothing was there. */
struct seen {
	struct stat status;
	UT_hash_handle hh;
	char path[];
};

struct crash__base {
	int fd;
	char directory[PATH_MAX];
	struct seen **seen; /* whoever only reads the tree adds to it, too */
};

/* ------------------------------------------------------------------ whether it stays what it is */

/* 0: nothing is there */
static int look(const struct crash__base *base, const char *path, struct stat *status)
{
	if (crash__owner_lstat(base->fd, path, status) == 0)
		return 1;
	/* a name that is too long for the file system is in none of its directories */
	if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG)
		return -1;
	*status = (struct stat){0};
	return 0;
}

static int remember(const struct crash__base *base, const char *path, const struct stat *status)
{
	size_t length = strlen(path);
	struct seen *seen;

	HASH_FIND(hh, *base->seen, path, length, seen);
	if (seen)
		return 0;
	seen = calloc(1, sizeof *seen + length + 1);
	if (seen) {
		seen->status = *status;
		memcpy(seen->path, path, length);
		HASH_ADD(hh, *base->seen, path, length, seen);
		if (CRASH__HASHED(seen))
			return 0;
	}
	free(seen);
	return crash__fail(CRASH_ENOMEM, "no memory for the starting tree");
}

static void forget_all(struct crash__base *base)
{
	struct seen *seen, *next;

	HASH_ITER(hh, *base->seen, seen, next) {
		HASH_DEL(*base->seen, seen);
		free(seen);
	}
	free(base->seen);
}

/* What a change of its content changes, too. That somebody reads it does not. */
static bool is_the_same(const struct stat *one, const struct stat *other)
{
	if (!one->st_nlink || !other->st_nlink)
		return one->st_nlink == other->st_nlink;
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
	       one->st_mode == other->st_mode && one->st_size == other->st_size &&
	       one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
	       one->st_mtim.tv_nsec == other->st_mtim.tv_nsec &&
	       one->st_ctim.tv_sec == other->st_ctim.tv_sec && one->st_ctim.tv_nsec == other->st_ctim.tv_nsec;
}

/* Of all that has changed rather a file than the directory that it is in. */
bool crash__base_has_changed(const struct crash__base *base, char path[PATH_MAX])
{
	const struct seen *changed = NULL;

	for (const struct seen *seen = *base->seen; seen; seen = seen->hh.next) {
		struct stat status;

		if (changed && S_ISDIR(seen->status.st_mode))
			continue;
		if (look(base, seen->path, &status) < 0 || !is_the_same(&seen->status, &status))
			changed = seen;
		if (changed && !S_ISDIR(changed->status.st_mode))
			break;
	}
	if (changed)
		snprintf(path, PATH_MAX, "%s", changed->path);
	return changed != NULL;
}

/* ------------------------------------------------------------------ opening */

int crash__base_open(const char *directory, struct crash__base **out)
{
	struct crash__base *base = calloc(1, sizeof *base);
	struct stat status;
	int error;

	if (!base || !(base->seen = calloc(1, sizeof *base->seen))) {
		free(base);
		return crash__fail(CRASH_ENOMEM, "no memory for the starting tree");
	}
	base->fd = -1;
	if (strlen(directory) >= sizeof base->directory) {
		crash__base_close(base);
		return crash__fail(CRASH_EDIR, "%s: this path is too long", directory);
	}
	strcpy(base->directory, directory);
	base->fd = crash__owner_open(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = base->fd < 0 ? crash__fail_errno("%s", directory) : crash__base_stat(base, "", &status);
	if (error < 0)
		crash__base_close(base);
	else
		*out = base;
	return error < 0 ? error : 0;
}

void crash__base_close(struct crash__base *base)
{
	if (!base)
		return;
	if (base->fd >= 0)
		close(base->fd);
	forget_all(base);
	free(base);
}

/* ------------------------------------------------------------------ reading */

int crash__base_stat(const struct crash__base *base, const char *path, struct stat *status)
{
	int there = look(base, path, status), error;

	if (there < 0)
		return crash__fail_errno("cannot look at %s in the starting tree", path);
	error = remember(base, path, status);
	return error < 0 ? error : there;
}

bool crash__base_keeps_out(const struct crash__base *base, const char *path)
{
	struct stat status;

	return crash__owner_lstat(base->fd, path, &status) < 0 && errno == EACCES;
}

int crash__base_link(const struct crash__base *base, const char *path, char out[PATH_MAX])
{
	ssize_t length = crash__owner_readlink(base->fd, path, out, PATH_MAX - 1);

	if (length < 0)
		return crash__fail_errno("cannot read the link %s of the starting tree", path);
	out[length] = '\0';
	return 0;
}

int crash__base_xattrs(const struct crash__base *base, const char *path, struct crash__xattrs *xattrs)
{
	if (crash__xattrs_read(base->fd, path, xattrs) < 0)
		return crash__fail_errno("cannot read the attributes of %s in the starting tree", path);
	return 0;
}

long crash__base_read(const struct crash__base *base, const char *path, void *to, size_t count,
		      uint64_t offset)
{
	int fd = crash__owner_open(base->fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), error;
	ssize_t done = 0, got = 0;

	if (fd < 0)
		return -1;
	while ((size_t)done < count && (got = pread(fd, (char *)to + done, count - (size_t)done,
						    (off_t)(offset + (uint64_t)done))) > 0)
		done += got;
	error = errno;
	close(fd);
	errno = error;
	return got < 0 ? -1 : done;
}

static int has_become_shorter(const char *path)
{
	return crash__fail(CRASH_EDIR, "cannot read the starting file %s: it has become shorter since", path);
}

int crash__base_read_all(const struct crash__base *base, const char *path, void *to, size_t count,
			 uint64_t offset)
{
	long got = crash__base_read(base, path, to, count, offset);

	if (got < 0)
		return crash__fail_errno("cannot read the starting file %s", path);
	return (size_t)got < count ? has_become_shorter(path) : 0;
}

int crash__base_copy(const struct crash__base *base, const char *path, int to, uint64_t at, uint64_t end)
{
	int fd = crash__owner_open(base->fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), error = 0;
	struct stat status;

	if (fd < 0)
		return crash__fail_errno("cannot read the starting file %s", path);
	if (crash__copy_range(fd, at, to, at, end - at) < 0 || fstat(fd, &status) < 0)
		error = crash__fail_errno("cannot copy the starting file %s", path);
	else if ((uint64_t)status.st_size < end)
		error = has_become_shorter(path);
	close(fd);
	return error;
}

int crash__base_data(const struct crash__base *base, const char *path, uint64_t at, uint64_t *start,
		     uint64_t *end)
{
	int fd = crash__owner_open(base->fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), result = 1;
	off_t data, hole = 0;

	if (fd < 0)
		return crash__fail_errno("cannot read the starting file %s", path);
	data = lseek(fd, (off_t)at, SEEK_DATA);
	if (data < 0 && errno == ENXIO)
		result = 0;
	else if (data < 0 || (hole = lseek(fd, data, SEEK_HOLE)) <= data)
		result = crash__fail_errno("cannot find the data of the starting file %s", path);
	if (result == 1) {
		*start = (uint64_t)data;
		*end = (uint64_t)hole;
	}
	close(fd);
	return result;
}

DIR *crash__base_open_directory(const struct crash__base *base, const char *path)
{
	int fd = crash__owner_open(base->fd, *path ? path : ".",
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
	    error;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !stream) {
		error = errno;
		close(fd);
		errno = error;
	}
	return stream;
}

const char *crash__base_directory(const struct crash__base *base)
{
	return base->directory;
}
