/* SPDX-License-Identifier: MIT */
#include "base/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/as_owner.h"
#include "base/attributes.h"
#include "base/directory.h"
#include "base/error.h"
#include "base/hash_table.h"

/* A file with several names, and the first that it was copied to. */
struct linked {
	uint64_t key[2];
	char *path;
	UT_hash_handle hh;
};

struct crash__copying {
	struct linked *links;
	char from[PATH_MAX], to[PATH_MAX]; /* what is being copied */
};

static int copy_by_hand(int from, off_t at, int to, off_t to_at, uint64_t bytes)
{
	char buffer[65536];

	while (bytes) {
		ssize_t got = pread(from, buffer, bytes < sizeof buffer ? (size_t)bytes : sizeof buffer, at),
			put = 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -1 : 0; /* it is shorter than it was */
		for (ssize_t done = 0; done < got; done += put) {
			put = pwrite(to, buffer + done, (size_t)(got - done), to_at + done);
			if (put < 0 && errno != EINTR)
				return -1;
			put = put < 0 ? 0 : put;
		}
		at += got;
		to_at += got;
		bytes -= (uint64_t)got;
	}
	return 0;
}

static int copy_data(int from, off_t at, int to, off_t to_at, uint64_t bytes)
{
	while (bytes) {
		size_t want = bytes < (1u << 30) ? (size_t)bytes : 1u << 30;
		ssize_t done = copy_file_range(from, &at, to, &to_at, want, 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) /* not between these; or a file that only read(2) can read */
			return copy_by_hand(from, at, to, to_at, bytes);
		bytes -= (uint64_t)done;
	}
	return 0;
}

