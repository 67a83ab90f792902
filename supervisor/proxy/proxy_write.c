/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "supervisor/proxy/proxy_parts.h"

/* What a write hands over, as a vector; returns how long it is, or the error that the kernel has for it. */
static long fetch_vector(const struct crash__notification *notification, struct iovec vector[IOV_MAX])
{
	const struct crash__where *where = &notification->kernel->where;
	uint64_t count = (uint64_t)argument(notification, where->count);

	if (!where->iov) {
		vector[0] = (struct iovec){(void *)argument(notification, where->buf),
					   (size_t)argument(notification, where->bytes)};
		return (ssize_t)vector[0].iov_len < 0 ? -EFAULT : 1;
	}
	if (count > IOV_MAX)
		return -EINVAL;
	if (crash__remote_read(&notification->remote, (uint64_t)argument(notification, where->iov), vector,
			       count * sizeof *vector) != (long)(count * sizeof *vector))
		return -EFAULT;
	for (uint64_t i = 0; i < count; i++)
		if ((ssize_t)vector[i].iov_len < 0)
			return -EINVAL;
	return (long)count;
}

/* Bytes of the process's, which may have been read with its stack. */
static long read_bytes(const struct crash__notification *notification, const struct iovec *from,
		       unsigned char *to, size_t count)
{
	const struct crash__ahead *ahead = &notification->ahead;

	if (!count || ahead->address != (uint64_t)from->iov_base || ahead->count < count)
		return crash__remote_read(&notification->remote, (uint64_t)from->iov_base, to, count);
	memcpy(to, ahead->bytes, count);
	return (long)count;
}

/* The bytes of a write, in memory that O_DIRECT can use. A bad address ends them; none is EFAULT. */
static long gather(const struct crash__notification *notification, uint64_t part, unsigned char **out)
{
	struct iovec vector[IOV_MAX];
	long count = fetch_vector(notification, vector);
	uint64_t wanted = 0, done = 0;
	void *memory;

	if (count < 0)
		return count;
	for (long i = 0; i < count; i++)
		wanted += vector[i].iov_len;
	if (part < wanted)
		wanted = part;
	if (wanted > 0x7ffff000) /* as the kernel */
		wanted = 0x7ffff000;
	if (posix_memalign(&memory, 4096, wanted + 1) != 0)
		return -ENOMEM;
	*out = memory;
	for (long i = 0; i < count && done < wanted; i++) {
		size_t now = vector[i].iov_len < wanted - done ? vector[i].iov_len : wanted - done;
		long got = read_bytes(notification, &vector[i], *out + done, now);

		if (got > 0)
			done += (uint64_t)got;
		if (got != (long)now)
			return done ? (long)done : -EFAULT;
	}
	return (long)done;
}

/*
 * A write that the kernel refuses for what it hands over, unless it refuses it for something else
 * first: so the kernel is asked, with a vector or address of ours that is bad in the same way.
 */
static long write_bad(const struct crash__notification *notification, int fd, long error)
{
	const struct crash__where *where = &notification->kernel->where;
	struct iovec negative = {(void *)CRASH__BAD_ADDRESS, SIZE_MAX};
	long args[6];

	memcpy(args, notification->args, sizeof args);
	args[where->fd - 1] = fd;
	if (!where->iov)
		args[where->buf - 1] = CRASH__BAD_ADDRESS;
	else
		args[where->iov - 1] = error == -EINVAL ? (long)&negative : CRASH__BAD_ADDRESS;
	if (where->iov && error == -EINVAL && args[where->count - 1] > 0 && args[where->count - 1] <= IOV_MAX)
		args[where->count - 1] = 1;
	return or_errno(
		syscall(notification->kernel->number, args[0], args[1], args[2], args[3], args[4], args[5]));
}

/* Who we are in the lock of a file: libc asks the kernel each time. */
static uint64_t own_name(void)
{
	static _Thread_local uint64_t name;

	if (!name)
		name = (uint64_t)getpid() << 32 | (uint32_t)gettid();
	return name;
}

/* Writers of one file take turns, so that it is known where the position was. */
static _Atomic uint64_t *take_turn(struct crash__notification *notification)
{
	_Atomic uint64_t *lock = &notification->control->locks[crash__control_lock_of(notification->inode)];
	uint64_t mine = own_name(), holder = 0;

	for (int i = 0; i < 15000; i++) { /* a second, as in the shim */
		holder = 0;
		if (atomic_compare_exchange_weak(lock, &holder, mine))
			return lock;
		if (i > 1000)
			usleep(20);
	}
	atomic_compare_exchange_strong(lock, &holder, 0);
	crash__control_incomplete(notification->control, CRASH__INCOMPLETE_RESULT_UNKNOWN,
				  notification->kernel->name);
	return NULL;
}

static long write_gathered(struct crash__notification *notification, int fd, const void *data, size_t bytes)
{
	const struct crash__where *where = &notification->kernel->where;
	struct iovec iov = {(void *)(uintptr_t)data, bytes};

	if (!where->offset)
		return or_errno(write(fd, data, bytes));
	if (notification->kernel->kernel == CRASH__CALL_pwritev2)
		return or_errno(pwritev2(fd, &iov, 1, argument(notification, where->offset),
					 (int)argument(notification, where->flags)));
	return or_errno(pwrite(fd, data, bytes, argument(notification, where->offset)));
}

static bool is_at_position(const struct crash__notification *notification)
{
	const struct crash__where *where = &notification->kernel->where;

	return !where->offset || (notification->kernel->kernel == CRASH__CALL_pwritev2 &&
				  argument(notification, where->offset) == -1);
}

/* Where the data of a write went. */
static uint64_t find_offset(const struct crash__notification *notification, int fd, long result)
{
	struct stat status;
	off_t position;

	if (result < 0)
		return UINT64_MAX;
	if (is_at_position(notification)) {
		position = lseek(fd, 0, SEEK_CUR);
		return position < result ? UINT64_MAX : (uint64_t)(position - result);
	}
	if (crash__call_appends(notification->kernel, notification->args, notification->append) &&
	    fstat(fd, &status) == 0)
		return (uint64_t)(status.st_size - result);
	return (uint64_t)argument(notification, notification->kernel->where.offset);
}

bool crash__proxy_write(struct crash__notification *notification, uint64_t part,
			struct crash__proxied *proxied)
{
	_Atomic uint64_t *turn = NULL;
	off_t offset = argument(notification, notification->kernel->where.offset);
	long bytes;

	if (notification->fd < 0 ||
	    crash__proxy_write_exceeds_limit(notification, is_at_position(notification) ? NULL : &offset,
					     crash__notification_bytes(notification)))
		return false;
	bytes = gather(notification, part, &proxied->data);
	if (bytes == -ENOMEM)
		return false;
	if (bytes < 0) {
		proxied->result = write_bad(notification, notification->fd, bytes);
		return true;
	}
	if (is_at_position(notification))
		turn = take_turn(notification);
	proxied->result = write_gathered(notification, notification->fd, proxied->data, (size_t)bytes);
	proxied->offset = find_offset(notification, notification->fd, proxied->result);
	proxied->data_bytes = proxied->result > 0 ? (size_t)proxied->result : 0;
	if (turn)
		atomic_store(turn, 0);
	return true;
}
