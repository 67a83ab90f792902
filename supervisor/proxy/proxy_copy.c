/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "supervisor/proxy/proxy_parts.h"
#include "supervisor/memory/shared_mappings.h"

static bool read_all(int fd, unsigned char *to, size_t bytes, off_t offset)
{
	ssize_t got;

	for (size_t done = 0; done < bytes; done += (size_t)got)
		if ((got = pread(fd, to + done, bytes - done, offset + (off_t)done)) <= 0)
			return false;
	return true;
}

/* Reads what a copy inside the kernel has put into the file, if anybody wants to know. */
static void read_back(const struct crash__notification *notification, struct crash__proxied *proxied, int fd,
		      size_t bytes)
{
	char path[64];
	int again = -1;
	bool good;

	if (!bytes || proxied->offset == UINT64_MAX ||
	    (!(notification->control->mode & CRASH__MODE_DATA) &&
	     !crash__mapped_is_watched(notification->device, notification->inode)))
		return;
	proxied->data = malloc(bytes);
	if (!proxied->data)
		return;
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		again = open(path, O_RDONLY | O_CLOEXEC);
	}
	good = read_all(again >= 0 ? again : fd, proxied->data, bytes, (off_t)proxied->offset);
	if (again >= 0)
		close(again);
	if (good) {
		proxied->data_bytes = bytes;
	} else {
		free(proxied->data);
		proxied->data = NULL;
	}
}

/* An offset that the process keeps in memory: NULL there means the file position, a bad address stays bad. */
struct offset {
	uint64_t address;
	off_t value;
};

static off_t *fetch_offset(const struct crash__notification *notification, uint8_t position,
			   struct offset *offset)
{
	offset->address = (uint64_t)argument(notification, position);
	if (!offset->address)
		return NULL;
	if (crash__remote_read(&notification->remote, offset->address, &offset->value,
			       sizeof offset->value) != sizeof offset->value)
		return (off_t *)CRASH__BAD_ADDRESS;
	return &offset->value;
}

static bool is_ready(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	return poll(&ready, 1, 0) == 1;
}

/*
 * Whether the copy can be made here: from a file, or where it is refused at once; from a pipe if it need not
 * wait, because waiting, and being interrupted in it, is the process's own affair.
 */
static bool can_copy(const struct crash__notification *notification, int from, bool *waits)
{
	struct stat status;

	*waits = false;
	if (from == -EBADF)
		return true;
	if (from < 0 || fstat(from, &status) < 0)
		return false;
	if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ||
	    notification->kernel->kernel == CRASH__CALL_copy_file_range)
		return true;
	if (notification->kernel->kernel != CRASH__CALL_splice || !S_ISFIFO(status.st_mode))
		return fcntl(from, F_GETFL) & O_NONBLOCK;
	*waits = !(notification->args[5] & SPLICE_F_NONBLOCK) && !(fcntl(from, F_GETFL) & O_NONBLOCK);
	return !*waits || is_ready(from);
}

/* How much there is to be copied at most: programs ask for as much as there may be. */
static uint64_t there_is(int from, const off_t *at_source, uint64_t bytes)
{
	off_t at = at_source ? *at_source : lseek(from, 0, SEEK_CUR);
	struct stat status;
	uint64_t left;

	if (from < 0 || at < 0 || fstat(from, &status) < 0 || !S_ISREG(status.st_mode) || !status.st_size)
		return bytes;
	left = at < status.st_size ? (uint64_t)(status.st_size - at) : 0;
	return left < bytes ? left : bytes;
}

static long make_copy(const struct crash__notification *notification, int from, off_t *at_source, int to,
		      off_t *at_target, uint64_t bytes)
{
	unsigned int flags = (unsigned int)notification->args[5];

	switch (notification->kernel->kernel) {
	case CRASH__CALL_sendfile:
		return or_errno(sendfile(to, from, at_source, bytes));
	case CRASH__CALL_splice:
		return or_errno(splice(from, at_source, to, at_target, bytes, flags | SPLICE_F_NONBLOCK));
	default:
		return or_errno(copy_file_range(from, at_source, to, at_target, bytes, flags));
	}
}

bool crash__proxy_copy(struct crash__notification *notification, uint64_t part,
		       struct crash__proxied *proxied)
{
	const struct crash__where *where = &notification->kernel->where;
	int from = crash__remote_dup(&notification->remote, (int)argument(notification, where->from));
	int to = notification->fd;
	struct offset source = {0}, target = {0};
	off_t *at_source = fetch_offset(notification, where->from_offset, &source);
	off_t *at_target = fetch_offset(notification, where->offset_at, &target);
	uint64_t bytes = (uint64_t)argument(notification, where->bytes);
	bool done = false, waits;

	if (part < bytes)
		bytes = part;
	if (to < 0 || !can_copy(notification, from, &waits) ||
	    crash__proxy_write_exceeds_limit(
		    notification, at_target == &target.value ? at_target : NULL,
		    there_is(from, at_source == &source.value ? at_source : NULL, bytes)))
		goto close;
	proxied->result = make_copy(notification, from, at_source, to, at_target, bytes);
	if (waits && proxied->result == -EAGAIN) /* somebody else was faster */
		goto close;
	if (at_source == &source.value)
		crash__remote_write(&notification->remote, source.address, at_source, sizeof *at_source);
	if (at_target == &target.value)
		crash__remote_write(&notification->remote, target.address, at_target, sizeof *at_target);
	if (proxied->result > 0)
		proxied->offset =
			(uint64_t)((at_target ? *at_target : lseek(to, 0, SEEK_CUR)) - proxied->result);
	read_back(notification, proxied, to, proxied->result > 0 ? (size_t)proxied->result : 0);
	done = true;
close:
	if (from >= 0)
		close(from);
	return done;
}

bool crash__proxy_clone(struct crash__notification *notification, struct crash__proxied *proxied)
{
	struct file_clone_range range = {0};
	unsigned long request = (unsigned long)notification->args[1];
	int to = notification->fd, from = -1;
	struct stat status;
	bool done = false;

	if (request == FICLONE)
		range.src_fd = (int)notification->args[2];
	else if (crash__remote_read(&notification->remote, (uint64_t)notification->args[2], &range,
				    sizeof range) != sizeof range)
		goto close;
	from = crash__remote_dup(&notification->remote, (int)range.src_fd);
	if (from < 0 || to < 0)
		goto close;
	range.src_fd = from;
	proxied->result =
		or_errno(request == FICLONE ? ioctl(to, FICLONE, from) : ioctl(to, FICLONERANGE, &range));
	if (proxied->result == 0 && fstat(from, &status) == 0) {
		proxied->offset = range.dest_offset;
		read_back(notification, proxied, to, crash__clone_bytes(&range, (uint64_t)status.st_size));
	}
	done = true;
close:
	if (from >= 0)
		close(from);
	return done;
}
