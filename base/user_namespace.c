/* SPDX-License-Identifier: MIT */
#include "base/user_namespace.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

bool crash__map_own_ids(uid_t uid, gid_t gid)
{
	char text[64];

	if (!write_file("/proc/self/setgroups", "deny"))
		return false;
	snprintf(text, sizeof text, "%u %u 1\n", uid, uid);
	if (!write_file("/proc/self/uid_map", text))
		return false;
	snprintf(text, sizeof text, "%u %u 1\n", gid, gid);
	return write_file("/proc/self/gid_map", text);
}
