/* SPDX-License-Identifier: MIT */
#include "tests/powercut/do_op.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static void leave(struct act *act)
{
	if (act->open >= 0)
		close(act->open);
	act->open = -1;
}

void act_begin(struct act *act, const char *directory)
{
	act->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(act->directory >= 0, "%s: %m", directory);
	act->open = act->nameless = -1;
}

void act_end(struct act *act)
{
	leave(act);
	if (act->nameless >= 0)
		close(act->nameless);
	close(act->directory);
}

static int hold(struct act *act, const char *path, int flags)
{
	if (strcmp(path, MADE_NAMELESS) == 0)
		return act->nameless;
	if (act->open >= 0 && strcmp(act->path, path) == 0 && !(flags & O_TRUNC))
		return act->open;
	leave(act);
	act->open = openat(act->directory, path, flags | O_RDWR | O_CLOEXEC, 0644);
	ck_assert_msg(act->open >= 0, "open %s: %m", path);
	snprintf(act->path, sizeof act->path, "%s", path);
	return act->open;
}

static int write_event(int fd, const struct crash__event *event, int flags)
{
	struct iovec data = {(void *)(uintptr_t)event->data->bytes, event->data_bytes};

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

/* Stores to all of the pages, so also behind the end of the file. */
static int store_event(int fd, const struct crash__event *event)
{
	void *pages =
		mmap(NULL, event->data_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)event->offset);

	if (pages == MAP_FAILED)
		return -1;
	memcpy(pages, event->data->bytes, event->data_bytes);
	return munmap(pages, event->data_bytes);
}

static int copy(struct act *act, const struct crash__event *event, const struct made_op *op)
{
	int from = openat(act->directory, op->path, O_RDONLY | O_CLOEXEC), to = hold(act, op->to, 0);
	off64_t from_at = 0, at = (off64_t)event->offset;
	ssize_t done;

	if (strcmp(op->path, MADE_NAMELESS) == 0)
		from = dup(act->nameless);
	done = copy_file_range(from, &from_at, to, &at, op->bytes, 0);
	close(from);
	return done == (ssize_t)op->bytes ? 0 : -1;
}

static int sync_path(struct act *act, const struct made_op *op)
{
	bool nameless = op->path && strcmp(op->path, MADE_NAMELESS) == 0;
	bool held = nameless || (act->open >= 0 && strcmp(act->path, op->path) == 0);
	int fd = nameless ? act->nameless :
		 held	  ? act->open :
			    openat(act->directory, *op->path ? op->path : ".", O_RDONLY | O_CLOEXEC);
	int result = op->kind == MADE_FDATASYNC ? fdatasync(fd) : fsync(fd);

	if (!held)
		close(fd);
	return result;
}

static int sync_range(struct act *act, const struct crash__event *event, const struct made_op *op)
{
	return sync_file_range(hold(act, op->path, 0), event->args[1], event->args[2],
			       SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				       SYNC_FILE_RANGE_WAIT_AFTER);
}

static int msync_range(struct act *act, const struct crash__event *event, const struct made_op *op)
{
	size_t bytes = (size_t)event->args[1];
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, hold(act, op->path, 0),
			   (off_t)event->offset);
	int result = pages == MAP_FAILED ? -1 : msync(pages, bytes, MS_SYNC);

	if (pages != MAP_FAILED)
		munmap(pages, bytes);
	return result;
}

