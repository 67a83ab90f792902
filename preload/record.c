/* SPDX-License-Identifier: MIT */
/*
 * record.c - writing ops down.
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
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/readback.h"

#define PIECE 16384u /* bytes of data in one record */

struct part {
	const void *bytes;
	size_t count;
};

static void futex_wait(_Atomic uint32_t *word, uint32_t expected, long milliseconds)
{
	struct timespec most = {.tv_sec = milliseconds / 1000,
				.tv_nsec = milliseconds % 1000 * 1000000};

	crash__sys6(SYS_futex, (long)word, FUTEX_WAIT, expected, (long)&most, 0, 0);
}

/* ------------------------------------------------------------------ rings */

static struct crash__ring *claim_ring(struct crash__control *control)
{
	for (int tries = 0; tries < 100; tries++) {
		uint32_t ready = atomic_load_explicit(&control->rings_ready, memory_order_acquire);

		for (uint32_t i = 0; i < ready; i++)
			if (crash__ring_claim(crash__control_ring(control, i)))
				return crash__control_ring(control, i);
		crash__control_ring_bell(control);
		futex_wait(&control->rings_ready, ready, 20);
		crash__check_dead(control);
	}
	crash__control_incomplete(control, CRASH__INCOMPLETE_RINGS_FULL, NULL);
	return NULL;
}

/*
 * Whether the append that we seem to interrupt is gone, because a handler left it with longjmp: its
 * frame is below ours on the same stack. On a signal stack of its own a handler's frames may lie
 * anywhere.
 */
static bool was_abandoned(const struct crash__ring *ring)
{
	stack_t stack;

	if ((uintptr_t)__builtin_frame_address(0) < ring->frame)
		return false;
	return crash__sys3(SYS_sigaltstack, 0, (long)&stack, 0) == 0 &&
	       !(stack.ss_flags & SS_ONSTACK);
}

static struct crash__ring *pick_ring(struct crash__control *control)
{
	struct crash__thread *me = crash__thread();

	for (size_t level = 0; level < sizeof me->rings / sizeof *me->rings; level++) {
		struct crash__ring *ring = me->rings[level];

		if (!ring)
			ring = me->rings[level] = claim_ring(control);
		if (!ring)
			return NULL;
		if (crash__ring_busy(ring)) {
			if (!was_abandoned(ring))
				continue;
			crash__ring_abandon(ring);
		}
		return ring;
	}
	return NULL;
}

static bool await_room(struct crash__control *control, struct crash__ring *ring)
{
	uint32_t room = atomic_load_explicit(&ring->room, memory_order_acquire);

	atomic_store(&ring->waiting, 1);
	crash__control_ring_bell(control);
	futex_wait(&ring->room, room, 100);
	crash__check_dead(control);
	return true;
}

static bool append_to(struct crash__control *control, struct crash__ring *ring, uint16_t type,
		      uint16_t flags, const struct part *parts, int count, uint32_t bytes)
{
	static const char zeros[8];
	struct crash__append append;
	uint32_t at = 0;

	for (int waits = 0; !crash__ring_begin(ring, &append, bytes); waits++)
		if (waits == 600 || !await_room(control, ring))
			return false;
	for (int i = 0; i < count; i++) {
		crash__ring_put(&append, at, parts[i].bytes, parts[i].count);
		at += (uint32_t)parts[i].count;
	}
	crash__ring_put(&append, at, zeros, bytes - at);
	if (!crash__ring_commit(&append, type, flags))
		return append_to(control, ring, type, flags, parts, count, bytes);
	if (append.at + bytes - atomic_load_explicit(&ring->tail, memory_order_relaxed) >
		    CRASH__RING_BYTES / 2 &&
	    !atomic_exchange(&ring->waiting, 1))
		crash__control_ring_bell(control);
	return true;
}

