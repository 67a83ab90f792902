/* SPDX-License-Identifier: MIT */
/*
 * acknowledgement.c - acknowledgements, from the memory of the process that waits for our reply.
 *
 * The kernel makes the call itself afterwards, so what is recorded is what the process is going to
 * acknowledge. A message to the kernel (netlink) acknowledges nothing.
 */
#include "supervisor/acknowledgement.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/audience.h"
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

/* What a call is to write, which is as much as it says. */
static uint64_t bytes_of_vector(const struct crash__notification *notification, uint64_t address,
				uint64_t count)
{
	uint64_t bytes = 0;
	struct iovec piece;

	for (uint64_t i = 0; i < count && count <= IOV_MAX; i++) {
		if (crash__remote_read(&notification->remote, address + i * sizeof piece, &piece,
				       sizeof piece) != (long)sizeof piece)
			return 0;
		bytes += piece.iov_len;
	}
	return bytes;
}

static uint64_t bytes_of(const struct crash__notification *notification)
{
	const struct crash__where *where = &notification->kernel->where;

	if (where->iov)
		return bytes_of_vector(notification, (uint64_t)crash__arg(notification->args, where->iov),
				       (uint64_t)crash__arg(notification->args, where->count));
	return where->bytes ? (uint64_t)crash__arg(notification->args, where->bytes) : 0;
}

/* Whether what comes out of a pipe, or goes into one, is known: it is one of the tree's own, and was told
 * when it was put in. */
static bool is_told(const struct crash__notification *notification, int pipe, uint64_t bytes)
{
	struct stat status;

	return pipe >= 0 && !crash__wakes_up(bytes) && fstat(pipe, &status) == 0 &&
	       crash__audience_is_tree(notification->control, &status, pipe);
}

/* What is to be copied from a file. What comes from a pipe or a socket cannot be read. */
static void acknowledge_copy(struct crash__notification *notification, int fd, uint64_t bytes)
{
	const struct crash__where *where = &notification->kernel->where;
	uint64_t address = (uint64_t)crash__arg(notification->args, where->from_offset);
	int from = crash__remote_dup(&notification->remote, (int)crash__arg(notification->args, where->from));
	off_t offset = from < 0 ? -1 : lseek(from, 0, SEEK_CUR);
	ssize_t got = -1;
	void *data = malloc(bytes < MOST_BYTES ? bytes + 1 : MOST_BYTES);

	if (offset >= 0 && address &&
	    crash__remote_read(&notification->remote, address, &offset, sizeof offset) != (long)sizeof offset)
		offset = -1;
	if (data && offset >= 0)
		got = pread(from, data, bytes < MOST_BYTES ? bytes : MOST_BYTES, offset);
	if (got > 0)
		crash__record_remote_ack(notification, fd, data, (size_t)got);
	else if (got < 0 && !is_told(notification, from, bytes) &&
		 !is_told(notification, notification->fd, bytes))
		crash__control_incomplete(notification->control, CRASH__INCOMPLETE_DATA_UNREADABLE,
					  notification->kernel->name);
	free(data);
	if (from >= 0)
		close(from);
}

static bool is_closed(const struct crash__notification *notification, int fd)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)notification->remote.tid);
	if (stat(path, &status) < 0)
		return false;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)notification->remote.tid, fd);
	return lstat(path, &status) < 0 && errno == ENOENT;
}

/*
 * Whether a write is sure to fail: there is no such descriptor, it is not for writing, or nobody reads and
 * nobody can. Of one that only cannot wait that is not sure: until it is made there may be room.
 */
static bool is_in_vain(const struct crash__notification *notification, int fd, const struct stat *status)
{
	struct pollfd pipe = {.fd = notification->fd, .events = POLLOUT};

	if (notification->fd < 0)
		return is_closed(notification, fd);
	return (fcntl(notification->fd, F_GETFL) & O_ACCMODE) == O_RDONLY ||
	       (crash__audience_is_tree(notification->control, status, notification->fd) &&
		S_ISFIFO(status->st_mode) && poll(&pipe, 1, 0) == 1 && (pipe.revents & POLLERR));
}

void crash__acknowledge_write(struct crash__notification *notification)
{
	const struct crash__where *where = &notification->kernel->where;
	int fd = (int)crash__arg(notification->args, where->fd);
	struct stat status = {.st_mode = 0};

	if (!(notification->control->mode & CRASH__MODE_ACKS) ||
	    notification->kernel->family != CRASH__FAMILY_WRITE)
		return;
	if ((notification->fd >= 0 ? fstat(notification->fd, &status) == 0 :
				     crash__remote_fstat(&notification->remote, fd, &status)) &&
	    !crash__audience_is_outside(notification->control, &status, notification->fd,
					bytes_of(notification)))
		return;
	if (is_in_vain(notification, fd, &status))
		return;
	if (where->buf)
		acknowledge(notification, fd, (uint64_t)crash__arg(notification->args, where->buf),
			    (uint64_t)crash__arg(notification->args, where->bytes));
	else if (where->iov)
		acknowledge_vector(notification, fd, (uint64_t)crash__arg(notification->args, where->iov),
				   (uint64_t)crash__arg(notification->args, where->count));
	else if (where->from)
		acknowledge_copy(notification, fd, bytes_of(notification));
}

