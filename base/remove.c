/* SPDX-License-Identifier: MIT */
#include "base/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"

int crash__remove_below(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), error = 0, got;
	const char *entry;
	DIR *stream;

	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((got = crash__directory_next(stream, &entry)) > 0) {
		if (unlinkat(fd, entry, 0) == 0)
			continue;
		if (errno == EACCES) /* the directory itself may not be written to */
			fchmod(fd, 0700);
		if (crash__remove_below(fd, entry) < 0)
			unlinkat(fd, entry, 0);
		if (unlinkat(fd, entry, AT_REMOVEDIR) < 0 && errno != ENOENT)
			error = -1;
	}
	closedir(stream);
	return got < 0 ? -1 : error;
}

int crash__remove_tree(const char *path, bool itself)
{
	int error = crash__remove_below(AT_FDCWD, path);

	return itself && rmdir(path) < 0 ? -1 : error;
}
