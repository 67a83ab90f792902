/* SPDX-License-Identifier: MIT */
/*
 * op_recorder.c - writing ops down.
 *
 * Method. Each thread appends to a ring of its own (common/ring.h), so recording takes no lock and
 * orders nothing that the program did not order. The op goes in before its call; its data and its
 * result go in after, when the kernel has read the program's buffer and it is known to be readable.
 *
 * Where a write at the file position really went is asked for afterwards. Between the two calls
 * another thread could move the position, so writers of one file take turns while recording, as they
 * do in the kernel anyway. The turn is never waited for long: a writer may have been killed in it.
 */
#include "preload/shim.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "common/audience.h"
#include "common/ring_append.h"
#include "preload/mapping.h"
#include "preload/readback.h"

#define PIECE 16384u /* bytes of data in one record */

/* ------------------------------------------------------------------ rings */

/*
 * Whether the append that we seem to interrupt is gone, because a handler left it with longjmp: its
 * frame is below `ours` on the same stack. On a signal stack of its own a handler's frames may lie
 * anywhere.
 */
static bool was_abandoned(const struct crash__ring *ring, const void *ours)
{
	stack_t stack;

	if ((uintptr_t)ours < ring->frame)
		return false;
	return crash__sys3(SYS_sigaltstack, 0, (long)&stack, 0) == 0 && !(stack.ss_flags & SS_ONSTACK);
}

/* `ours` is on the stack of whoever appends: the nearer to the program, the surer. */
static struct crash__ring *pick_ring(struct crash__control *control, const void *ours)
{
	struct crash__thread *me = crash__thread();

	for (size_t level = 0; level < sizeof me->rings / sizeof *me->rings; level++) {
		struct crash__ring *ring = me->rings[level];

		if (!ring)
			ring = me->rings[level] = crash__ring_find(control);
		if (!ring)
			return NULL;
		if (crash__ring_busy(ring)) {
			if (!was_abandoned(ring, ours))
				continue;
			crash__ring_abandon(ring);
		}
		return ring;
	}
	return NULL;
}

static void announce(struct crash__control *control, struct crash__ring *ring)
{
	struct crash__identity identity = crash__identify();
	struct crash__thread_record thread = {.process = identity.process,
					      .pid = identity.pid,
					      .tid = identity.tid,
					      .number = identity.thread};
	struct crash__process_record process = {.number = identity.process,
						.pid = identity.pid,
						.parent = (uint32_t)crash__sys3(SYS_getppid, 0, 0, 0)};
	struct crash__part part = {&thread, sizeof thread}, parts[2];
	struct crash__path_buffers *buffers;

	ring->announced = identity.tid;
	crash__append(control, ring, CRASH__RECORD_THREAD, 0, &part, 1);
	if (!crash__announce_process(identity.process))
		return;
	buffers = crash__path_buffers_take();
	if (!buffers)
		return;
	long length = crash__sys3(SYS_readlink, (long)"/proc/self/exe", (long)buffers->link, PATH_MAX - 1);
	buffers->link[length < 0 ? 0 : length] = '\0';
	parts[0] = (struct crash__part){&process, sizeof process};
	parts[1] = (struct crash__part){buffers->link, strlen(buffers->link) + 1};
	crash__append(control, ring, CRASH__RECORD_PROCESS, 0, parts, 2);
	crash__path_buffers_give(buffers);
}

/* Returns whether it was appended. */
static bool append_to(struct crash__control *control, struct crash__ring *ring, uint16_t type, uint16_t flags,
		      const struct crash__part *parts, int count)
{
	uint32_t tid = crash__borrowed ? crash__identify().tid : crash__me.tid;

	/* a child in our memory writes to our ring, and we go on with it afterwards; once for each op, as
	   who announces itself begins anew */
	if (ring && ring->announced != tid)
		announce(control, ring);
	if (ring && crash__append(control, ring, type, flags, parts, count))
		return true;
	crash__check_dead(control);
	crash__control_incomplete(control, CRASH__INCOMPLETE_LOST_RECORDS, NULL);
	return false;
}

static void append(struct crash__control *control, uint16_t type, uint16_t flags,
		   const struct crash__part *parts, int count)
{
	append_to(control, pick_ring(control, __builtin_frame_address(0)), type, flags, parts, count);
}

