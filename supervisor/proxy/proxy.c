/* SPDX-License-Identifier: MIT */
/*
 * proxy.c - making a call on behalf of the process that waits for it.
 *
 * Method. Calls on descriptors are made on the very same open file description, fetched with
 * pidfd_getfd(2): position, O_APPEND, O_DIRECT and locks are the process's. Calls on paths are made with
 * the path as the process gave it, relative to its directory, as its user, if root and mounts are ours;
 * only "/proc/self" is spelt out. Where anything is in the way (rights that we cannot take on, a file
 * size limit whose signal we would get) the reply is no, and the process makes its call itself.
 */
#include "supervisor/proxy/proxy.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/machine.h"
#include "supervisor/memory/remote_maps.h"
#include "supervisor/proxy/proxy_parts.h"

bool crash__proxy_prepare(void)
{
	if (unshare(CLONE_FS) == 0)
		return true;
	crash__remote_share();
	return false;
}

void crash__proxied_clear(struct crash__proxied *proxied)
{
	if (proxied->fd >= 0)
		close(proxied->fd);
	free(proxied->data);
	proxied->fd = -1;
	proxied->data = NULL;
}

bool crash__proxy_exceeds_limit(const struct crash__notification *notification, uint64_t start,
				uint64_t bytes)
{
	uint64_t limit = crash__remote_size_limit(&notification->remote);

	return limit != RLIM_INFINITY && (start > limit || bytes > limit - start);
}

bool crash__proxy_write_exceeds_limit(const struct crash__notification *notification, const off_t *at,
				      uint64_t bytes)
{
	struct stat status;
	off_t position;

	if (crash__remote_size_limit(&notification->remote) == RLIM_INFINITY)
		return false;
	position = at ? *at : lseek(notification->fd, 0, SEEK_CUR);
	if (fstat(notification->fd, &status) < 0 || position < 0)
		return true;
	return crash__proxy_exceeds_limit(
		notification, (uint64_t)(position > status.st_size ? position : status.st_size), bytes);
}

/* Calls whose arguments behind the descriptor are plain numbers. Who may change attributes is asked. */
static bool proxy_plain(struct crash__notification *notification, struct crash__proxied *proxied)
{
	const struct crash__where *where = &notification->kernel->where;

	if (notification->fd < 0 ||
	    (notification->kernel->family == CRASH__FAMILY_TRUNCATE &&
	     crash__proxy_exceeds_limit(
		     notification, (uint64_t)argument(notification, where->offset),
		     (uint64_t)argument(notification, where->size ? where->size : where->bytes))) ||
	    (notification->kernel->family == CRASH__FAMILY_ATTR &&
	     !crash__remote_become(&notification->remote)))
		return false;
	proxied->result =
		or_errno(syscall(notification->kernel->number, notification->fd, notification->args[1],
				 notification->args[2], notification->args[3]));
	return notification->kernel->family != CRASH__FAMILY_ATTR || crash__proxy_resume(proxied);
}

/*
 * What the stores have made dirty is the file's own. Of another file that is mapped behind it nothing is
 * synced, and nothing is said to be.
 */
static bool proxy_msync(const struct crash__notification *notification, struct crash__proxied *proxied)
{
	enum { KNOWN = MS_ASYNC | MS_INVALIDATE | MS_SYNC };
	uint64_t start = (uint64_t)notification->args[0];
	uint64_t bytes = ((uint64_t)notification->args[1] + CRASH__PAGE - 1) & ~(uint64_t)(CRASH__PAGE - 1);
	int flags = (int)argument(notification, notification->kernel->where.flags);

	if (notification->fd < 0)
		return false;
	if ((flags & ~KNOWN) || ((flags & MS_ASYNC) && (flags & MS_SYNC)) || start % CRASH__PAGE) {
		proxied->result = -EINVAL;
		return true;
	}
	if ((flags & MS_INVALIDATE) && crash__remote_locks_memory(&notification->remote))
		return false; /* locked pages are not invalidated */
	if ((flags & MS_SYNC) && bytes)
		proxied->result = or_errno(fdatasync(notification->fd));
	/* what is not mapped the kernel passes over */
	if (proxied->result == 0 && !crash__remote_is_mapped(&notification->remote, start, start + bytes))
		proxied->result = -ENOMEM;
	return true;
}

static bool make_call(struct crash__notification *notification, uint64_t part, struct crash__proxied *proxied)
{
	const struct crash__where *where = &notification->kernel->where;

	if (where->buf || where->iov)
		return crash__proxy_write(notification, part, proxied);
	if (where->from)
		return crash__proxy_copy(notification, part, proxied);
	if (where->request)
		return crash__proxy_clone(notification, proxied);
	if (where->path)
		return crash__proxy_path(notification, proxied);
	if (where->fd && (notification->kernel->family == CRASH__FAMILY_FSYNC ||
			  notification->kernel->family == CRASH__FAMILY_TRUNCATE ||
			  notification->kernel->kernel == CRASH__CALL_fchmod ||
			  notification->kernel->kernel == CRASH__CALL_fchown))
		return proxy_plain(notification, proxied);
	if (notification->kernel->kernel == CRASH__CALL_msync)
		return proxy_msync(notification, proxied);
	if (where->fd && notification->kernel->family == CRASH__FAMILY_ATTR)
		return crash__proxy_xattr(notification, proxied);
	if (notification->kernel->kernel == CRASH__CALL_sync) {
		sync();
		return true;
	}
	return false;
}

bool crash__proxy_call(struct crash__notification *notification, uint64_t part,
		       struct crash__proxied *proxied)
{
	*proxied = (struct crash__proxied){.fd = -1, .offset = UINT64_MAX};
	if (!make_call(notification, part, proxied))
		return false;
	/* a mode changes also with an owner or an ACL */
	if (notification->kernel->family == CRASH__FAMILY_ATTR && proxied->result >= 0 &&
	    notification->fd >= 0 && fstat(notification->fd, &proxied->made) < 0)
		proxied->made.st_ino = 0;
	return true;
}