static void announce(struct crash__control *control, struct crash__ring *ring)
{
	struct crash__identity identity = crash__identify();
	struct crash__thread_record thread = {.process = identity.process,
					      .pid = identity.pid,
					      .tid = identity.tid,
					      .number = identity.thread};
	struct crash__process_record process = {
		.number = identity.process,
		.pid = identity.pid,
		.parent = (uint32_t)crash__sys3(SYS_getppid, 0, 0, 0)};
	struct part part = {&thread, sizeof thread}, parts[2];
	struct crash__scratch *scratch;

	ring->announced = identity.tid;
	append_to(control, ring, CRASH__RECORD_THREAD, 0, &part, 1, sizeof thread);
	if (!crash__announce_process(identity.process))
		return;
	scratch = crash__scratch_take();
	if (!scratch)
		return;
	long length = crash__sys3(SYS_readlink, (long)"/proc/self/exe", (long)scratch->link,
				  PATH_MAX - 1);
	scratch->link[length < 0 ? 0 : length] = '\0';
	parts[0] = (struct part){&process, sizeof process};
	parts[1] = (struct part){scratch->link, strlen(scratch->link) + 1};
	append_to(control, ring, CRASH__RECORD_PROCESS, 0, parts, 2,
		  (uint32_t)(sizeof process + parts[1].count + 7) & ~7u);
	crash__scratch_give(scratch);
}

/* Appends one record; its parts start with the record's header, which is filled in here. */
static void append(struct crash__control *control, uint16_t type, uint16_t flags,
		   const struct part *parts, int count)
{
	struct crash__ring *ring = pick_ring(control);
	uint32_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += (uint32_t)parts[i].count;
	bytes = (bytes + 7) & ~7u;
	if (ring && (ring->announced != crash__me.tid || crash__borrowed))
		announce(control, ring);
	if (!ring || !append_to(control, ring, type, flags, parts, count, bytes))
		crash__control_incomplete(control, CRASH__INCOMPLETE_LOST_RECORDS, NULL);
}

/* ------------------------------------------------------------------ things that ops refer to */

uint32_t crash__record_file(struct crash__control *control, uint64_t device, uint64_t inode,
			    uint32_t mode, uint64_t size, const char *path)
{
	struct crash__file_record record = {
		.file = atomic_fetch_add(&control->files, 1) + 1,
		.mode = mode,
		.device = device,
		.inode = inode,
		.size = size,
	};
	struct part parts[] = {{&record, sizeof record}, {path, strlen(path) + 1}};

	append(control, CRASH__RECORD_FILE, 0, parts, 2);
	return record.file;
}

uint32_t crash__record_stack(struct crash__control *control, const uint64_t *addresses,
			     uint32_t count)
{
	struct crash__stack_record record = {
		.stack = atomic_fetch_add(&control->stacks, 1) + 1,
		.count = count,
	};
	struct part parts[] = {{&record, sizeof record}, {addresses, count * sizeof *addresses}};

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
	struct part parts[] = {{&record, sizeof record}, {module->path, strlen(module->path) + 1}};

	append(control, CRASH__RECORD_MODULE, 0, parts, 2);
}

static uint64_t next_sequence(struct crash__control *control)
{
	return atomic_fetch_add_explicit(&control->sequence, 1, memory_order_acq_rel) + 1;
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

	if (op->kernel->family != CRASH__FAMILY_WRITE || !(where->bytes || where->iov))
		return false;
	if (where->offset_at)
		return crash__arg(op->args, where->offset_at) == 0;
	return !where->offset || (op->kernel->kernel == CRASH__CALL_pwritev2 &&
				  crash__arg(op->args, where->offset) == -1);
}

static void lock_position(struct crash__op *op)
{
	struct crash__identity identity = crash__identify();
	uint64_t mine = (uint64_t)identity.pid << 32 | identity.tid, holder = 0;
	_Atomic uint64_t *lock = &op->control->locks[op->target.lock];

	for (int spins = 0; spins < 2000; spins++) {
		holder = 0;
		if (atomic_compare_exchange_weak_explicit(lock, &holder, mine, memory_order_acquire,
							  memory_order_relaxed)) {
			op->lock = lock;
			return;
		}
		if (holder == mine) /* we interrupted ourselves */
			return;
		if (spins < 1000)
			__builtin_ia32_pause();
		else
			crash__sys3(SYS_nanosleep, (long)&(struct timespec){.tv_nsec = 20000}, 0, 0);
	}
	atomic_compare_exchange_strong(lock, &holder, 0); /* its holder is gone or stopped */
}

void crash__record_unlock(struct crash__op *op)
{
	if (op->lock)
		atomic_store_explicit(op->lock, 0, memory_order_release);
	op->lock = NULL;
}