static void append_first(struct crash__op *op, const struct crash__part *parts, int count)
{
	const void *ours = op->caller ? (const void *)op->caller->on_stack : NULL;

	op->ring = pick_ring(op->control, ours ? ours : __builtin_frame_address(0));
	if (!append_to(op->control, op->ring, CRASH__RECORD_OP, (uint16_t)op->flags, parts, count))
		op->ring = NULL;
}

static bool is_mine(const struct crash__ring *ring)
{
	const struct crash__thread *me = crash__thread();

	for (size_t level = 0; level < sizeof me->rings / sizeof *me->rings; level++)
		if (me->rings[level] == ring)
			return true;
	return false;
}

/*
 * All of an op's records are in one ring, which is where whoever reads them looks. If that is busy, it was a
 * handler that has interrupted the op and left by longjmp: the op itself is here. In a child that a handler
 * has forked meanwhile it is the parent's op, and the parent ends it.
 */
static void append_more(const struct crash__op *op, uint16_t type, uint16_t flags,
			const struct crash__part *parts, int count)
{
	if (!op->ring || !is_mine(op->ring))
		return;
	if (crash__ring_busy(op->ring))
		crash__ring_abandon(op->ring);
	append_to(op->control, op->ring, type, flags, parts, count);
}

/* ------------------------------------------------------------------ things that ops refer to */

uint32_t crash__record_file(struct crash__control *control, uint64_t device, uint64_t inode, uint32_t mode,
			    uint64_t size, const char *path)
{
	struct crash__file_record record = {
		.file = atomic_fetch_add(&control->files, 1) + 1,
		.mode = mode,
		.device = device,
		.inode = inode,
		.size = size,
	};
	struct crash__part parts[] = {{&record, sizeof record}, {path, strlen(path) + 1}};

	append(control, CRASH__RECORD_FILE, 0, parts, 2);
	return record.file;
}

uint32_t crash__record_stack(struct crash__control *control, const uint64_t *addresses, uint32_t count)
{
	struct crash__stack_record record = {
		.stack = atomic_fetch_add(&control->stacks, 1) + 1,
		.count = count,
	};
	struct crash__part parts[] = {{&record, sizeof record}, {addresses, count * sizeof *addresses}};

	append(control, CRASH__RECORD_STACK, 0, parts, 2);
	return record.stack;
}

void crash__record_module(struct crash__control *control, const struct crash__frame_module *module)
{
	struct crash__module_record record = {
		.process = crash__identify().process,
		.bias = module->bias,
		.start = module->start,
		.end = module->end,
	};
	struct crash__part parts[] = {{&record, sizeof record}, {module->path, strlen(module->path) + 1}};

	append(control, CRASH__RECORD_MODULE, 0, parts, 2);
}

static uint32_t stack_number(struct crash__control *control, const struct crash__caller *caller)
{
	return control->mode & CRASH__MODE_STACKS ? crash__backtrace_number(control, caller) : 0;
}

/* ------------------------------------------------------------------ file positions */

/* Whether the call writes at the position of its descriptor. */
static bool at_position(const struct crash__op *op)
{
	const struct crash__where *where = &op->kernel->where;

	if (op->kernel->family != CRASH__FAMILY_WRITE || !(where->buf || where->iov || where->from))
		return false;
	if (where->offset_at)
		return crash__arg(op->args, where->offset_at) == 0;
	return !where->offset ||
	       (op->kernel->kernel == CRASH__CALL_pwritev2 && crash__arg(op->args, where->offset) == -1);
}

static void position_is_unknown(const struct crash__op *op)
{
	crash__control_incomplete(op->control, CRASH__INCOMPLETE_RESULT_UNKNOWN, op->kernel->name);
}

