/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/proxy/proxy_parts.h"

#define NOT_OPEN (-EBADF) /* as bad a descriptor as the process's */

/* A descriptor for the directory that a relative path starts at; AT_FDCWD is the process's, not ours. */
static int open_base(const struct crash__watched *watched, uint8_t position)
{
	int dirfd = position ? (int)argument(watched, position) : AT_FDCWD, fd;
	char path[64];

	if (dirfd == AT_FDCWD)
		snprintf(path, sizeof path, "/proc/%d/cwd", (int)watched->remote.tid);
	else
		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)watched->remote.tid, dirfd);
	fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 && errno == ENOENT && dirfd != AT_FDCWD ? NOT_OPEN : fd;
}

/* A path that is absolute needs no directory, and may come with a bad one. */
static bool has_base(int base, const char *given)
{
	return base >= 0 || base == NOT_OPEN || given[0] == '/';
}

static long make_open(struct crash__watched *watched, int base, struct crash__proxied *proxied)
{
	const struct crash__where *where = &watched->kernel->where;
	uint64_t flags = crash__watched_open_flags(watched);
	struct open_how how = {.flags = flags, .mode = (uint64_t)argument(watched, where->mode)};
	long fd;

	if (where->how) {
		if (crash__remote_read(&watched->remote, (uint64_t)argument(watched, where->how), &how,
				       sizeof how) != sizeof how)
			return -EFAULT;
		how.flags |= O_CLOEXEC;
		fd = syscall(SYS_openat2, base, watched->given, &how, sizeof how);
	} else {
		fd = openat(base, watched->given, (int)flags | O_CLOEXEC, (mode_t)how.mode);
	}
	if (fd < 0)
		return -errno;
	proxied->fd = (int)fd;
	proxied->cloexec = flags & O_CLOEXEC;
	return 0;
}

/* The second path as the process gave it, or one that is bad in the same way. */
static const char *second_path(const struct crash__watched *watched)
{
	static const char too_long[PATH_MAX + 1] = {[0 ... PATH_MAX - 1] = 'x'};
	char first;

	if (watched->given_to[0])
		return watched->given_to;
	if (crash__remote_read(&watched->remote, (uint64_t)argument(watched, watched->kernel->where.to), &first, 1) != 1)
		return (const char *)CRASH__BAD_ADDRESS;
	return first ? too_long : "";
}

static long make_link(struct crash__watched *watched, int base, int to_base)
{
	char text[PATH_MAX];
	int flags = (int)argument(watched, watched->kernel->where.flags);

	if (watched->kernel->where.to)
		return or_errno(linkat(base, watched->given, to_base, second_path(watched),
				       watched->kernel->where.flags ? flags : 0));
	if (!crash__remote_string(&watched->remote, (uint64_t)argument(watched, watched->kernel->where.text),
				  text, sizeof text))
		return -EFAULT;
	return or_errno(symlinkat(text, base, watched->given));
}

void crash__proxy_path_from(const struct crash__watched *watched, int base, char path[PATH_MAX + 64])
{
	if (watched->given[0] == '/')
		snprintf(path, PATH_MAX + 64, "%s", watched->given);
	else
		snprintf(path, PATH_MAX + 64, "/proc/self/fd/%d/%s", base, watched->given);
}

static long make_truncate(const struct crash__watched *watched, int base)
{
	char path[PATH_MAX + 64];

	crash__proxy_path_from(watched, base, path);
	return or_errno(truncate(path, (off_t)argument(watched, watched->kernel->where.size)));
}

static long make_unlink(const struct crash__watched *watched, int base)
{
	int flags = watched->kernel->kernel == CRASH__CALL_rmdir ? AT_REMOVEDIR :
								  (int)argument(watched, watched->kernel->where.flags);

	return or_errno(unlinkat(base, watched->given, flags));
}

