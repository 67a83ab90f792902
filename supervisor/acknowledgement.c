/* SPDX-License-Identifier: MIT */
/*
 * acknowledgement.c - acknowledgements, from the memory of the process that waits for our reply.
 *
 * The kernel makes the call itself afterwards, so what is recorded is what the process is going to
 * acknowledge. A message to the kernel (netlink) acknowledges nothing.
 */
#include "supervisor/acknowledgement.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/call.h"
#include "supervisor/notification_recorder.h"

#define MOST_BYTES (16 << 20) /* of one acknowledgement */

static void acknowledge(struct crash__notification *notification, int fd, uint64_t address, uint64_t bytes)
{
	unsigned char *data = bytes && bytes <= MOST_BYTES ? malloc(bytes) : NULL;
	long got = data ? crash__remote_read(&notification->remote, address, data, bytes) : -1;

	if (got > 0)
		crash__record_remote_ack(notification, fd, data, (size_t)got);
	free(data);
}

static void acknowledge_vector(struct crash__notification *notification, int fd, uint64_t address,
			       uint64_t count)
{
	struct iovec piece;

	for (uint64_t i = 0; i < count && count <= IOV_MAX; i++) {
		if (crash__remote_read(&notification->remote, address + i * sizeof piece, &piece,
				       sizeof piece) != (long)sizeof piece)
			return;
		acknowledge(notification, fd, (uint64_t)piece.iov_base, piece.iov_len);
	}
}

void crash__acknowledge_write(struct crash__notification *notification)
{
	const struct crash__where *where = &notification->kernel->where;
	int fd = (int)crash__arg(notification->args, where->fd);

	struct stat status;

	if (!(notification->control->mode & CRASH__MODE_ACKS) ||
	    notification->kernel->family != CRASH__FAMILY_WRITE)
		return;
	if ((notification->fd >= 0 ? fstat(notification->fd, &status) == 0 :
				     crash__remote_fstat(&notification->remote, fd, &status)) &&
	    !crash__control_acknowledges(notification->control, status.st_mode, status.st_dev, status.st_ino))
		return;
	if (where->buf)
		acknowledge(notification, fd, (uint64_t)crash__arg(notification->args, where->buf),
			    (uint64_t)crash__arg(notification->args, where->bytes));
	else if (where->iov)
		acknowledge_vector(notification, fd, (uint64_t)crash__arg(notification->args, where->iov),
				   (uint64_t)crash__arg(notification->args, where->count));
}

static bool is_to_kernel(const struct crash__notification *notification, int fd)
{
	int own = crash__remote_dup(&notification->remote, fd), domain = 0;
	socklen_t bytes = sizeof domain;

	if (own < 0)
		return false;
	if (getsockopt(own, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) < 0)
		domain = 0;
	close(own);
	return domain == AF_NETLINK;
}

bool crash__is_send(int number)
{
	return number == SYS_sendto || number == SYS_sendmsg || number == SYS_sendmmsg;
}

void crash__acknowledge_send(struct crash__notification *notification, int number)
{
	uint64_t at = (uint64_t)notification->args[1], messages = 1, step = sizeof(struct msghdr);
	int fd = (int)notification->args[0];
	struct msghdr message;

	if (!(notification->control->mode & CRASH__MODE_ACKS) || is_to_kernel(notification, fd))
		return;
	if (number == SYS_sendto) {
		acknowledge(notification, fd, at, (uint64_t)notification->args[2]);
		return;
	}
	if (number == SYS_sendmmsg) {
		messages = (unsigned int)notification->args[2];
		step = sizeof(struct mmsghdr);
	}
	for (uint64_t i = 0; i < messages && i < IOV_MAX; i++) {
		if (crash__remote_read(&notification->remote, at + i * step, &message, sizeof message) !=
		    (long)sizeof message)
			return;
		acknowledge_vector(notification, fd, (uint64_t)message.msg_iov, message.msg_iovlen);
	}
}
