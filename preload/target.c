/* SPDX-License-Identifier: MIT */
/*
 * target.c - which file a call is about that names it by path.
 *
 * Method. The first question goes to the kernel with the program's own pointer: a pointer that is bad
 * makes that call fail with EFAULT, as it will the program's, and is never touched here.
 */
#include "preload/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/follow.h"
#include "common/walk.h"
#include "preload/readback.h"

uint64_t crash__open_flags(const struct crash__call_info *kernel, const long args[6])
{
	uintptr_t how = (uintptr_t)crash__arg(args, kernel->where.how);
	uint64_t flags = 0;

	if (!kernel->where.how)
		return crash__open_flags_of(kernel, args);
	/* the program's pointer may be bad */
	if (crash__is_readable(how) && crash__is_readable(how + sizeof flags - 1))
		memcpy(&flags, (const void *)how, sizeof flags);
	return flags;
}

static bool lstat_at(int dirfd, const char *path, struct stat *status, bool *bad)
{
	long result = crash__sys6(SYS_newfstatat, dirfd, (long)path, (long)status, AT_SYMLINK_NOFOLLOW, 0, 0);

	*bad = result == -EFAULT;
	return result == 0;
}

/* Whether the call names its file by the descriptor where others have a directory. */
static bool names_descriptor(const struct crash__call_info *kernel, const long args[6])
{
	const char *path = (const char *)crash__arg(args, kernel->where.path);
	struct stat status;

	if (!kernel->where.dirfd || kernel->family == CRASH__FAMILY_OPEN)
		return false;
	if (path == NULL)
		return kernel->family == CRASH__FAMILY_ATTR;
	return kernel->where.flags && (crash__arg(args, kernel->where.flags) & AT_EMPTY_PATH) &&
	       crash__sys6(SYS_newfstatat, crash__arg(args, kernel->where.dirfd), (long)path, (long)&status,
			   AT_EMPTY_PATH, 0, 0) == 0 &&
	       path[0] == '\0';
}

struct crash__target crash__target_of_path(struct crash__control *control,
					   const struct crash__call_info *kernel, const long args[6],
					   struct crash__path_buffers *buffers)
{
	struct crash__target target = {.rules = ~control->plan.with_glob};
	int dirfd = kernel->where.dirfd ? (int)crash__arg(args, kernel->where.dirfd) : AT_FDCWD;
	const char *path = (const char *)crash__arg(args, kernel->where.path);
	const char *to = (const char *)crash__arg(args, kernel->where.to);
	int todirfd = kernel->where.todirfd ? (int)crash__arg(args, kernel->where.todirfd) : AT_FDCWD;
	bool follow = crash__follows_last(kernel, args, crash__open_flags(kernel, args)), bad, exists;
	struct stat status;

	buffers->path[0] = buffers->to[0] = '\0';
	if (names_descriptor(kernel, args)) {
		target = crash__target_of_fd(control, dirfd);
		if (!target.storage || !crash__path_of_fd(dirfd, false, buffers->path))
			return target;
		goto second;
	}
	exists = lstat_at(dirfd, path, &status, &bad);
	if (bad)
		return target;
	if (!crash__path_resolve(buffers, dirfd, path, follow, buffers->path)) {
		target.unnamed = true;
		return target;
	}
	if (exists && follow && S_ISLNK(status.st_mode))
		exists = lstat_at(AT_FDCWD, buffers->path, &status, &bad);
	if (exists && crash__call_cuts(kernel, crash__open_flags(kernel, args)))
		crash__channel_cut(control, status.st_dev, status.st_ino, (uint64_t)status.st_size);
	if (exists && !crash__counts_as_file(kernel, status.st_mode))
		return target;
	target.storage = crash__path_counts(control, buffers->path);
	target.rules = crash__plan_rules_of_file(&control->plan, ~UINT64_C(0), buffers->path);
second:
	if (to) {
		lstat_at(todirfd, to, &status, &bad);
		target.unnamed = !bad && !crash__path_resolve(buffers, todirfd, to, false, buffers->to);
		if (!bad && !target.unnamed) {
			target.storage |= crash__path_counts(control, buffers->to);
			target.rules |= crash__plan_rules_of_file(&control->plan, ~UINT64_C(0), buffers->to);
		}
	}
	return target;
}