static void make_by_path(struct crash__watched *watched, int base, int to_base, struct crash__proxied *proxied)
{
	mode_t mode = (mode_t)argument(watched, watched->kernel->where.mode);

	switch (watched->kernel->kernel) {
	case CRASH__CALL_mknod:
		proxied->result = or_errno(mknodat(base, watched->given, mode, (dev_t)watched->args[2]));
		return;
	case CRASH__CALL_mknodat:
		proxied->result = or_errno(mknodat(base, watched->given, mode, (dev_t)watched->args[3]));
		return;
	case CRASH__CALL_truncate:
		proxied->result = make_truncate(watched, base);
		return;
	case CRASH__CALL_chmod:
	case CRASH__CALL_fchmodat:
		proxied->result = or_errno(fchmodat(base, watched->given, mode, 0));
		return;
	}
	switch (watched->kernel->family) {
	case CRASH__FAMILY_OPEN:
		proxied->result = make_open(watched, base, proxied);
		break;
	case CRASH__FAMILY_RENAME:
		proxied->result = or_errno(renameat2(base, watched->given, to_base, second_path(watched),
						     (unsigned int)argument(watched, watched->kernel->where.flags)));
		break;
	case CRASH__FAMILY_UNLINK:
		proxied->result = make_unlink(watched, base);
		break;
	case CRASH__FAMILY_LINK:
		proxied->result = make_link(watched, base, to_base);
		break;
	case CRASH__FAMILY_MKDIR:
		proxied->result = or_errno(mkdirat(base, watched->given, mode));
		break;
	default:
		crash__proxy_attribute(watched, base, proxied);
		break;
	}
}

/* Who was opened or made. */
static void identify_made(const struct crash__watched *watched, struct crash__proxied *proxied)
{
	const char *path = watched->kernel->where.to ? watched->to : watched->path;

	if (proxied->result < 0)
		return;
	if (proxied->fd >= 0) {
		fstat(proxied->fd, &proxied->made);
		return;
	}
	if (watched->kernel->family == CRASH__FAMILY_OPEN || watched->kernel->family == CRASH__FAMILY_MKDIR ||
	    watched->kernel->family == CRASH__FAMILY_LINK)
		if (lstat(path, &proxied->made) < 0)
			proxied->made.st_ino = 0;
}

/*
 * linkat() with AT_EMPTY_PATH. Who may not do it with any descriptor may with one that he has opened himself
 * (Linux 6.10): we have not, so a refusal means nothing.
 */
static bool proxy_nameless_link(struct crash__watched *watched, struct crash__proxied *proxied)
{
	const struct crash__where *where = &watched->kernel->where;
	int to_base;

	if (!where->to || watched->fd < 0)
		return false;
	to_base = open_base(watched, where->todirfd);
	if (has_base(to_base, watched->given_to) && crash__remote_become(&watched->remote)) {
		proxied->result = or_errno(linkat(watched->fd, "", to_base, second_path(watched),
						  (int)argument(watched, where->flags)));
		crash__remote_resume();
		identify_made(watched, proxied);
	} else {
		proxied->result = -ENOENT;
	}
	if (to_base >= 0)
		close(to_base);
	return proxied->result != -ENOENT;
}

bool crash__proxy_path(struct crash__watched *watched, struct crash__proxied *proxied)
{
	const struct crash__where *where = &watched->kernel->where;
	int base = -1, to_base = -1;
	bool done = false;

	if (!watched->given[0] && watched->kernel->family == CRASH__FAMILY_ATTR)
		return crash__proxy_attribute_nameless(watched, proxied);
	if (!watched->given[0])
		return proxy_nameless_link(watched, proxied);
	if (watched->kernel->family == CRASH__FAMILY_TRUNCATE &&
	    crash__proxy_exceeds_limit(watched, 0, (uint64_t)argument(watched, where->size)))
		return false;
	base = open_base(watched, where->dirfd);
	to_base = where->to ? open_base(watched, where->todirfd) : -1;
	if (has_base(base, watched->given) && (!where->to || has_base(to_base, watched->given_to)) &&
	    crash__remote_become(&watched->remote)) {
		make_by_path(watched, base, to_base, proxied);
		crash__remote_resume();
		identify_made(watched, proxied);
		done = true;
	}
	if (base >= 0)
		close(base);
	if (to_base >= 0)
		close(to_base);
	return done;
}