/* Other files have the same lock. */
static bool is_same_file(int one, int other)
{
	struct stat a, b;

	return crash__sys3(SYS_fstat, one, (long)&a, 0) < 0 ||
	       crash__sys3(SYS_fstat, other, (long)&b, 0) < 0 ||
	       (a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* Waits a second at most: the holder may be gone or stopped, and cannot be waited for. */
static void lock_position(struct crash__op *op)
{
	struct crash__identity identity = crash__identify();
	uint64_t mine = (uint64_t)identity.pid << 32 | identity.tid, holder = 0;
	_Atomic uint64_t *lock = &op->control->locks[op->target.lock];
	int fd = (int)crash__arg(op->args, op->kernel->where.fd);

	for (int spins = 0; spins < 15000; spins++) {
		holder = 0;
		if (atomic_compare_exchange_weak_explicit(lock, &holder, mine, memory_order_acquire,
							  memory_order_relaxed)) {
			op->lock = lock;
			op->wants_position = true;
			op->handler_writes = crash__me.handler_writes;
			crash__me.located = 1 + fd;
			return;
		}
		if (holder == mine) { /* we interrupted ourselves */
			op->wants_position = crash__me.located && is_same_file(crash__me.located - 1, fd);
			crash__me.handler_writes += op->wants_position;
			op->handler_writes = crash__me.handler_writes; /* and one may interrupt us */
			return;
		}
		if (spins < 1000)
			crash__pause();
		else
			crash__sys3(SYS_nanosleep, (long)&(struct timespec){.tv_nsec = 20000}, 0, 0);
	}
	atomic_compare_exchange_strong(lock, &holder, 0);
	position_is_unknown(op);
}

void crash__record_unlock(struct crash__op *op)
{
	if (!op->lock)
		return;
	crash__me.located = 0;
	atomic_store_explicit(op->lock, 0, memory_order_release);
	op->lock = NULL;
}

/* Where the data of a write that returned `result` went, or what an msync() is about. */
static uint64_t offset_of(const struct crash__op *op, long result)
{
	const struct crash__where *where = &op->kernel->where;
	int fd = (int)crash__arg(op->args, where->fd);
	struct stat status;
	long position;

	if (op->kernel->kernel == CRASH__CALL_msync)
		return crash__offset_of_mapping((uintptr_t)crash__arg(op->args, where->address));
	if (result < 0 || op->kernel->family != CRASH__FAMILY_WRITE)
		return UINT64_MAX;
	if (at_position(op)) {
		if (op->wants_position && op->handler_writes != crash__me.handler_writes)
			position_is_unknown(op); /* the handler came before our call, or behind it */
		position = crash__sys3(SYS_lseek, fd, 0, SEEK_CUR);
		return position < result ? UINT64_MAX : (uint64_t)(position - result);
	}
	if (where->offset_at)
		return *(const uint64_t *)crash__arg(op->args, where->offset_at) - (uint64_t)result;
	if (where->offset && crash__call_appends(op->kernel, op->args, op->target.append) &&
	    crash__sys3(SYS_fstat, fd, (long)&status, 0) == 0)
		return (uint64_t)(status.st_size - result);
	return where->offset ? (uint64_t)crash__arg(op->args, where->offset) : UINT64_MAX;
}

/* ------------------------------------------------------------------ ops */

static bool wanted(const struct crash__control *control, uint32_t flags)
{
	if (!(control->mode & CRASH__MODE_RECORD))
		return false;
	return !(control->mode & CRASH__MODE_LOGGED) || (flags & CRASH__OP_LOGGED);
}

/* The text of a symbolic link, or the name of an extended attribute; its pointer may be bad. */
static size_t copy_text(const struct crash__op *op, char *out, size_t size)
{
	const struct crash__where *where = &op->kernel->where;
	const char *text = (const char *)crash__arg(op->args, where->name ? where->name : where->text);

	out[0] = '\0';
	if ((op->kernel->family != CRASH__FAMILY_LINK && !where->name) || !text ||
	    !crash__copy_string(text, out, size))
		return 0;
	return strlen(out) + 1;
}

void crash__record_op(struct crash__op *op)
{
	const struct crash__where *where = &op->kernel->where;
	struct crash__identity identity;
	struct crash__op_record record;
	struct crash__part parts[4] = {{&record, sizeof record}};
	struct stat status;
	char name[XATTR_NAME_MAX + 1];

	if (!wanted(op->control, op->flags))
		return;
	identity = crash__identify();
	record = (struct crash__op_record){
		.call = (uint16_t)op->call,
		.kernel = op->kernel->kernel,
		.route = (uint16_t)op->route,
		.file = op->target.file,
		.stack = stack_number(op->control, op->caller),
		.process = identity.process,
		.thread = identity.thread,
		.occurrence = op->occurrence,
		.call_occurrence = op->call_occurrence,
	};
	memcpy(record.args, op->args, sizeof record.args);
	if (op->buffers) {
		parts[1] = (struct crash__part){op->buffers->path, strlen(op->buffers->path) + 1};
		parts[2] = (struct crash__part){op->buffers->to, strlen(op->buffers->to) + 1};
		parts[3] =
			(struct crash__part){op->buffers->rest, copy_text(op, op->buffers->rest, PATH_MAX)};
		record.path_bytes = (uint16_t)parts[1].count;
		record.to_bytes = (uint16_t)parts[2].count;
		/* What a call by path is about, before it may be gone. */
		if (op->kernel->family != CRASH__FAMILY_OPEN &&
		    crash__sys6(SYS_newfstatat, AT_FDCWD, (long)op->buffers->path, (long)&status,
				AT_SYMLINK_NOFOLLOW, 0, 0) == 0) {
			record.device = status.st_dev;
			record.inode = status.st_ino;
			if (S_ISSOCK(status.st_mode))
				op->flags |= CRASH__OP_SOCKET;
		}
	} else if (where->name) {
		parts[3] = (struct crash__part){name, copy_text(op, name, sizeof name)};
	}
	record.text_bytes = (uint16_t)parts[3].count;
	if (where->from)
		record.from = crash__target_of_fd(op->control, (int)crash__arg(op->args, where->from)).file;
	/* a splice may wait for its pipe for ever */
	if (at_position(op) && op->kernel->kernel != CRASH__CALL_splice)
		lock_position(op);
	record.start = op->start = crash__next_sequence(op->control);
	append_first(op, parts, 4);
}

static void record_data(struct crash__op *op, uint64_t at, const void *bytes, size_t count)
{
	while (count) {
		size_t piece = count < PIECE ? count : PIECE;
		struct crash__data_record record = {.start = op->start, .at = at, .count = piece};
		struct crash__part parts[] = {{&record, sizeof record}, {bytes, piece}};

		append_more(op, CRASH__RECORD_DATA, 0, parts, 2);
		bytes = (const char *)bytes + piece;
		at += piece;
		count -= piece;
	}
}

static size_t readable_from(uintptr_t start, size_t most)
{
	size_t count = 0;

	while (count < most && crash__is_readable(start + count))
		count += CRASH__PAGE - (start + count) % CRASH__PAGE;
	return count < most ? count : most;
}

/* Pages that were stored to, if no other thread has made them unreadable meanwhile. */
static void record_pages(struct crash__op *op, uintptr_t start, size_t left)
{
	uint64_t at = 0;

	while (left) {
		size_t count = readable_from(start + at, left);

		record_data(op, at, (const void *)(start + at), count);
		if (count < left) {
			crash__control_incomplete(op->control, CRASH__INCOMPLETE_DATA_UNREADABLE,
						  op->buffers ? op->buffers->path : NULL);
			count += CRASH__PAGE < left - count ? CRASH__PAGE : left - count;
		}
		at += count;
		left -= count;
	}
}

/* What the call wrote, from the program's own memory. */
static void record_buffers(struct crash__op *op, size_t left)
{
	const struct crash__where *where = &op->kernel->where;
	const struct iovec *iov = (const struct iovec *)crash__arg(op->args, where->iov);
	uint64_t at = 0;

	if (where->address) {
		record_pages(op, (uintptr_t)crash__arg(op->args, where->address), left);
		return;
	}
	if (where->buf) {
		record_data(op, 0, (const void *)crash__arg(op->args, where->buf), left);
		return;
	}
	for (; left; iov++) {
		size_t count = iov->iov_len < left ? iov->iov_len : left;

		record_data(op, at, iov->iov_base, count);
		at += count;
		left -= count;
	}
}

/* Data in a file. */
struct place {
	int fd;
	uint64_t offset;
	uint64_t bytes;
};

/* The data that FICLONE or FICLONERANGE has put there, and where. */
static void find_clone(const struct crash__op *op, struct place *from, struct place *to)
{
	struct file_clone_range range = {.src_fd = op->args[2]};
	struct stat status;

	if ((unsigned int)op->args[1] == FICLONERANGE)
		memcpy(&range, (const void *)op->args[2], sizeof range); /* the kernel has read it */
	from->fd = (int)range.src_fd;
	from->offset = range.src_offset;
	to->fd = (int)op->args[0];
	to->offset = range.dest_offset;
	if (crash__sys3(SYS_fstat, from->fd, (long)&status, 0) == 0)
		from->bytes = to->bytes = crash__clone_bytes(&range, (uint64_t)status.st_size);
}

/* The same for the other copies inside the kernel. From a pipe nothing can be read again. */
static void find_copy(const struct crash__op *op, uint64_t offset, size_t bytes, struct place *from,
		      struct place *to)
{
	const struct crash__where *where = &op->kernel->where;
	const uint64_t *at = (const uint64_t *)crash__arg(op->args, where->from_offset);
	long position;

	to->fd = (int)crash__arg(op->args, where->fd);
	to->offset = offset;
	from->fd = op->kernel->kernel == CRASH__CALL_splice ? -1 : (int)crash__arg(op->args, where->from);
	position = at ? (long)*at : crash__sys3(SYS_lseek, from->fd, 0, SEEK_CUR);
	from->offset = (uint64_t)position - bytes;
	from->bytes = to->bytes = bytes;
}

/*
 * What a copy inside the kernel wrote, which has no buffer: read from where it went, or, if that is open for
 * writing only, from where it came from.
 */
static void record_copy(struct crash__op *op, const struct place *from, const struct place *to)
{
	bool readable = (crash__sys3(SYS_fcntl, to->fd, F_GETFL, 0) & O_ACCMODE) != O_WRONLY;
	const struct place *place = readable || from->fd < 0 ? to : from;
	struct crash__path_buffers *buffers = crash__path_buffers_take();
	uint64_t at = 0;

	while (buffers && at < place->bytes) {
		size_t want = place->bytes - at < sizeof *buffers ? place->bytes - at : sizeof *buffers;
		long got = crash__read_back(place->fd, buffers, want, place->offset + at);

		if (got <= 0)
			break;
		record_data(op, at, buffers, (size_t)got);
		at += (uint64_t)got;
	}
	crash__path_buffers_give(buffers);
	if (at < place->bytes)
		crash__control_incomplete(op->control, CRASH__INCOMPLETE_DATA_UNREADABLE, NULL);
}

/* The beginning of it may be in the file although it failed: on ext4 it is, if its length is no multiple of a
 * sector (Linux 6.18). */
static void note_failed(const struct crash__op *op, long result)
{
	bool early = result != -EINVAL && result != -EIO && result != -ENOSPC && result != -EFAULT;

	if (early || (op->flags & CRASH__OP_FAILED) || !op->kernel->where.fd)
		return;
	result = crash__sys3(SYS_fcntl, crash__arg(op->args, op->kernel->where.fd), F_GETFL, 0);
	if (result >= 0 && (result & O_DIRECT))
		crash__control_incomplete(op->control, CRASH__INCOMPLETE_DIRECT_FAILED, NULL);
}

static void record_written(struct crash__op *op, long result, struct crash__end_record *end)
{
	const struct crash__where *where = &op->kernel->where;
	struct place from = {.fd = -1}, to = {.fd = -1};

	if (result < 0) {
		note_failed(op, result);
	} else if (where->request && result == 0) {
		find_clone(op, &from, &to);
		end->offset = to.offset;
		record_copy(op, &from, &to);
	} else if (where->from && result > 0) {
		find_copy(op, end->offset, (size_t)result, &from, &to);
		record_copy(op, &from, &to);
	} else if (result > 0) {
		record_buffers(op, (size_t)result);
	}
}

/* The value of an extended attribute, or times as struct timespec: the kernel has read them. NULL is now. */
static void record_attribute(struct crash__op *op, long result)
{
	const struct crash__where *where = &op->kernel->where;
	const int64_t *given = (const int64_t *)crash__arg(op->args, where->times);
	struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};

	if (result < 0)
		return;
	if (where->value)
		record_data(op, 0, (const void *)crash__arg(op->args, where->value),
			    (size_t)op->args[where->value]);
	if (!where->times)
		return;
	crash__call_times(op->kernel->kernel, given, times);
	record_data(op, 0, times, sizeof times);
}

#define NOT_MAPPED 65534 /* overflowuid and overflowgid, proc(5) */

/*
 * Whether the process sees users and groups as they are. In a user namespace whose map does not have them it
 * sees overflowuid instead of each, which is nobody's number, too.
 */
static bool sees_owners(void)
{
	static const char all[] = "         0          0 4294967295";
	char map[sizeof all];
	long fd, got;

	fd = crash__sys6(SYS_openat, AT_FDCWD, (long)"/proc/self/uid_map", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (fd < 0)
		return true;
	got = crash__sys3(SYS_read, fd, (long)map, sizeof map);
	crash__sys3(SYS_close, fd, 0, 0);
	return got == (long)sizeof map && memcmp(map, all, sizeof all - 1) == 0;
}

/* Who was opened or made, or has other attributes now: a mode changes also with an owner or an ACL. */
static void identify_made(const struct crash__op *op, long result, struct crash__end_record *record)
{
	struct stat status;
	long asked = -1;

	if (result < 0)
		return;
	if (op->kernel->family == CRASH__FAMILY_OPEN && op->kernel->kernel != CRASH__CALL_mknod &&
	    op->kernel->kernel != CRASH__CALL_mknodat)
		asked = crash__sys3(SYS_fstat, result, (long)&status, 0);
	else if (op->kernel->family == CRASH__FAMILY_ATTR && !op->buffers)
		asked = crash__sys3(SYS_fstat, crash__arg(op->args, op->kernel->where.fd), (long)&status, 0);
	else if (op->kernel->family == CRASH__FAMILY_OPEN || op->kernel->family == CRASH__FAMILY_MKDIR ||
		 op->kernel->family == CRASH__FAMILY_LINK || op->kernel->family == CRASH__FAMILY_ATTR)
		asked = crash__sys6(SYS_newfstatat, AT_FDCWD,
				    (long)(op->kernel->where.to ? op->buffers->to : op->buffers->path),
				    (long)&status, AT_SYMLINK_NOFOLLOW, 0, 0);
	if (asked < 0)
		return;
	record->device = status.st_dev;
	record->inode = status.st_ino;
	record->mode = status.st_mode;
	record->uid = status.st_uid;
	record->gid = status.st_gid;
	if ((status.st_uid == NOT_MAPPED || status.st_gid == NOT_MAPPED) && !sees_owners())
		record->uid = record->gid = UINT32_MAX; /* not known */
}

void crash__record_end(struct crash__op *op, long result)
{
	struct crash__end_record record = {.start = op->start,
					   .result = result,
					   .sync_occurrence = op->sync_occurrence,
					   .took = op->took};
	struct crash__part part = {&record, sizeof record};

	if (!op->start)
		return;
	record.offset = offset_of(op, result);
	crash__record_unlock(op);
	record.end = crash__next_sequence(op->control);
	if ((op->control->mode & CRASH__MODE_DATA) && op->kernel->family == CRASH__FAMILY_WRITE)
		record_written(op, result, &record);
	if ((op->control->mode & CRASH__MODE_DATA) && op->kernel->family == CRASH__FAMILY_ATTR)
		record_attribute(op, result);
	if (op->buffers || op->kernel->family == CRASH__FAMILY_ATTR)
		identify_made(op, result, &record);
	append_more(op, CRASH__RECORD_END, (uint16_t)op->flags, &part, 1);
}

/* ------------------------------------------------------------------ points and acknowledgements */

void crash__record_point(struct crash__control *control, const struct crash__named_point *point, uint64_t hit,
			 const struct crash__caller *caller, uint16_t flags)
{
	struct crash__point_record record = {
		.hit = hit,
		.line = point->line,
		.name_bytes = (uint32_t)strlen(point->name) + 1,
		.file_bytes = (uint32_t)strlen(point->file) + 1,
	};
	struct crash__identity identity;
	struct crash__part parts[] = {
		{&record, sizeof record}, {point->name, record.name_bytes}, {point->file, record.file_bytes}};

	if (!wanted(control, flags))
		return;
	identity = crash__identify();
	record.process = identity.process;
	record.thread = identity.thread;
	record.stack = stack_number(control, caller);
	record.start = crash__next_sequence(control);
	append(control, CRASH__RECORD_POINT, flags, parts, 3);
}

void crash__record_ack(struct crash__control *control, uint64_t start, int fd, const void *bytes,
		       size_t count)
{
	struct stat status;
	uint16_t flags = 0;

	if (fd >= 0 && crash__sys3(SYS_fstat, fd, (long)&status, 0) == 0)
		flags = crash__audience_stream(control, &status, fd);
	while (count) {
		size_t piece = count < PIECE ? count : PIECE;
		struct crash__ack_record record = {
			.start = start, .process = crash__identify().process, .fd = fd, .count = piece};
		struct crash__part parts[] = {{&record, sizeof record}, {bytes, piece}};

		append(control, CRASH__RECORD_ACK, flags, parts, 2);
		bytes = (const char *)bytes + piece;
		count -= piece;
	}
}

void crash__record_note(struct crash__control *control, const struct crash__line *line)
{
	struct crash__identity identity;
	struct crash__note_record record = {
		.key_bytes = (uint32_t)line->length + 1,
		.value_bytes = (uint32_t)line->value_length + 1,
	};
	struct crash__part parts[] = {{&record, sizeof record},
				      {line->text, line->length},
				      {"", 1},
				      {line->value, line->value_length},
				      {"", 1}};

	if (!wanted(control, 0))
		return;
	identity = crash__identify();
	record.process = identity.process;
	record.thread = identity.thread;
	record.start = crash__next_sequence(control);
	append(control, CRASH__RECORD_NOTE, 0, parts, 5);
}

/* Whether what came out of a pipe, or went into one, is known: it is one of the tree's own, and was told when
 * it was put in. */
static bool is_told(const struct crash__op *op, int fd, size_t count)
{
	struct stat status;

	return !crash__wakes_up(count) && crash__sys3(SYS_fstat, fd, (long)&status, 0) == 0 &&
	       crash__audience_is_tree(op->control, &status, fd);
}

/* What a copy inside the kernel has told, read from where it came from. From a pipe or a socket nothing can
 * be read again. */
static void record_copied_ack(const struct crash__op *op, int fd, size_t count)
{
	const struct crash__where *where = &op->kernel->where;
	const uint64_t *position = (const uint64_t *)crash__arg(op->args, where->from_offset);
	struct crash__path_buffers *buffers = crash__path_buffers_take();
	int from = (int)crash__arg(op->args, where->from);
	uint64_t end = position ? *position : (uint64_t)crash__sys3(SYS_lseek, from, 0, SEEK_CUR);
	size_t left = count;

	while (buffers && left && !crash__sys_failed((long)end)) {
		size_t want = left < sizeof *buffers ? left : sizeof *buffers;
		long got = crash__read_back(from, buffers, want, end - left);

		if (got <= 0)
			break;
		crash__record_ack(op->control, op->start, fd, buffers, (size_t)got);
		left -= (size_t)got;
	}
	crash__path_buffers_give(buffers);
	if (left && !is_told(op, from, left) && !is_told(op, fd, left))
		crash__control_incomplete(op->control, CRASH__INCOMPLETE_DATA_UNREADABLE, op->kernel->name);
}

void crash__record_ack_of(const struct crash__op *op, long count)
{
	const struct crash__where *where = &op->kernel->where;
	const struct iovec *iov = (const struct iovec *)crash__arg(op->args, where->iov);
	int fd = (int)crash__arg(op->args, where->fd);
	struct stat status;

	if (crash__sys3(SYS_fstat, fd, (long)&status, 0) == 0 &&
	    !crash__audience_is_outside(op->control, &status, fd, (uint64_t)count))
		return;
	if (where->buf)
		crash__record_ack(op->control, op->start, fd, (const void *)crash__arg(op->args, where->buf),
				  (size_t)count);
	else if (where->from)
		record_copied_ack(op, fd, (size_t)count);
	for (size_t left = where->iov ? (size_t)count : 0; left; iov++) {
		size_t piece = iov->iov_len < left ? iov->iov_len : left;

		crash__record_ack(op->control, op->start, fd, iov->iov_base, piece);
		left -= piece;
	}
}
