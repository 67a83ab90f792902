/* SPDX-License-Identifier: MIT */
#include "base/user_namespace.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/rights.h"

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

static bool may_map_all(void)
{
	return geteuid() == 0 && crash__may(CAP_SETUID) && crash__may(CAP_SETGID);
}

bool crash__has_everybody(void)
{
	return geteuid() == 0 && (crash__may(CAP_SYS_ADMIN) || may_map_all());
}

/* Whoever is here is there by the same number. */
static bool map_same(pid_t child, const char *name)
{
	unsigned int first, outside, count;
	char path[64], text[4096];
	size_t length = 0;
	FILE *stream;

	snprintf(path, sizeof path, "/proc/self/%s", name);
	stream = fopen(path, "re");
	while (stream && length < sizeof text - 64 &&
	       fscanf(stream, "%u %u %u", &first, &outside, &count) == 3)
		length += (size_t)snprintf(text + length, sizeof text - length, "%u %u %u\n", first, first,
					   count);
	if (stream)
		fclose(stream);
	snprintf(path, sizeof path, "/proc/%d/%s", (int)child, name);
	return length && write_file(path, text);
}

bool crash__map_all_ids(pid_t child)
{
	return may_map_all() && map_same(child, "gid_map") && map_same(child, "uid_map");
}
