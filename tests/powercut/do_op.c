/* SPDX-License-Identifier: MIT */
#include "tests/powercut/do_op.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void leave(struct act *act)
{
	if (act->open >= 0)
		close(act->open);
	act->open = -1;
}

void act_end(struct act *act)
{
	leave(act);
}

static int hold(struct act *act, const char *path, int flags)
{
	if (act->open >= 0 && strcmp(act->path, path) == 0 && !(flags & O_TRUNC))
		return act->open;
	leave(act);
	act->open = openat(act->directory, path, flags | O_RDWR | O_CLOEXEC, 0644);
	snprintf(act->path, sizeof act->path, "%s", path);
	return act->open;
}

static int write_event(int fd, const struct crash__event *event)
{
	struct iovec data = {(void *)(uintptr_t)event->data->bytes, event->data_bytes};
	int flags = event->flags & CRASH__OP_SYNC ? RWF_DSYNC : 0;

	return pwritev2(fd, &data, 1, (off_t)event->offset, flags) == (ssize_t)event->data_bytes ? 0 : -1;
}

static int write_direct(struct act *act, const struct made_op *op, const struct crash__event *event)
{
	int fd = hold(act, op->path, 0), flags = fcntl(fd, F_GETFL), result;
	static _Alignas(4096) unsigned char bytes[8192];

	ck_assert_uint_le(event->data_bytes, sizeof bytes);
	memcpy(bytes, event->data->bytes, event->data_bytes);
	ck_assert_int_eq(fcntl(fd, F_SETFL, flags | O_DIRECT), 0);
	result = pwrite(fd, bytes, event->data_bytes, (off_t)event->offset) == (ssize_t)event->data_bytes ?
			 0 :
			 -1;
	ck_assert_int_eq(fcntl(fd, F_SETFL, flags), 0);
	return result;
}

/* From a file that has no name, so that it is in nobody's way. */
static int clone(struct act *act, const struct made_op *op, const struct crash__event *event)
{
	int from = openat(act->directory, "..", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	off_t at = 0, to = (off_t)event->offset;
	ssize_t bytes = (ssize_t)event->data_bytes;
	int result = write(from, event->data->bytes, (size_t)bytes) == bytes &&
				     copy_file_range(from, &at, hold(act, op->path, 0), &to, (size_t)bytes,
						     0) == bytes ?
			     0 :
			     -1;

	close(from);
	return result;
}

static int sync_path(struct act *act, const struct made_op *op)
{
	bool held = act->open >= 0 && strcmp(act->path, op->path) == 0;
	int fd = held ? act->open : openat(act->directory, *op->path ? op->path : ".", O_RDONLY | O_CLOEXEC);
	int result = op->kind == MADE_FDATASYNC ? fdatasync(fd) : fsync(fd);

	if (!held)
		close(fd);
	return result;
}

static int sync_range(struct act *act, const struct made_op *op)
{
	return sync_file_range(hold(act, op->path, 0), 12288, 4096,
			       SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				       SYNC_FILE_RANGE_WAIT_AFTER);
}

static int msync_range(struct act *act, const struct made_op *op)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, hold(act, op->path, 0), 8192);
	int result = page == MAP_FAILED ? -1 : msync(page, 4096, MS_SYNC);

	if (page != MAP_FAILED)
		munmap(page, 4096);
	return result;
}

static bool keeps_open(const struct act *act, const struct made_op *op)
{
	switch (op->kind) {
	case MADE_CREATE:
	case MADE_APPEND:
	case MADE_OVERWRITE:
	case MADE_REWRITE:
	case MADE_STRADDLE:
	case MADE_EMPTY:
	case MADE_DSYNC:
	case MADE_FAR:
	case MADE_DIRECT:
	case MADE_CLONE:
	case MADE_DSYNC_IN:
	case MADE_SHRINK:
	case MADE_ALLOCATE:
	case MADE_RESERVE:
	case MADE_FSYNC:
	case MADE_FDATASYNC:
	case MADE_SYNC_RANGE:
	case MADE_MSYNC_RANGE:
		return strcmp(act->path, op->path) == 0;
	default:
		return false;
	}
}

static int perform(struct act *act, const struct crash__event *event, const struct made_op *op)
{
	int at = act->directory;

	switch (op->kind) {
	case MADE_CREATE:
		return hold(act, op->path, O_CREAT | O_EXCL);
	case MADE_APPEND:
	case MADE_OVERWRITE:
	case MADE_REWRITE:
	case MADE_STRADDLE:
	case MADE_FAR:
		return write_event(hold(act, op->path, 0), event);
	case MADE_DSYNC:
	case MADE_DSYNC_IN:
		return write_event(hold(act, op->path, 0), event);
	case MADE_DIRECT:
		return write_direct(act, op, event);
	case MADE_CLONE:
		return clone(act, op, event);
	case MADE_EMPTY:
		return hold(act, op->path, O_TRUNC);
	case MADE_SHRINK:
		return ftruncate(hold(act, op->path, 0), MADE_SHORT);
	case MADE_ALLOCATE:
	case MADE_RESERVE:
		return fallocate(hold(act, op->path, 0), (int)event->args[1], event->args[2], event->args[3]);
	case MADE_EXCHANGE:
		return renameat2(at, op->path, at, op->to, RENAME_EXCHANGE);
	case MADE_RENAME:
		return renameat(at, op->path, at, op->to);
	case MADE_LINK:
		return linkat(at, op->path, at, op->to, 0);
	case MADE_UNLINK:
		return unlinkat(at, op->path, 0);
	case MADE_MKDIR:
		return mkdirat(at, op->path, 0755);
	case MADE_CHMOD:
		return fchmodat(at, op->path, 0600, 0);
	case MADE_FSYNC:
	case MADE_FDATASYNC:
		return sync_path(act, op);
	case MADE_SYNC_RANGE:
		return sync_range(act, op);
	case MADE_MSYNC_RANGE:
		return msync_range(act, op);
	case MADE_SYNC:
		return syncfs(at); /* not the whole machine's */
	case MADE_FSYNC_FAILS:
		break;
	}
	return -1; /* this disk has no errors */
}

void act(struct act *act, const struct made *made, const struct made_op *op)
{
	if (!keeps_open(act, op))
		leave(act);
	ck_assert_msg(perform(act, &made->events[made->trace.count - 1], op) >= 0, "%s: %m", made_text(op));
}
