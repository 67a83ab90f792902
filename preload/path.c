/* SPDX-License-Identifier: MIT */
/*
 * path.c - where this process's relative paths start.
 */
#include "preload/shim.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "common/say.h"
#include "common/walk.h"

bool crash__path_of_fd(int fd, char out[PATH_MAX])
{
	char name[32] = "/proc/self/fd/"; /* between vfork and exec, too, "self" is who asks */
	char digits[16];
	long length;

	strcat(name, crash__decimal(digits, sizeof digits, (uint64_t)(unsigned int)fd));
	length = crash__sys3(SYS_readlink, (long)name, (long)out, PATH_MAX - 1);
	out[length < 0 ? 0 : length] = '\0';
	return length >= 0;
}

bool crash__path_resolve(struct crash__path_buffers *buffers, int dirfd, const char *path, bool follow,
			 char out[PATH_MAX])
{
	struct crash__walk walk = {
		.prefix = "",
		.base = out,
		.follow = follow,
		.epoch = atomic_load_explicit(&crash__control->name_epoch, memory_order_acquire),
		.out = out,
		.rest = buffers->rest,
		.link = buffers->link,
	};

	out[0] = '\0';
	if (path == NULL)
		return false;
	if (path[0] != '/' && dirfd == AT_FDCWD)
		crash__sys3(SYS_getcwd, (long)out, PATH_MAX, 0);
	else if (path[0] != '/')
		crash__path_of_fd(dirfd, out);
	return crash__walk(&walk, path);
}
