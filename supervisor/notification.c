/* SPDX-License-Identifier: MIT */
#include "supervisor/notification.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/follow.h"

static long argument(const struct crash__notification *notification, uint8_t position)
{
	return crash__arg(notification->args, position);
}

uint64_t crash__notification_open_flags(const struct crash__notification *notification)
{
	struct open_how how = {0};

	if (!notification->kernel->where.how)
		return crash__open_flags_of(notification->kernel, notification->args);
	crash__remote_read(&notification->remote,
			   (uint64_t)argument(notification, notification->kernel->where.how), &how,
			   sizeof how.flags);
	return how.flags;
}

uint64_t crash__notification_bytes(const struct crash__notification *notification)
{
	const struct crash__where *where = &notification->kernel->where;
	struct iovec iov[64];
	uint64_t bytes = 0, at = (uint64_t)argument(notification, where->iov);
	long left = argument(notification, where->count);

	if (notification->kernel->family != CRASH__FAMILY_WRITE &&
	    notification->kernel->family != CRASH__FAMILY_READ)
		return 0;
	if (!where->iov)
		return (uint64_t)argument(notification, where->bytes);
	if (left > IOV_MAX) /* what the kernel refuses */
		return 0;
	while (left > 0) {
		size_t now = left < 64 ? (size_t)left : 64;

		if (crash__remote_read(&notification->remote, at, iov, now * sizeof *iov) !=
		    (long)(now * sizeof *iov))
			break;
		for (size_t i = 0; i < now; i++)
			bytes += iov[i].iov_len;
		at += now * sizeof *iov;
		left -= (long)now;
	}
	return bytes;
}

void crash__notification_clear(struct crash__notification *notification)
{
	if (notification->fd >= 0)
		close(notification->fd);
	notification->fd = -1;
}
