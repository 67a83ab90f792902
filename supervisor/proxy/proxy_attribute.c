/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/proxy/proxy_parts.h"

static int flags_of(const struct crash__watched *watched)
{
	return (int)argument(watched, watched->kernel->where.flags) |
	       (watched->kernel->where.nofollow ? AT_SYMLINK_NOFOLLOW : 0);
}

/* Owner and group follow the path. */
static long make_chown(const struct crash__watched *watched, int base, const char *path, int flags)
{
	const long *ids = &watched->args[watched->kernel->where.path];

	return or_errno(fchownat(base, path, (uid_t)ids[0], (gid_t)ids[1], flags));
}

/* The times in whatever form the call has them; NULL for now, or a bad address like the process's. */
static const struct timespec *fetch_times(const struct crash__watched *watched, struct timespec times[2])
{
	uint64_t address = (uint64_t)watched->args[watched->kernel->where.path];
	uint64_t words[4];
	size_t bytes = watched->kernel->kernel == CRASH__CALL_utime ? 2 * sizeof *words : sizeof words;

	if (!address)
		return NULL;
	if (crash__remote_read(&watched->remote, address, words, bytes) != (long)bytes)
		return (const struct timespec *)CRASH__BAD_ADDRESS;
	switch (watched->kernel->kernel) {
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

static long make_times(const struct crash__watched *watched, int base, const char *path, int flags)
{
	struct timespec times[2];

	return or_errno(syscall(SYS_utimensat, base, path, fetch_times(watched, times), flags));
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
static long make_xattr(const struct crash__watched *watched, long file)
{
	char name[XATTR_NAME_MAX + 2], value[XATTR_SIZE_MAX];
	size_t bytes = (size_t)watched->args[3];
	const void *value_there = value;
	const char *name_there = name;

	if (!crash__remote_string(&watched->remote, (uint64_t)watched->args[1], name, sizeof name)) {
		if (crash__remote_read(&watched->remote, (uint64_t)watched->args[1], name, 1) != 1)
			name_there = (const char *)CRASH__BAD_ADDRESS;
		name[sizeof name - 1] = '\0'; /* too long */
	}
	/* those that remove have no value, and this is not looked at */
	if (bytes && (bytes > sizeof value || crash__remote_read(&watched->remote, (uint64_t)watched->args[2],
								 value, bytes) != (long)bytes))
		value_there = (const void *)CRASH__BAD_ADDRESS;
	return or_errno(syscall(watched->kernel->number, file, name_there, value_there, bytes, (int)watched->args[4]));
}

void crash__proxy_attribute(const struct crash__watched *watched, int base, struct crash__proxied *proxied)
{
	char path[PATH_MAX + 64];

	if (is_chown(watched->kernel->kernel)) {
		proxied->result = make_chown(watched, base, watched->given, flags_of(watched));
	} else if (is_utime(watched->kernel->kernel)) {
		proxied->result = make_times(watched, base, watched->given, flags_of(watched));
	} else if (watched->kernel->kernel == CRASH__CALL_fchmodat2) {
		proxied->result = or_errno(syscall(watched->kernel->number, base, watched->given, watched->args[2],
						   watched->args[3]));
	} else {
		crash__proxy_path_from(watched, base, path);
		proxied->result = make_xattr(watched, (long)path);
	}
}

bool crash__proxy_attribute_nameless(const struct crash__watched *watched, struct crash__proxied *proxied)
{
	bool times = is_utime(watched->kernel->kernel) && !watched->args[watched->kernel->where.path - 1];

	if ((!times && watched->kernel->kernel != CRASH__CALL_fchownat) || watched->fd < 0 ||
	    !crash__remote_become(&watched->remote))
		return false;
	if (times)
		proxied->result = make_times(watched, watched->fd, NULL, flags_of(watched));
	else
		proxied->result = make_chown(watched, watched->fd, "", flags_of(watched));
	crash__remote_resume();
	return true;
}

bool crash__proxy_xattr(const struct crash__watched *watched, struct crash__proxied *proxied)
{
	if (watched->fd < 0 || !crash__remote_become(&watched->remote))
		return false;
	proxied->result = make_xattr(watched, watched->fd);
	crash__remote_resume();
	return true;
}