int crash__copy_range(int from, uint64_t at, int to, uint64_t to_at, uint64_t bytes)
{
	uint64_t end = at + bytes, moved = to_at - at;

	while (at < end) {
		off_t data = lseek(from, (off_t)at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			return 0; /* nothing but a hole is left */
		/* a file system that knows of no holes has data only */
		if (data < 0)
			return copy_data(from, (off_t)at, to, (off_t)(at + moved), end - at);
		if ((uint64_t)data >= end)
			return 0;
		hole = lseek(from, data, SEEK_HOLE);
		at = hole < 0 || (uint64_t)hole > end ? end : (uint64_t)hole;
		if (copy_data(from, data, to, (off_t)((uint64_t)data + moved), at - (uint64_t)data) < 0)
			return -1;
	}
	return 0;
}

static int copy_contents(int from, int to, uint64_t size)
{
	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	return crash__copy_range(from, 0, to, 0, size) < 0 ? -1 : ftruncate(to, (off_t)size);
}

/* What the program cannot read either need not be in the copy. */
static bool is_closed_to_us(const struct stat *status)
{
	return errno == EACCES && geteuid() != 0 && geteuid() != status->st_uid;
}

static int copy_file(const struct crash__copying *copying, const struct stat *status)
{
	int from = crash__owner_open(AT_FDCWD, copying->from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), to, result;

	if (from < 0 && !is_closed_to_us(status))
		return -1;
	to = open(copying->to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	result = to < 0	  ? -1 :
		 from < 0 ? ftruncate(to, status->st_size) :
			    copy_contents(from, to, (uint64_t)status->st_size);
	if (from >= 0)
		close(from);
	if (to >= 0 && close(to) < 0)
		result = -1;
	return result;
}

static int copy_link(const struct crash__copying *copying)
{
	char text[PATH_MAX];
	ssize_t length = crash__owner_readlink(AT_FDCWD, copying->from, text, sizeof text - 1);

	if (length < 0)
		return -1;
	text[length] = '\0';
	return symlink(text, copying->to);
}

/* The directory of the first name may be closed by now. */
static int link_again(const char *path, const char *to)
{
	int fd = crash__owner_open(AT_FDCWD, path, O_PATH | O_NOFOLLOW | O_CLOEXEC), result;
	char opened[64];

	if (fd < 0)
		return -1;
	snprintf(opened, sizeof opened, "/proc/self/fd/%d", fd);
	result = linkat(AT_FDCWD, opened, AT_FDCWD, to, AT_SYMLINK_FOLLOW);
	close(fd);
	return result;
}

/* Returns 1 if the file is there already by another name, and now by this one. */
static int copy_as_link(struct crash__copying *copying, const struct stat *status)
{
	uint64_t key[2] = {status->st_dev, status->st_ino};
	struct linked *found;

	if (status->st_nlink < 2 || S_ISDIR(status->st_mode))
		return 0;
	HASH_FIND(hh, copying->links, key, sizeof key, found);
	if (found)
		return link_again(found->path, copying->to) < 0 ? -1 : 1;
	found = calloc(1, sizeof *found);
	if (!found || !(found->path = strdup(copying->to))) {
		free(found);
		return -1;
	}
	memcpy(found->key, key, sizeof key);
	HASH_ADD(hh, copying->links, key, sizeof found->key, found);
	if (CRASH__HASHED(found))
		return 0;
	free(found->path);
	free(found);
	return -1;
}

/*
 * Without rights a copy of somebody else's file is ours. We may do to it what we may do to the original, and
 * what kept us out of that keeps us out of the copy.
 */
static mode_t mode_of_copy(const struct crash__copying *copying, const struct stat *status)
{
	static const struct {
		int right;
		mode_t bit;
	} rights[] = {{R_OK, S_IRUSR}, {W_OK, S_IWUSR}, {X_OK, S_IXUSR}};
	mode_t mode = status->st_mode & 07777;

	if (geteuid() == 0 || geteuid() == status->st_uid)
		return mode;
	mode &= ~(mode_t)S_IRWXU;
	for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
		if (faccessat(AT_FDCWD, copying->from, rights[i].right, AT_EACCESS) == 0)
			mode |= rights[i].bit;
	return mode;
}

/* Another owner takes some away, and a mode may forbid to give them. */
static int copy_xattrs(const struct crash__copying *copying)
{
	struct crash__xattrs xattrs;

	if (crash__xattrs_read(AT_FDCWD, copying->from, &xattrs) < 0)
		return -1;
	crash__xattrs_give(AT_FDCWD, copying->to, &xattrs);
	crash__xattrs_clear(&xattrs);
	return 0;
}

static int copy_attributes(const struct crash__copying *copying, const struct stat *status)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};

	if (geteuid() == 0 && lchown(copying->to, status->st_uid, status->st_gid) < 0)
		return -1;
	/* what is somebody else's may not be written to; the copy, which is ours, may */
	if (geteuid() != 0 && status->st_uid != geteuid())
		crash__owner_give(AT_FDCWD, copying->to, status->st_uid, status->st_gid);
	if (copy_xattrs(copying) < 0)
		return -1;
	if (!S_ISLNK(status->st_mode) && chmod(copying->to, mode_of_copy(copying, status)) < 0)
		return -1;
	return utimensat(AT_FDCWD, copying->to, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_below(struct crash__copying *copying, const struct stat *status);

static int copy_thing(struct crash__copying *copying)
{
	struct stat status;
	int result;

	if (crash__owner_lstat(AT_FDCWD, copying->from, &status) < 0)
		return errno == ENOENT ? 0 : -1;
	result = copy_as_link(copying, &status);
	if (result != 0)
		return result < 0 ? -1 : 0;
	if (S_ISDIR(status.st_mode))
		result = mkdir(copying->to, 0700) < 0 ? -1 : copy_below(copying, &status);
	else if (S_ISREG(status.st_mode))
		result = copy_file(copying, &status);
	else if (S_ISLNK(status.st_mode))
		result = copy_link(copying);
	else if (S_ISFIFO(status.st_mode) || geteuid() == 0)
		result = mknod(copying->to, status.st_mode, status.st_rdev);
	else
		return 0; /* sockets and devices hold nothing */
	return result < 0 ? -1 : copy_attributes(copying, &status);
}

static int copy_below(struct crash__copying *copying, const struct stat *status)
{
	size_t from = strlen(copying->from), to = strlen(copying->to);
	int fd = crash__owner_open(AT_FDCWD, copying->from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	int result = directory || is_closed_to_us(status) ? 0 : -1, got = 0, error;
	const char *name;

	while (directory && result == 0 && (got = crash__directory_next(directory, &name)) > 0) {
		if (snprintf(copying->from + from, PATH_MAX - from, "/%s", name) >= (int)(PATH_MAX - from) ||
		    snprintf(copying->to + to, PATH_MAX - to, "/%s", name) >= (int)(PATH_MAX - to)) {
			errno = ENAMETOOLONG;
			result = -1;
		} else {
			result = copy_thing(copying);
		}
		if (result == 0)
			copying->from[from] = copying->to[to] = '\0';
	}
	error = errno;
	if (directory)
		closedir(directory);
	errno = error;
	return result == 0 && got < 0 ? -1 : result;
}

/* ------------------------------------------------------------------ what others see */

struct crash__copying *crash__copying_new(void)
{
	struct crash__copying *copying = calloc(1, sizeof *copying);

	if (!copying)
		crash__fail(CRASH_ENOMEM, "no memory to copy files");
	return copying;
}

void crash__copying_free(struct crash__copying *copying)
{
	struct linked *entry, *next;

	HASH_ITER(hh, copying->links, entry, next) {
		HASH_DEL(copying->links, entry);
		free(entry->path);
		free(entry);
	}
	free(copying);
}

bool crash__copying_has_links(const struct crash__copying *copying)
{
	return copying->links != NULL;
}

static int say(const struct crash__copying *copying, int result)
{
	return result < 0 ? crash__fail_errno("cannot copy %s to %s", copying->from, copying->to) : 0;
}

static void name(struct crash__copying *copying, const char *from, const char *to)
{
	snprintf(copying->from, PATH_MAX, "%s", from);
	snprintf(copying->to, PATH_MAX, "%s", to);
}

int crash__copying_add(struct crash__copying *copying, const char *from, const char *to)
{
	name(copying, from, to);
	return say(copying, copy_thing(copying));
}

static int take_other_xattrs(const struct crash__copying *copying)
{
	struct crash__xattrs has, should;
	const unsigned char *value;
	const char *attribute;
	size_t at = 0, bytes;

	if (crash__xattrs_read(AT_FDCWD, copying->to, &has) < 0)
		return -1;
	if (crash__xattrs_read(AT_FDCWD, copying->from, &should) < 0) {
		crash__xattrs_clear(&has);
		return -1;
	}
	while (crash__xattrs_next(&has, &at, &attribute, &value, &bytes))
		if (!crash__xattrs_find(&should, attribute, &bytes))
			crash__xattr_give(AT_FDCWD, copying->to, attribute, NULL, 0);
	crash__xattrs_clear(&has);
	crash__xattrs_clear(&should);
	return 0;
}

int crash__copying_attributes(struct crash__copying *copying, const char *from, const char *to)
{
	struct stat status;
	int result;

	name(copying, from, to);
	result = crash__owner_lstat(AT_FDCWD, from, &status);
	if (result == 0)
		result = take_other_xattrs(copying);
	return say(copying, result == 0 ? copy_attributes(copying, &status) : result);
}

int crash__copy_tree(const char *from, const char *to)
{
	struct crash__copying *copying = crash__copying_new();
	struct stat status;
	int result = -1, error;

	if (!copying)
		return CRASH_ENOMEM;
	name(copying, from, to);
	if (stat(from, &status) == 0)
		result = copy_below(copying, &status);
	if (result == 0)
		result = copy_attributes(copying, &status);
	error = say(copying, result);
	crash__copying_free(copying);
	return error;
}
