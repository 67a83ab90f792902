/* SPDX-License-Identifier: MIT */
#include "damage.h"

#include "checkpoint.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Opens the directory, does one damage in it, closes it. */
static int in_directory(const char *path, int (*act)(int directory))
{
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error;

	if (directory < 0)
		return -errno;
	error = act(directory);
	close(directory);
	return error;
}

static int lose_snapshot(int directory)
{
	static const char half[] = "SNAP half of a header";
	int error;
	int fd = file_create(directory, SNAPSHOT_TMP);

	if (fd < 0)
		return fd;
	error = file_write(fd, half, sizeof(half) - 1, 0);
	close(fd);
	if (!error && unlinkat(directory, SNAPSHOT_NAME, 0) < 0)
		error = -errno;
	return error;
}

int damage_snapshot(const char *path)
{
	return in_directory(path, lose_snapshot);
}

static int tear_tail(int directory)
{
	/* An append that came as far as the header and one byte. */
	static const unsigned char half[WAL_HEADER_SIZE + 1] = "WALf\x40";
	int fd = openat(directory, WAL_NAME, O_RDWR | O_CLOEXEC);
	off_t end;
	int error;

	if (fd < 0)
		return -errno;
	end = lseek(fd, 0, SEEK_END);
	error = end < 0 ? -errno : file_write(fd, half, sizeof(half), (uint64_t)end);
	close(fd);
	return error;
}

int damage_log_tail(const char *path)
{
	return in_directory(path, tear_tail);
}

static int copy_over(int directory, const struct bytes *log)
{
	int error;
	int fd = file_create(directory, CHECKPOINT_TMP);

	if (fd < 0)
		return fd;
	error = file_write(fd, log->data, log->size, 0);
	if (!error)
		error = file_sync(fd);
	close(fd);
	if (!error && renameat(directory, CHECKPOINT_TMP, directory, WAL_NAME) < 0)
		error = -errno;
	return error;
}

static int replace_log(int directory)
{
	struct bytes log = {0};
	int error = file_read_name(directory, WAL_NAME, &log);

	if (!error)
		error = copy_over(directory, &log);
	bytes_clear(&log);
	return error;
}

int damage_log_name(const char *path)
{
	return in_directory(path, replace_log);
}
