/* SPDX-License-Identifier: MIT */
#include "supervisor/notified_channel.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "common/channel/channel.h"
#include "supervisor/notification_recorder.h"
#include "supervisor/notified_op.h"

enum owner { OWNER_CHANNEL, OWNER_NOBODY, OWNER_OTHER };

static enum owner owner_of(const struct crash__notification *notification, int fd)
{
	char path[64];
	struct stat status;
	bool found;

	found = notification->fd >= 0 ? fstat(notification->fd, &status) == 0 :
					crash__remote_fstat(&notification->remote, fd, &status);
	if (found)
		return crash__channel_is(notification->control, status.st_dev, status.st_ino) ?
			       OWNER_CHANNEL :
			       OWNER_OTHER;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)notification->remote.tid);
	if (stat(path, &status) < 0)
		return OWNER_OTHER;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)notification->remote.tid, fd);
	return lstat(path, &status) < 0 && errno == ENOENT ? OWNER_NOBODY : OWNER_OTHER;
}

static bool gather(const struct crash__notification *notification, char *to, size_t bytes)
{
	const struct crash__where *where = &notification->kernel->where;
	uint64_t at = (uint64_t)crash__arg(notification->args, where->iov);
	long count = crash__arg(notification->args, where->count);
	struct iovec piece;

	for (long i = 0; i < count && i < IOV_MAX; i++, at += sizeof piece) {
		if (crash__remote_read(&notification->remote, at, &piece, sizeof piece) !=
			    (long)sizeof piece ||
		    piece.iov_len > bytes ||
		    (piece.iov_len && crash__remote_read(&notification->remote, (uint64_t)piece.iov_base, to,
							 piece.iov_len) != (long)piece.iov_len))
			return false;
		to += piece.iov_len;
		bytes -= piece.iov_len;
	}
	return bytes == 0;
}

/* What the process writes, to be freed; NULL if it cannot be had. */
static char *written(const struct crash__notification *notification, size_t *bytes)
{
	const struct crash__where *where = &notification->kernel->where;
	char *text;
	bool got;

	*bytes = where->buf || where->iov ? (size_t)crash__notification_bytes(notification) : SIZE_MAX;
	text = *bytes <= CRASH__CHANNEL_MOST ? malloc(*bytes + 1) : NULL;
	if (!text)
		return NULL;
	got = where->iov ? gather(notification, text, *bytes) :
			   !*bytes || crash__remote_read(&notification->remote,
							 (uint64_t)crash__arg(notification->args, where->buf),
							 text, *bytes) == (long)*bytes;
	if (got)
		return text;
	free(text);
	return NULL;
}

/* Returns false if the process does not go on. */
static bool deal_with(struct crash__notification *notification, const struct crash__line *line,
		      struct crash__reply *reply)
{
	struct crash__named_point *point;

	switch (line->kind) {
	case CRASH__LINE_POINT:
		point = crash__channel_point(notification->control, line);
		if (point)
			*reply = crash__notified_point(notification, point, reply->result);
		break;
	case CRASH__LINE_ACK:
		if (notification->control->mode & CRASH__MODE_ACKS)
			crash__record_remote_ack(notification, -1, line->text, line->length);
		break;
	case CRASH__LINE_NOTE:
		crash__record_remote_note(notification, line);
		break;
	case CRASH__LINE_WRONG:
		crash__channel_complain(notification->control, line);
		break;
	}
	return !reply->never && !reply->ends;
}

static bool is_taken(struct crash__notification *notification, const char *bytes, size_t count)
{
	int fd = (int)crash__arg(notification->args, notification->kernel->where.fd);
	enum owner owner = owner_of(notification, fd);

	if (owner != OWNER_CHANNEL && !crash__channel_is_lines(bytes, count))
		return false;
	if (owner == OWNER_OTHER)
		crash__control_incomplete(notification->control, CRASH__INCOMPLETE_CHANNEL_LOST,
					  "the program has put another file there");
	return owner != OWNER_OTHER;
}

bool crash__notified_channel(struct crash__notification *notification, struct crash__reply *reply)
{
	size_t count;
	char *text = notification->control->channel.inode ? written(notification, &count) : NULL;
	const char *at = text;
	struct crash__line line;
	bool taken = text && is_taken(notification, text, count);

	if (taken) {
		*reply = (struct crash__reply){.result = (long)count};
		while (crash__channel_next(&at, &count, &line) && deal_with(notification, &line, reply))
			;
	}
	free(text);
	return taken;
}
