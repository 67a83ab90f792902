/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/proxy/proxy_parts.h"

static int flags_of(const struct crash__notification *notification)
{
	return (int)argument(notification, notification->kernel->where.flags) |
	       (notification->kernel->where.nofollow ? AT_SYMLINK_NOFOLLOW : 0);
}

/* Owner and group follow the path. */
static long make_chown(const struct crash__notification *notification, int base, const char *path, int flags)
{
	const long *ids = &notification->args[notification->kernel->where.path];

	return or_errno(fchownat(base, path, (uid_t)ids[0], (gid_t)ids[1], flags));
}

/* What the call was given is written down with it. */
static void keep(struct crash__proxied *proxied, const void *bytes, size_t count)
{
	proxied->data = malloc(count + 1);
	proxied->data_bytes = proxied->data ? count : 0;
	if (proxied->data)
		memcpy(proxied->data, bytes, count);
}

/* NULL for now, or a bad address like the process's. */
static const struct timespec *fetch_times(const struct crash__notification *notification,
					  struct timespec times[2])
{
	const struct crash__call_info *kernel = notification->kernel;
	uint64_t address = (uint64_t)argument(notification, kernel->where.times);
	int64_t given[4];
	size_t bytes = kernel->kernel == CRASH__CALL_utime ? 2 * sizeof *given : sizeof given;

	if (!address)
		return NULL;
	if (crash__remote_read(&notification->remote, address, given, bytes) != (long)bytes)
		return (const struct timespec *)CRASH__BAD_ADDRESS;
	crash__call_times(kernel->kernel, given, times);
	return times;
}

static long make_times(const struct crash__notification *notification, int base, const char *path, int flags,
		       struct crash__proxied *proxied)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
	const struct timespec *given = fetch_times(notification, times);

	keep(proxied, times, sizeof times);
	return or_errno(syscall(SYS_utimensat, base, path, given, flags));
}

static bool is_chown(unsigned int call)
{
	return call == CRASH__CALL_chown || call == CRASH__CALL_lchown || call == CRASH__CALL_fchownat;
}

static bool is_utime(unsigned int call)
{
	return call == CRASH__CALL_utime || call == CRASH__CALL_utimes || call == CRASH__CALL_futimesat ||
	       call == CRASH__CALL_utimensat;
}

/* Extended attributes: of a descriptor, or of a path that needs no directory to start at. */
static long make_xattr(const struct crash__notification *notification, long file,
		       struct crash__proxied *proxied)
{
	char name[XATTR_NAME_MAX + 2], value[XATTR_SIZE_MAX];
	size_t bytes = (size_t)notification->args[3];
	const void *value_there = value;
	const char *name_there = name;

	if (!crash__remote_string(&notification->remote, (uint64_t)notification->args[1], name,
				  sizeof name)) {
		if (crash__remote_read(&notification->remote, (uint64_t)notification->args[1], name, 1) != 1)
			name_there = (const char *)CRASH__BAD_ADDRESS;
		name[sizeof name - 1] = '\0'; /* too long */
	}
	/* those that remove have no value, and this is not looked at */
	if (bytes && (bytes > sizeof value ||
		      crash__remote_read(&notification->remote, (uint64_t)notification->args[2], value,
					 bytes) != (long)bytes))
		value_there = (const void *)CRASH__BAD_ADDRESS;
	if (notification->kernel->where.value && value_there == value)
		keep(proxied, value, bytes);
	return or_errno(syscall(notification->kernel->number, file, name_there, value_there, bytes,
				(int)notification->args[4]));
}

void crash__proxy_attribute(const struct crash__notification *notification, int base,
			    struct crash__proxied *proxied)
{
	char path[PATH_MAX + 64];

	if (is_chown(notification->kernel->kernel)) {
		proxied->result = make_chown(notification, base, notification->given, flags_of(notification));
	} else if (is_utime(notification->kernel->kernel)) {
		proxied->result =
			make_times(notification, base, notification->given, flags_of(notification), proxied);
	} else if (notification->kernel->kernel == CRASH__CALL_fchmodat2) {
		proxied->result = or_errno(syscall(notification->kernel->number, base, notification->given,
						   notification->args[2], notification->args[3]));
	} else {
		crash__proxy_path_from(notification, base, path);
		proxied->result = make_xattr(notification, (long)path, proxied);
	}
}

bool crash__proxy_attribute_nameless(const struct crash__notification *notification,
				     struct crash__proxied *proxied)
{
	bool times = is_utime(notification->kernel->kernel) &&
		     !notification->args[notification->kernel->where.path - 1];

	if ((!times && notification->kernel->kernel != CRASH__CALL_fchownat) || notification->fd < 0 ||
	    !crash__remote_become(&notification->remote))
		return false;
	if (times)
		proxied->result =
			make_times(notification, notification->fd, NULL, flags_of(notification), proxied);
	else
		proxied->result = make_chown(notification, notification->fd, "", flags_of(notification));
	return crash__proxy_resume(proxied);
}

bool crash__proxy_xattr(const struct crash__notification *notification, struct crash__proxied *proxied)
{
	if (notification->fd < 0 || !crash__remote_become(&notification->remote))
		return false;
	proxied->result = make_xattr(notification, notification->fd, proxied);
	return crash__proxy_resume(proxied);
}