static int make_nameless(struct act *act, const struct made_op *op)
{
	if (act->nameless >= 0)
		close(act->nameless);
	act->nameless =
		openat(act->directory, *op->path ? op->path : ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	return act->nameless;
}

static int give_name(struct act *act, const struct made_op *op)
{
	char path[64];

	if (strcmp(op->path, MADE_NAMELESS) != 0)
		return linkat(act->directory, op->path, act->directory, op->to, 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", act->nameless);
	return linkat(AT_FDCWD, path, act->directory, op->to, AT_SYMLINK_FOLLOW);
}

/* No more than fits into any inode. */
static int set_attribute(struct act *act, const struct crash__event *event, const struct made_op *op)
{
	int fd = openat(act->directory, op->path, O_RDONLY | O_CLOEXEC);
	int result = fsetxattr(fd, MADE_ATTRIBUTE, event->data->bytes, event->data->count, 0);

	close(fd);
	return result;
}

/* What is done by a name, or to names, is done by others. */
static bool keeps_open(const struct act *act, const struct made_op *op)
{
	switch (op->kind) {
	case MADE_RENAME:
	case MADE_EXCHANGE:
	case MADE_LINK:
	case MADE_UNLINK:
	case MADE_MKDIR:
	case MADE_CHMOD:
	case MADE_SYMLINK:
	case MADE_TMPFILE:
	case MADE_RMDIR:
	case MADE_XATTR:
	case MADE_CHOWN:
	case MADE_SYNC:
	case MADE_SYNCFS:
		return false;
	case MADE_COPY:
		return strcmp(act->path, op->to) == 0;
	default:
		return strcmp(act->path, op->path) == 0;
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
	case MADE_WRITE:
		return write_event(hold(act, op->path, 0), event, 0);
	case MADE_DSYNC:
	case MADE_DSYNC_IN:
	case MADE_WRITE_DSYNC:
		return write_event(hold(act, op->path, 0), event, RWF_DSYNC);
	case MADE_WRITE_SYNC:
		return write_event(hold(act, op->path, 0), event, RWF_SYNC);
	case MADE_DIRECT:
		return write_direct(act, op, event);
	case MADE_CLONE:
		return clone(act, op, event);
	case MADE_STORE:
		return store_event(hold(act, op->path, 0), event);
	case MADE_COPY:
		return copy(act, event, op);
	case MADE_EMPTY:
		return hold(act, op->path, O_TRUNC);
	case MADE_SHRINK:
	case MADE_RESIZE:
		return ftruncate(hold(act, op->path, 0), event->args[1]);
	case MADE_ALLOCATE:
	case MADE_RESERVE:
	case MADE_PUNCH:
	case MADE_ZERO:
	case MADE_ZERO_KEEP:
	case MADE_PROVIDE:
		return fallocate(hold(act, op->path, 0), (int)event->args[1], event->args[2], event->args[3]);
	case MADE_EXCHANGE:
		return renameat2(at, op->path, at, op->to, RENAME_EXCHANGE);
	case MADE_RENAME:
		return renameat(at, op->path, at, op->to);
	case MADE_LINK:
		return give_name(act, op);
	case MADE_SYMLINK:
		return symlinkat(op->path, at, op->to);
	case MADE_TMPFILE:
		return make_nameless(act, op);
	case MADE_UNLINK:
		return unlinkat(at, op->path, 0);
	case MADE_RMDIR:
		return unlinkat(at, op->path, AT_REMOVEDIR);
	case MADE_MKDIR:
		return mkdirat(at, op->path, 0755);
	case MADE_CHMOD:
		return fchmodat(at, op->path, 0600, 0);
	case MADE_XATTR:
		return set_attribute(act, event, op);
	case MADE_CHOWN:
		return fchownat(at, op->path, (uid_t)event->args[1], (gid_t)-1, 0);
	case MADE_FSYNC:
	case MADE_FDATASYNC:
		return sync_path(act, op);
	case MADE_SYNC_RANGE:
		return sync_range(act, event, op);
	case MADE_MSYNC_RANGE:
		return msync_range(act, event, op);
	case MADE_SYNC: /* not the whole machine's */
	case MADE_SYNCFS:
		return syncfs(at);
	case MADE_FSYNC_FAILS:
		break;
	}
	return -1; /* this disk has no errors */
}

/* By a process of its own, which does not begin before the other one is ready. */
static pid_t start_beside(struct act *act, const struct crash__event *event, const struct made_op *op,
			  int ready)
{
	struct act own = {.directory = act->directory, .open = -1, .nameless = act->nameless};
	pid_t child = fork();
	char byte;

	ck_assert_int_ge(child, 0);
	if (child)
		return child;
	if (read(ready, &byte, 1) != 1 || perform(&own, event, op) < 0)
		_exit(1);
	leave(&own);
	_exit(0);
}

void act_both(struct act *act, const struct made *made, const struct made_op *first,
	      const struct made_op *second)
{
	const struct crash__event *event = &made->events[made->trace.count - 2];
	int ready[2], status;
	pid_t child;

	ck_assert_int_eq(pipe(ready), 0);
	if (!keeps_open(act, first) || !keeps_open(act, second))
		leave(act);
	child = start_beside(act, event, first, ready[0]);
	ck_assert_int_eq(write(ready[1], "", 1), 1);
	ck_assert_msg(perform(act, event + 1, second) >= 0, "%s: %m", made_text(second));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(status == 0, "%s failed", made_text(first));
	close(ready[0]);
	close(ready[1]);
}

void act(struct act *act, const struct made *made, const struct made_op *op)
{
	if (!keeps_open(act, op))
		leave(act);
	ck_assert_msg(perform(act, &made->events[made->trace.count - 1], op) >= 0, "%s: %m", made_text(op));
}
