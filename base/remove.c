/* SPDX-License-Identifier: MIT */
#include "base/remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int crash__remove_below(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), error = 0;
	struct dirent *entry;
	DIR *stream;

	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream)
		return -1;
	while ((entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0)
			continue;
		if (errno == EACCES) /* the directory itself may not be written to */
			fchmod(fd, 0700);
		if (crash__remove_below(fd, entry->d_name) < 0)
			unlinkat(fd, entry->d_name, 0);
		if (unlinkat(fd, entry->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			error = -1;
	}
	closedir(stream);
	return error;
}

int crash__remove_tree(const char *path, bool itself)
{
	int error = crash__remove_below(AT_FDCWD, path);

	return itself && rmdir(path) < 0 ? -1 : error;
}
