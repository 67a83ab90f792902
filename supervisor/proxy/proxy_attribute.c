/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/limits.h>
#include <string.h>
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

/* The times in whatever form the call has them; NULL for now, or a bad address like the process's. */
static const struct timespec *fetch_times(const struct crash__notification *notification,
					  struct timespec times[2])
{
	uint64_t address = (uint64_t)notification->args[notification->kernel->where.path];
	uint64_t words[4];
	size_t bytes = notification->kernel->kernel == CRASH__CALL_utime ? 2 * sizeof *words : sizeof words;

	if (!address)
		return NULL;
	if (crash__remote_read(&notification->remote, address, words, bytes) != (long)bytes)
		return (const struct timespec *)CRASH__BAD_ADDRESS;
	switch (notification->kernel->kernel) {
	case CRASH__CALL_utime:
		times[0] = (struct timespec){.tv_sec = (time_t)words[0]};
		times[1] = (struct timespec){.tv_sec = (time_t)words[1]};
		break;
	case CRASH__CALL_utimensat:
		memcpy(times, words, sizeof words);
		break;
	default: /* microseconds */
		for (int i = 0; i < 2; i++)
			times[i] = (struct timespec){.tv_sec = (time_t)words[2 * i],
						     .tv_nsec = (long)words[2 * i + 1] * 1000};
	}
	return times;
}

static long make_times(const struct crash__notification *notification, int base, const char *path, int flags)
{
	struct timespec times[2];

	return or_errno(syscall(SYS_utimensat, base, path, fetch_times(notification, times), flags));
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
static long make_xattr(const struct crash__notification *notification, long file)
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
		proxied->result = make_times(notification, base, notification->given, flags_of(notification));
	} else if (notification->kernel->kernel == CRASH__CALL_fchmodat2) {
		proxied->result = or_errno(syscall(notification->kernel->number, base, notification->given,
						   notification->args[2], notification->args[3]));
	} else {
		crash__proxy_path_from(notification, base, path);
		proxied->result = make_xattr(notification, (long)path);
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
		proxied->result = make_times(notification, notification->fd, NULL, flags_of(notification));
	else
		proxied->result = make_chown(notification, notification->fd, "", flags_of(notification));
	return crash__proxy_resume(proxied);
}

bool crash__proxy_xattr(const struct crash__notification *notification, struct crash__proxied *proxied)
{
	if (notification->fd < 0 || !crash__remote_become(&notification->remote))
		return false;
	proxied->result = make_xattr(notification, notification->fd);
	return crash__proxy_resume(proxied);
}
