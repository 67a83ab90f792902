/* SPDX-License-Identifier: MIT */
#include "base/remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 100
#define BETWEEN_TRIES_US 20000

static int open_directory(int parent, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent, name, flags);

	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
		fd = openat(parent, name, flags);
	return fd;
}

static int remove_entry(int fd, const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || unlinkat(fd, name, 0) == 0)
		return 0;
	if (errno == EACCES) /* the directory itself may not be written to */
		fchmod(fd, 0700);
	if (crash__remove_below(fd, name) < 0)
		unlinkat(fd, name, 0);
	return unlinkat(fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -1 : 0;
}

/* Not opendir(3), which allocates. */
int crash__remove_below(int parent, const char *name)
{
	_Alignas(struct dirent64) char entries[2048];
	int fd = open_directory(parent, name), error = 0;
	ssize_t bytes;

	if (fd < 0)
		return -1;
	while ((bytes = getdents64(fd, entries, sizeof entries)) > 0) {
		const struct dirent64 *entry;

		for (ssize_t at = 0; at < bytes; at += entry->d_reclen) {
			entry = (const struct dirent64 *)(entries + at);
			if (remove_entry(fd, entry->d_name) < 0)
				error = errno;
		}
	}
	if (bytes < 0)
		error = errno;
	close(fd);
	errno = error;
	return error ? -1 : 0;
}

int crash__remove_tree(const char *path, bool itself)
{
	int error = crash__remove_below(AT_FDCWD, path);

	return itself && rmdir(path) < 0 ? -1 : error;
}

void crash__remove_patiently(const char *path)
{
	for (int i = 0; i < TRIES && crash__remove_tree(path, true) < 0 && errno != ENOENT; i++)
		usleep(BETWEEN_TRIES_US);
}
