/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/numbers.h"
#include "supervisor/proxy/proxy_parts.h"

#define NOT_OPEN (-EBADF) /* as bad a descriptor as the process's */

/* A descriptor for the directory that a relative path starts at; AT_FDCWD is the process's, not ours. */
static int open_base(const struct crash__notification *notification, uint8_t position)
{
	int dirfd = position ? (int)argument(notification, position) : AT_FDCWD, fd;
	char path[64];

	if (dirfd == AT_FDCWD)
		snprintf(path, sizeof path, "/proc/%d/cwd", (int)notification->remote.tid);
	else
		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)notification->remote.tid, dirfd);
	fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 && errno == ENOENT && dirfd != AT_FDCWD ? NOT_OPEN : fd;
}

/* A path that is absolute needs no directory, and may come with a bad one. */
static bool has_base(int base, const char *given)
{
	return base >= 0 || base == NOT_OPEN || given[0] == '/';
}

static long make_open(struct crash__notification *notification, int base, struct crash__proxied *proxied)
{
	const struct crash__where *where = &notification->kernel->where;
	uint64_t flags = crash__notification_open_flags(notification);
	struct open_how how = {.flags = flags, .mode = (uint64_t)argument(notification, where->mode)};
	long fd;

	/* the kernel looks for a number first, and opens nothing, nor truncates it, if there is none */
	if (crash__remote_fds_are_full(&notification->remote))
		return -EMFILE;
	if (where->how) {
		if (crash__remote_read(&notification->remote, (uint64_t)argument(notification, where->how),
				       &how, sizeof how) != sizeof how)
			return -EFAULT;
		how.flags |= O_CLOEXEC;
		fd = syscall(SYS_openat2, base, notification->given, &how, sizeof how);
	} else {
		fd = openat(base, notification->given, (int)flags | O_CLOEXEC, (mode_t)how.mode);
	}
	if (fd < 0)
		return -errno;
	proxied->fd = (int)fd;
	proxied->cloexec = flags & O_CLOEXEC;
	return 0;
}

/* Whether a path means to us what it means to the process, or was made to. */
static bool is_ours(const struct crash__notification *notification, const char *given)
{
	char process[32];
	int length = snprintf(process, sizeof process, "/proc/%d/", (int)notification->remote.tid);

	return !notification->remote.root[0] || strncmp(given, process, (size_t)length) == 0;
}

/* The second path as the process gave it, or one that is bad in the same way. */
static const char *second_path(const struct crash__notification *notification)
{
	static const char too_long[PATH_MAX + 1] = {[0 ... PATH_MAX - 1] = 'x'};
	char first;

	if (notification->given_to[0])
		return notification->given_to;
	if (crash__remote_read(&notification->remote,
			       (uint64_t)argument(notification, notification->kernel->where.to), &first,
			       1) != 1)
		return (const char *)CRASH__BAD_ADDRESS;
	return first ? too_long : "";
}

static long make_link(struct crash__notification *notification, int base, int to_base)
{
	char text[PATH_MAX];
	int flags = (int)argument(notification, notification->kernel->where.flags);

	if (notification->kernel->where.to)
		return or_errno(linkat(base, notification->given, to_base, second_path(notification),
				       notification->kernel->where.flags ? flags : 0));
	if (!crash__remote_string(&notification->remote,
				  (uint64_t)argument(notification, notification->kernel->where.text), text,
				  sizeof text))
		return -EFAULT;
	return or_errno(symlinkat(text, base, notification->given));
}

void crash__proxy_path_from(const struct crash__notification *notification, int base,
			    char path[PATH_MAX + 64])
{
	if (notification->given[0] == '/')
		snprintf(path, PATH_MAX + 64, "%s", notification->given);
	else
		snprintf(path, PATH_MAX + 64, "/proc/self/fd/%d/%s", base, notification->given);
}

static long make_truncate(const struct crash__notification *notification, int base)
{
	char path[PATH_MAX + 64];

	crash__proxy_path_from(notification, base, path);
	return or_errno(truncate(path, (off_t)argument(notification, notification->kernel->where.size)));
}

static long make_unlink(const struct crash__notification *notification, int base)
{
	int flags = notification->kernel->kernel == CRASH__CALL_rmdir ?
			    AT_REMOVEDIR :
			    (int)argument(notification, notification->kernel->where.flags);

	return or_errno(unlinkat(base, notification->given, flags));
}

static void make_by_path(struct crash__notification *notification, int base, int to_base,
			 struct crash__proxied *proxied)
{
	mode_t mode = (mode_t)argument(notification, notification->kernel->where.mode);

