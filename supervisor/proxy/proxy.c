/* SPDX-License-Identifier: MIT */
/*
 * proxy.c - making a call on behalf of the process that waits for it.
 *
 * Method. Calls on descriptors are made on the very same open file description, fetched with
 * pidfd_getfd(2): position, O_APPEND, O_DIRECT and locks are the process's. Calls on paths are made with
 * the path as the process gave it, relative to its directory, as its user, if root and mounts are ours;
 * only "/proc/self" is spelt out. Where anything is in the way (rights that we cannot take on, a file
 * size limit whose signal we would get) the answer is no, and the process makes its call itself.
 */
#include "supervisor/proxy/proxy.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

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

static uint64_t size_limit(const struct crash__watched *watched)
{
	struct rlimit limit;

	/* another user's limits are a secret of the system call's, but not of /proc's */
	if (prlimit(watched->remote.tid, RLIMIT_FSIZE, NULL, &limit) < 0)
		return crash__remote_size_limit(&watched->remote);
	return limit.rlim_cur;
}

bool crash__proxy_exceeds_limit(const struct crash__watched *watched, uint64_t start, uint64_t bytes)
{
	uint64_t limit = size_limit(watched);

	return limit != RLIM_INFINITY && (start > limit || bytes > limit - start);
}

bool crash__proxy_write_exceeds_limit(const struct crash__watched *watched, const off_t *at, uint64_t bytes)
{
	off_t position = at ? *at : lseek(watched->fd, 0, SEEK_CUR);
	struct stat status;

	if (size_limit(watched) == RLIM_INFINITY)
		return false;
	if (fstat(watched->fd, &status) < 0 || position < 0)
		return true;
	return crash__proxy_exceeds_limit(watched, (uint64_t)(position > status.st_size ? position : status.st_size), bytes);
}

/* Calls whose arguments behind the descriptor are plain numbers. Who may change attributes is asked. */
static bool proxy_plain(struct crash__watched *watched, struct crash__proxied *proxied)
{
	const struct crash__where *where = &watched->kernel->where;

	if (watched->fd < 0 ||
	    (watched->kernel->family == CRASH__FAMILY_TRUNCATE &&
	     crash__proxy_exceeds_limit(watched, (uint64_t)argument(watched, where->offset),
			   (uint64_t)argument(watched, where->size ? where->size : where->bytes))) ||
	    (watched->kernel->family == CRASH__FAMILY_ATTR && !crash__remote_become(&watched->remote)))
		return false;
	proxied->result = or_errno(syscall(watched->kernel->number, watched->fd, watched->args[1],
					   watched->args[2], watched->args[3]));
	crash__remote_resume();
	return true;
}

bool crash__proxy_call(struct crash__watched *watched, uint64_t part, struct crash__proxied *proxied)
{
	const struct crash__where *where = &watched->kernel->where;

	*proxied = (struct crash__proxied){.fd = -1, .offset = UINT64_MAX};
	if (where->buf || where->iov)
		return crash__proxy_write(watched, part, proxied);
	if (where->from)
		return crash__proxy_copy(watched, part, proxied);
	if (where->request)
		return crash__proxy_clone(watched, proxied);
	if (where->path)
		return crash__proxy_path(watched, proxied);
	if (where->fd && (watched->kernel->family == CRASH__FAMILY_FSYNC ||
			  watched->kernel->family == CRASH__FAMILY_TRUNCATE ||
			  watched->kernel->kernel == CRASH__CALL_fchmod ||
			  watched->kernel->kernel == CRASH__CALL_fchown))
		return proxy_plain(watched, proxied);
	if (watched->kernel->kernel == CRASH__CALL_msync) {
		/* what the stores have made dirty is the file's own */
		if (watched->fd < 0)
			return false;
		if (argument(watched, where->flags) & MS_SYNC)
			proxied->result = or_errno(fdatasync(watched->fd));
		return true;
	}
	if (where->fd && watched->kernel->family == CRASH__FAMILY_ATTR)
		return crash__proxy_xattr(watched, proxied);
	if (watched->kernel->kernel == CRASH__CALL_sync) {
		sync();
		return true;
	}
	return false;
}
