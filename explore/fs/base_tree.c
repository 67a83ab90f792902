/* SPDX-License-Identifier: MIT */
#include "explore/fs/base_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/as_owner.h"
#include "base/copy.h"
#include "base/error.h"

struct crash__base {
	int fd;
	char directory[PATH_MAX];
};

int crash__base_open(const char *directory, struct crash__base **out)
{
	struct crash__base *base = calloc(1, sizeof *base);

	if (!base)
		return crash__fail(CRASH_ENOMEM, "no memory for the starting tree");
	if (strlen(directory) >= sizeof base->directory) {
		free(base);
		return crash__fail(CRASH_EDIR, "%s: this path is too long", directory);
	}
	strcpy(base->directory, directory);
	base->fd = crash__owner_open(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base->fd < 0) {
		free(base);
		return crash__fail_errno("%s", directory);
	}
	*out = base;
	return 0;
}

void crash__base_close(struct crash__base *base)
{
	if (!base)
		return;
	close(base->fd);
	free(base);
}

int crash__base_stat(const struct crash__base *base, const char *path, struct stat *status)
{
	if (crash__owner_lstat(base->fd, path, status) == 0)
		return 1;
	/* a name that is too long for the file system is in none of its directories */
	if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG)
		return 0;
	return crash__fail_errno("cannot look at %s in the starting tree", path);
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
