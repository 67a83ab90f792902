/* SPDX-License-Identifier: MIT */
/*
 * written_lines.c - what the program writes to the descriptor CRASH_FD (common/channel/channel.h).
 *
 * The table of fds.c may be older than a close that nobody has reported, so the kernel is asked: what goes to
 * the program's own files must never end here.
 */
#include "common/channel/channel.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/ring_append.h"
#include "preload/readback.h"
#include "preload/shim.h"

/* The kernel says of what is not whether it is an error. */
static bool can_be_read(const void *from, size_t bytes)
{
	uintptr_t at = (uintptr_t)from, end = at + bytes;

	if (!bytes)
		return true;
	if (end < at || bytes > CRASH__CHANNEL_MOST || !crash__is_readable(end - 1))
		return false;
	for (; at < end; at = (at & ~(uintptr_t)(CRASH__PAGE - 1)) + CRASH__PAGE)
		if (!crash__is_readable(at))
			return false;
	return true;
}

/* Of a write in pieces, which is one if they fit into the buffers. */
static const char *gather(const struct crash__op *op, struct crash__path_buffers *buffers, size_t *bytes)
{
	const struct iovec *iov = (const struct iovec *)crash__arg(op->args, op->kernel->where.iov);
	long count = crash__arg(op->args, op->kernel->where.count);
	char *out = (char *)buffers;

	*bytes = 0;
	for (long i = 0; buffers && i < count && i < IOV_MAX; i++) {
		if (!can_be_read(&iov[i], sizeof iov[i]) || !can_be_read(iov[i].iov_base, iov[i].iov_len) ||
		    iov[i].iov_len > sizeof *buffers - *bytes)
			return NULL;
		memcpy(out + *bytes, iov[i].iov_base, iov[i].iov_len);
		*bytes += iov[i].iov_len;
	}
	return out;
}

/* What the program writes, in one piece; NULL if it cannot be had. */
static const char *written(const struct crash__op *op, struct crash__path_buffers *buffers, size_t *bytes)
{
	const struct crash__where *where = &op->kernel->where;
	const char *from = (const char *)crash__arg(op->args, where->buf);

	if (where->iov)
		return gather(op, buffers, bytes);
	*bytes = where->buf ? (size_t)crash__arg(op->args, where->bytes) : 0;
	return where->buf && can_be_read(from, *bytes) ? from : NULL;
}

static void deal_with(const struct crash__op *op, const struct crash__line *line)
{
	struct crash__control *control = op->control;
	struct crash__named_point *point;

	switch (line->kind) {
	case CRASH__LINE_POINT:
		point = crash__channel_point(control, line);
		if (point)
			crash__pass_point(control, point, op->caller);
		break;
	case CRASH__LINE_ACK:
		if (control->mode & CRASH__MODE_ACKS)
			crash__record_ack(control, crash__next_sequence(control), -1, line->text,
					  line->length);
		break;
	case CRASH__LINE_NOTE:
		crash__record_note(control, line);
		break;
	case CRASH__LINE_WRONG:
		crash__channel_complain(control, line);
		break;
	}
}

enum owner { OWNER_CHANNEL, OWNER_NOBODY, OWNER_OTHER };

static enum owner owner_of(const struct crash__op *op, int fd)
{
	struct stat status;
	long error = crash__sys3(SYS_fstat, fd, (long)&status, 0);

	if (error == -EBADF)
		return OWNER_NOBODY;
	if (error == 0 && crash__channel_is(op->control, status.st_dev, status.st_ino))
		return OWNER_CHANNEL;
	return OWNER_OTHER;
}

static bool take_lines(const struct crash__op *op, const char *bytes, size_t count, enum owner owner)
{
	struct crash__line line;

	if (owner != OWNER_CHANNEL && !crash__channel_is_lines(bytes, count))
		return false;
	if (owner == OWNER_OTHER) {
		crash__control_incomplete(op->control, CRASH__INCOMPLETE_CHANNEL_LOST,
					  "the program has put another file there");
		return false;
	}
	while (crash__channel_next(&bytes, &count, &line))
		deal_with(op, &line);
	return true;
}

static void note_cut(const struct crash__op *op)
{
	struct stat status;

	if (crash__sys3(SYS_fstat, crash__arg(op->args, op->kernel->where.fd), (long)&status, 0) == 0)
		crash__channel_cut(op->control, status.st_dev, status.st_ino, (uint64_t)status.st_size);
}

bool crash__channel_take(struct crash__op *op, long *result)
{
	struct crash__path_buffers *buffers = NULL;
	const char *bytes;
	size_t count;
	bool taken;

	if (op->kernel->family == CRASH__FAMILY_TRUNCATE)
		note_cut(op);
	if (op->kernel->family != CRASH__FAMILY_WRITE || !op->control->channel.inode)
		return false;
	if (op->kernel->where.iov)
		buffers = crash__path_buffers_take();
	bytes = written(op, buffers, &count);
	taken = bytes &&
		take_lines(op, bytes, count, owner_of(op, (int)crash__arg(op->args, op->kernel->where.fd)));
	crash__path_buffers_give(buffers);
	if (taken)
		*result = (long)count;
	return taken;
}