/* ------------------------------------------------------------------ messages */

/* The socket that a message goes to. */
struct receiver {
	int fd; /* ours, to be closed; negative: it cannot be had */
	bool is_kernel;
	bool is_tree; /* the other end is in the tree */
};

static struct receiver find_receiver(const struct crash__notification *notification, int fd)
{
	struct receiver to = {.fd = crash__remote_dup(&notification->remote, fd)};
	socklen_t bytes = sizeof(int);
	struct stat status;
	int domain = 0;

	if (to.fd < 0)
		return to;
	to.is_kernel = getsockopt(to.fd, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) == 0 && domain == AF_NETLINK;
	to.is_tree =
		fstat(to.fd, &status) == 0 && crash__audience_is_tree(notification->control, &status, to.fd);
	return to;
}

bool crash__is_send(int number)
{
	return number == SYS_sendto || number == SYS_sendmsg || number == SYS_sendmmsg ||
	       number == SYS_vmsplice || number == SYS_tee;
}

/* Descriptors may come along: whoever gets one can read what the tree writes to its own pipes from then on.
 */
static void acknowledge_message(struct crash__notification *notification, int fd, const struct receiver *to,
				uint64_t at)
{
	struct msghdr message;
	uint64_t address;

	if (crash__remote_read(&notification->remote, at, &message, sizeof message) != (long)sizeof message)
		return;
	address = (uint64_t)message.msg_iov;
	if (message.msg_controllen && !to->is_tree)
		atomic_store(&notification->control->passed_on, 1);
	if (to->is_tree && crash__wakes_up(bytes_of_vector(notification, address, message.msg_iovlen)))
		return;
	acknowledge_vector(notification, fd, address, message.msg_iovlen);
}

static void acknowledge_messages(struct crash__notification *notification, int number,
				 const struct receiver *to)
{
	uint64_t at = (uint64_t)notification->args[1], messages = 1, step = sizeof(struct msghdr);
	int fd = (int)notification->args[0];

	if (number == SYS_sendto) {
		if (!to->is_tree || !crash__wakes_up((uint64_t)notification->args[2]))
			acknowledge(notification, fd, at, (uint64_t)notification->args[2]);
		return;
	}
	if (number == SYS_sendmmsg) {
		messages = (unsigned int)notification->args[2];
		step = sizeof(struct mmsghdr);
	}
	for (uint64_t i = 0; i < messages && i < IOV_MAX; i++)
		acknowledge_message(notification, fd, to, at + i * step);
}

/* What is put into a pipe from memory; from the other end memory is filled. */
static void acknowledge_pages(struct crash__notification *notification)
{
	uint64_t address = (uint64_t)notification->args[1], count = (uint64_t)notification->args[2];
	int fd = (int)notification->args[0], pipe = crash__remote_dup(&notification->remote, fd);
	struct stat status;

	if (pipe < 0 || ((fcntl(pipe, F_GETFL) & O_ACCMODE) != O_RDONLY && fstat(pipe, &status) == 0 &&
			 crash__audience_is_outside(notification->control, &status, pipe,
						    bytes_of_vector(notification, address, count))))
		acknowledge_vector(notification, fd, address, count);
	if (pipe >= 0)
		close(pipe);
}

/* What is in a pipe goes to another one as well. */
static void acknowledge_tee(struct crash__notification *notification)
{
	uint64_t bytes = (uint64_t)notification->args[2];
	int from = crash__remote_dup(&notification->remote, (int)notification->args[0]);
	int to = crash__remote_dup(&notification->remote, (int)notification->args[1]);

	if (!is_told(notification, from, bytes) && !is_told(notification, to, bytes))
		crash__control_incomplete(notification->control, CRASH__INCOMPLETE_DATA_UNREADABLE, "tee");
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
}

void crash__acknowledge_send(struct crash__notification *notification, int number)
{
	struct receiver to;

	if (!(notification->control->mode & CRASH__MODE_ACKS))
		return;
	if (number == SYS_vmsplice) {
		acknowledge_pages(notification);
		return;
	}
	if (number == SYS_tee) {
		acknowledge_tee(notification);
		return;
	}
	to = find_receiver(notification, (int)notification->args[0]);
	if (!to.is_kernel)
		acknowledge_messages(notification, number, &to);
	if (to.fd >= 0)
		close(to.fd);
}