/* Where the data of a write that returned `result` went. */
static uint64_t offset_of(const struct crash__op *op, long result)
{
	const struct crash__where *where = &op->kernel->where;
	int fd = (int)crash__arg(op->args, where->fd);
	struct stat status;
	long position;

	if (result < 0 || op->kernel->family != CRASH__FAMILY_WRITE)
		return UINT64_MAX;
	if (at_position(op)) {
		position = crash__sys3(SYS_lseek, fd, 0, SEEK_CUR);
		return position < result ? UINT64_MAX : (uint64_t)(position - result);
	}
	if (where->offset_at)
		return *(const uint64_t *)crash__arg(op->args, where->offset_at) - (uint64_t)result;
	/* Linux appends whatever the offset says. */
	if (where->offset && (crash__sys3(SYS_fcntl, fd, F_GETFL, 0) & O_APPEND) &&
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

/* The text of a symbolic link; its pointer may be bad. */
static size_t copy_text(const struct crash__op *op, char *out)
{
	const char *text = (const char *)crash__arg(op->args, op->kernel->where.text);

	out[0] = '\0';
	if (op->kernel->family != CRASH__FAMILY_LINK || !text ||
	    !crash__copy_string(text, out, PATH_MAX))
		return 0;
	return strlen(out) + 1;
}

void crash__record_op(struct crash__op *op)
{
	const struct crash__where *where = &op->kernel->where;
	struct crash__identity identity;
	struct crash__op_record record;
	struct part parts[4] = {{&record, sizeof record}};
	struct stat status;

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
	};
	memcpy(record.args, op->args, sizeof record.args);
	if (op->scratch) {
		parts[1] = (struct part){op->scratch->path, strlen(op->scratch->path) + 1};
		parts[2] = (struct part){op->scratch->to, strlen(op->scratch->to) + 1};
		parts[3] = (struct part){op->scratch->rest, copy_text(op, op->scratch->rest)};
		record.path_bytes = (uint16_t)parts[1].count;
		record.to_bytes = (uint16_t)parts[2].count;
		record.text_bytes = (uint16_t)parts[3].count;
		/* What a call by path is about, before it may be gone. */
		if (op->kernel->family != CRASH__FAMILY_OPEN &&
		    crash__sys6(SYS_newfstatat, AT_FDCWD, (long)op->scratch->path, (long)&status,
				AT_SYMLINK_NOFOLLOW, 0, 0) == 0) {
			record.device = status.st_dev;
			record.inode = status.st_ino;
		}
	}
	if (where->from)
		record.from = crash__target_of_fd(op->control, (int)crash__arg(op->args, where->from)).file;
	if (at_position(op))
		lock_position(op);
	record.start = op->start = next_sequence(op->control);
	append(op->control, CRASH__RECORD_OP, (uint16_t)op->flags, parts, 4);
}

static void record_data(struct crash__op *op, uint64_t at, const void *bytes, size_t count)
{
	while (count) {
		size_t piece = count < PIECE ? count : PIECE;
		struct crash__data_record record = {.start = op->start, .at = at, .count = piece};
		struct part parts[] = {{&record, sizeof record}, {bytes, piece}};

		append(op->control, CRASH__RECORD_DATA, 0, parts, 2);
		bytes = (const char *)bytes + piece;
		at += piece;
		count -= piece;
	}
}

/* What the call wrote, from the program's own memory. */
static void record_buffers(struct crash__op *op, size_t left)
{
	const struct crash__where *where = &op->kernel->where;
	const struct iovec *iov = (const struct iovec *)crash__arg(op->args, where->iov);
	uint64_t at = 0;

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

/* What the call wrote, from the file: a copy inside the kernel has no buffer. */
static void record_from_file(struct crash__op *op, uint64_t offset, size_t left)
{
	struct crash__scratch *scratch = crash__scratch_take();
	int fd = (int)crash__arg(op->args, op->kernel->where.fd);
	uint64_t at = 0;

	while (scratch && at < left) {
		size_t want = left - at < sizeof *scratch ? left - at : sizeof *scratch;
		long got = crash__read_back(fd, scratch, want, offset + at);

		if (got <= 0)
			break;
		record_data(op, at, scratch, (size_t)got);
		at += (uint64_t)got;
	}
	crash__scratch_give(scratch);
	if (at < left)
		crash__control_incomplete(op->control, CRASH__INCOMPLETE_DATA_UNREADABLE, NULL);
}

/* Who was opened or made. */
static void identify_made(const struct crash__op *op, long result, struct crash__end_record *record)
{
	struct stat status;
	long asked = -1;

	if (result < 0)
		return;
	if (op->kernel->family == CRASH__FAMILY_OPEN && op->kernel->kernel != CRASH__CALL_mknod &&
	    op->kernel->kernel != CRASH__CALL_mknodat)
		asked = crash__sys3(SYS_fstat, result, (long)&status, 0);
	else if (op->kernel->family == CRASH__FAMILY_OPEN || op->kernel->family == CRASH__FAMILY_MKDIR ||
		 op->kernel->family == CRASH__FAMILY_LINK)
		asked = crash__sys6(SYS_newfstatat, AT_FDCWD,
				    (long)(op->kernel->where.to ? op->scratch->to : op->scratch->path),
				    (long)&status, AT_SYMLINK_NOFOLLOW, 0, 0);
	if (asked < 0)
		return;
	record->device = status.st_dev;
	record->inode = status.st_ino;
	record->mode = status.st_mode;
}

void crash__record_end(struct crash__op *op, long result)
{
	struct crash__end_record record = {.start = op->start, .result = result};
	struct part part = {&record, sizeof record};

	if (!op->start)
		return;
	record.offset = offset_of(op, result);
	crash__record_unlock(op);
	record.end = next_sequence(op->control);
	if ((op->control->mode & CRASH__MODE_DATA) && result > 0 &&
	    op->kernel->family == CRASH__FAMILY_WRITE) {
		if (op->kernel->where.buf || op->kernel->where.iov)
			record_buffers(op, (size_t)result);
		else
			record_from_file(op, record.offset, (size_t)result);
	}
	if (op->scratch)
		identify_made(op, result, &record);
	append(op->control, CRASH__RECORD_END, (uint16_t)op->flags, &part, 1);
}

/* ------------------------------------------------------------------ points and acknowledgements */

void crash__record_point(struct crash__control *control, const struct crash__named_point *point,
			 uint64_t hit, const struct crash__caller *caller, uint16_t flags)
{
	struct crash__point_record record = {
		.hit = hit,
		.line = point->line,
		.name_bytes = (uint32_t)strlen(point->name) + 1,
		.file_bytes = (uint32_t)strlen(point->file) + 1,
	};
	struct crash__identity identity;
	struct part parts[] = {{&record, sizeof record},
			       {point->name, record.name_bytes},
			       {point->file, record.file_bytes}};

	if (!wanted(control, flags))
		return;
	identity = crash__identify();
	record.process = identity.process;
	record.thread = identity.thread;
	record.stack = stack_number(control, caller);
	record.start = next_sequence(control);
	append(control, CRASH__RECORD_POINT, flags, parts, 3);
}

void crash__record_ack(struct crash__control *control, int fd, const void *bytes, size_t count)
{
	uint64_t start = next_sequence(control);

	while (count) {
		size_t piece = count < PIECE ? count : PIECE;
		struct crash__ack_record record = {.start = start,
						   .process = crash__identify().process,
						   .fd = fd,
						   .count = piece};
		struct part parts[] = {{&record, sizeof record}, {bytes, piece}};

		append(control, CRASH__RECORD_ACK, 0, parts, 2);
		bytes = (const char *)bytes + piece;
		count -= piece;
	}
}

void crash__record_ack_of(const struct crash__op *op, long count)
{
	const struct crash__where *where = &op->kernel->where;
	const struct iovec *iov = (const struct iovec *)crash__arg(op->args, where->iov);
	int fd = (int)crash__arg(op->args, where->fd);

	if (where->buf)
		crash__record_ack(op->control, fd, (const void *)crash__arg(op->args, where->buf),
				  (size_t)count);
	for (size_t left = where->iov ? (size_t)count : 0; left; iov++) {
		size_t piece = iov->iov_len < left ? iov->iov_len : left;

		crash__record_ack(op->control, fd, iov->iov_base, piece);
		left -= piece;
	}
}
