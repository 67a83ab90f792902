/* SPDX-License-Identifier: MIT */
#include "file.h"

#include "bugs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int file_write(int fd, const void *data, size_t size, uint64_t offset)
{
	const char *at = data;
	ssize_t written;

	while (size > 0) {
		written = pwrite(fd, at, size, (off_t)offset);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == ENOSPC && bug(BUG_WAL_WAITS_FOR_SPACE)) {
			usleep(1000);
			continue;
		}
		if (written < 0 && bug(BUG_WAL_ABORTS))
			abort();
		if (written < 0)
			return -errno;
		if (written == 0)
			return -EIO;
		if (bug(BUG_WAL_TAKES_SHORT_WRITE))
			return 0;
		at += written;
		size -= (size_t)written;
		offset += (uint64_t)written;
	}
	return 0;
}

int file_read(int fd, struct bytes *content)
{
	struct stat status;
	off_t offset = 0;
	ssize_t got;

	if (fstat(fd, &status) < 0)
		return -errno;
	do {
		/* One byte more than it has: the last read then says "end" without another turn. */
		if (bytes_reserve(content, (size_t)(status.st_size - offset) + 1))
			return -ENOMEM;
		got = pread(fd, content->data + content->size, content->capacity - content->size, offset);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0) {
			content->size += (size_t)got;
			offset += got;
		}
		if (offset > status.st_size)
			status.st_size = offset;
	} while (got != 0);
	return 0;
}

int file_read_name(int directory, const char *name, struct bytes *content)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = file_read(fd, content);
	close(fd);
	return error;
}

int file_create(int directory, const char *name)
{
	int error = file_remove(directory, name);
	int fd;

	if (error < 0)
		return error;
	fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return fd < 0 ? -errno : fd;
}

int file_remove(int directory, const char *name)
{
	if (unlinkat(directory, name, 0) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

int file_sync(int fd)
{
	return fsync(fd) < 0 ? -errno : 0;
}

int file_sync_data(int fd)
{
	return fdatasync(fd) < 0 ? -errno : 0;
}

int file_sync_parent(int directory)
{
	int fd = openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = file_sync(fd);
	close(fd);
	return error;
}