	switch (notification->kernel->kernel) {
	case CRASH__CALL_mknod:
		proxied->result =
			or_errno(mknodat(base, notification->given, mode, (dev_t)notification->args[2]));
		return;
	case CRASH__CALL_mknodat:
		proxied->result =
			or_errno(mknodat(base, notification->given, mode, (dev_t)notification->args[3]));
		return;
	case CRASH__CALL_truncate:
		proxied->result = make_truncate(notification, base);
		return;
	case CRASH__CALL_chmod:
	case CRASH__CALL_fchmodat:
		proxied->result = or_errno(fchmodat(base, notification->given, mode, 0));
		return;
	}
	switch (notification->kernel->family) {
	case CRASH__FAMILY_OPEN:
		proxied->result = make_open(notification, base, proxied);
		break;
	case CRASH__FAMILY_RENAME:
		proxied->result = or_errno(
			renameat2(base, notification->given, to_base, second_path(notification),
				  (unsigned int)argument(notification, notification->kernel->where.flags)));
		break;
	case CRASH__FAMILY_UNLINK:
		proxied->result = make_unlink(notification, base);
		break;
	case CRASH__FAMILY_LINK:
		proxied->result = make_link(notification, base, to_base);
		break;
	case CRASH__FAMILY_MKDIR:
		proxied->result = or_errno(mkdirat(base, notification->given, mode));
		break;
	default:
		crash__proxy_attribute(notification, base, proxied);
		break;
	}
}

/* Who was opened or made, or has other attributes now. */
static void identify_made(const struct crash__notification *notification, struct crash__proxied *proxied)
{
	const char *path = notification->kernel->where.to ? notification->to : notification->path;

	if (proxied->result < 0)
		return;
	if (proxied->fd >= 0) {
		fstat(proxied->fd, &proxied->made);
		return;
	}
	if (notification->kernel->family == CRASH__FAMILY_OPEN ||
	    notification->kernel->family == CRASH__FAMILY_MKDIR ||
	    notification->kernel->family == CRASH__FAMILY_LINK ||
	    notification->kernel->family == CRASH__FAMILY_ATTR)
		if (lstat(path, &proxied->made) < 0)
			proxied->made.st_ino = 0;
}

/*
 * linkat() with AT_EMPTY_PATH. Who may not do it with any descriptor may with one that he has opened himself
 * (Linux 6.10): we have not, so a refusal means nothing.
 */
static bool proxy_nameless_link(struct crash__notification *notification, struct crash__proxied *proxied)
{
	const struct crash__where *where = &notification->kernel->where;
	bool sure = true;
	int to_base;

	if (!where->to || notification->fd < 0 || !is_ours(notification, notification->given_to))
		return false;
	to_base = open_base(notification, where->todirfd);
	if (has_base(to_base, notification->given_to) && crash__remote_become(&notification->remote)) {
		proxied->result = or_errno(linkat(notification->fd, "", to_base, second_path(notification),
						  (int)argument(notification, where->flags)));
		sure = crash__proxy_resume(proxied);
		identify_made(notification, proxied);
	} else {
		proxied->result = -ENOENT;
	}
	if (to_base >= 0)
		close(to_base);
	return sure && proxied->result != -ENOENT;
}

bool crash__proxy_path(struct crash__notification *notification, struct crash__proxied *proxied)
{
	const struct crash__where *where = &notification->kernel->where;
	int base = -1, to_base = -1;
	bool done = false;

	if (!notification->given[0] && notification->kernel->family == CRASH__FAMILY_ATTR)
		return crash__proxy_attribute_nameless(notification, proxied);
	if (!notification->given[0])
		return proxy_nameless_link(notification, proxied);
	if (notification->kernel->family == CRASH__FAMILY_TRUNCATE &&
	    crash__proxy_exceeds_limit(notification, 0, (uint64_t)argument(notification, where->size)))
		return false;
	if (!is_ours(notification, notification->given) ||
	    (where->to && !is_ours(notification, notification->given_to)))
		return false;
	base = open_base(notification, where->dirfd);
	to_base = where->to ? open_base(notification, where->todirfd) : -1;
	if (has_base(base, notification->given) &&
	    (!where->to || has_base(to_base, notification->given_to)) &&
	    crash__remote_become(&notification->remote)) {
		make_by_path(notification, base, to_base, proxied);
		done = crash__proxy_resume(proxied);
		identify_made(notification, proxied);
	}
	if (base >= 0)
		close(base);
	if (to_base >= 0)
		close(to_base);
	return done;
}
