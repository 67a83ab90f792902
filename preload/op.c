/* SPDX-License-Identifier: MIT */
/*
 * op.c - the way of one op: which file, which number, which rules, the call itself.
 *
 * Method. Everything between a wrapper and the kernel passes crash__op(). What is no storage goes on
 * at once; what is storage is counted, and if no rule speaks of it and nothing is recorded, that was
 * all. The slow way, in take(), is the same for every call: record, act before, call, act after.
 *
 * Cancellation. libc acts on a cancellation at the entry of a cancellation point and inside its system
 * call; when exactly depends on its version (cancel.c). So do we where the call may block (pipes, sockets,
 * FIFOs): nothing is held there, and the thread unwinds through these functions. A call on storage does not
 * wait for anybody: a cancellation is acted upon before it, or after it at the next cancellation point, never
 * in between, where an op would have been done and not be written down. The exception is splice(), which
 * waits for its pipe: it can be cancelled inside.
 */
#include "preload/shim.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/ioctl_request.h"
#include "common/ring_append.h"
#include "preload/mapping.h"
#include "preload/readback.h"
#include "preload/single_threaded.h"

_Thread_local uint32_t crash__cancel_signalled;
long (*crash__call_cancellable)(long (*enter)(long, const long[6]), long number, const long args[6]);

/* The system call, cancellable if it is in libc. */
static long invoke(const struct crash__op *op, const long args[6])
{
	long result;

	if (!op->cancel)
		return op->enter(op->kernel->number, args);
	if (crash__call_cancellable && !op->asynchronous)
		return crash__call_cancellable(op->enter, op->kernel->number, args);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	result = op->enter(op->kernel->number, args);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
	return result;
}

long crash__op_call(const struct crash__op *op)
{
	if (op->route == CRASH__ROUTE_MEMORY) /* it has been done */
		return op->args[1];
	return invoke(op, op->args);
}

uint64_t crash__op_bytes(const struct crash__op *op)
{
	const struct iovec *iov = (const struct iovec *)crash__arg(op->args, op->kernel->where.iov);
	long count = crash__arg(op->args, op->kernel->where.count);
	uint64_t bytes = 0;

	if (op->kernel->family != CRASH__FAMILY_WRITE)
		return 0;
	if (!iov)
		return (uint64_t)crash__arg(op->args, op->kernel->where.bytes);
	for (long i = 0; i < count && i < IOV_MAX; i++)
		bytes += iov[i].iov_len;
	return bytes;
}

/* A vector of the first `part` bytes; the copy is the caller's to unmap. */
static struct iovec *cut_vector(const struct iovec *iov, long count, uint64_t part, long *cut)
{
	long memory = crash__sys6(SYS_mmap, 0, (long)(sizeof *iov * (size_t)count), PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec *copy = (struct iovec *)memory;

	if (crash__sys_failed(memory))
		return NULL;
	memcpy(copy, iov, sizeof *iov * (size_t)count);
	for (*cut = 0; *cut < count && part; ++*cut) {
		if (copy[*cut].iov_len > part)
			copy[*cut].iov_len = part;
		part -= copy[*cut].iov_len;
	}
	return copy;
}

long crash__op_call_part(const struct crash__op *op, uint64_t part)
{
	const struct crash__where *where = &op->kernel->where;
	long args[6], count = crash__arg(op->args, where->count), cut, result;
	struct iovec *iov = NULL;

	if (part == 0)
		return 0;
	memcpy(args, op->args, sizeof args);
	if (where->bytes) {
		args[where->bytes - 1] = (long)part;
	} else if (where->iov) {
		iov = cut_vector((const struct iovec *)args[where->iov - 1], count, part, &cut);
		if (!iov)
			return -ENOMEM;
		args[where->iov - 1] = (long)iov;
		args[where->count - 1] = cut;
	}
	result = invoke(op, args);
	if (iov)
		crash__sys3(SYS_munmap, (long)iov, (long)(sizeof *iov * (size_t)count), 0);
	return result;
}

/* ------------------------------------------------------------------ the slow way */

/* Where all ops are recorded, the write's own record tells of its sync; where only those of rules with :log
 * are, none does. */
static void log_sync(struct crash__op *sync, long result)
{
	const struct crash__call_info *write = sync->kernel;

	if (!(sync->flags & CRASH__OP_LOGGED) || !(sync->control->mode & CRASH__MODE_LOGGED))
		return;
	sync->kernel = &crash__calls[CRASH__CALL_fsync];
	sync->start = sync->sync_occurrence = 0;
	crash__record_op(sync);
	crash__record_end(sync, result < 0 ? result : 0);
	sync->kernel = write;
}

static struct crash__op implied(const struct crash__op *write)
{
	struct crash__op sync = *write;

	sync.family = CRASH__FAMILY_FSYNC;
	sync.occurrence = write->sync_occurrence;
	sync.flags = 0;
	return sync;
}

static uint64_t rules_of_implied(const struct crash__op *write)
{
	return crash__plan_rules_of_implied_sync(&write->control->plan) & write->target.rules;
}

/*
 * A write to a file that was opened with O_SYNC or O_DSYNC is a sync as well. It is counted as one
 * of its own, behind the write: a crash before it finds the data in the page cache.
 */
static long imply_sync(struct crash__op *op, long result)
{
	struct crash__op sync = implied(op);
	struct crash__decision decision = crash__act_before(&sync, CRASH__NATURE_CALL, rules_of_implied(op));

	if (crash__decision_fails(&decision))
		result = crash__act_call(&sync, &decision);
	/* it was made with the write; where a recording says that it was not, that is as good */
	if (crash__decision_skips(&decision) != ((op->flags & CRASH__OP_UNSYNCED) != 0))
		crash__control_incomplete(op->control, CRASH__INCOMPLETE_RULE_UNDONE, op->kernel->name);
	log_sync(&sync, result);
	crash__act_after(&sync, &decision, result);
	return result;
}

static uint64_t next_of(struct crash__op *op, unsigned int family)
{
	return atomic_fetch_add_explicit(&op->control->family_hits[family], 1, memory_order_relaxed) + 1;
}

static uint64_t now_ns(void)
{
	struct timespec now = {0};

	crash__sys3(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Makes the call; of a sync that is recorded it is measured how long that takes. */
static long make(struct crash__op *op, const struct crash__decision *decision)
{
	bool measured = op->start && (op->control->mode & CRASH__MODE_TIMES) &&
			(op->family == CRASH__FAMILY_FSYNC || (op->flags & CRASH__OP_SYNC));
	uint64_t began = measured ? now_ns() : 0;
	long result = crash__act_call(op, decision);

	if (measured)
		op->took = crash__took(began, now_ns());
	return result;
}

/* The write's own record says whether its sync counts for one. */
static void note_skipped(struct crash__op *op)
{
	struct crash__op sync = implied(op);

	if (op->start && crash__act_would_skip(&sync, rules_of_implied(op)))
		op->flags |= CRASH__OP_UNSYNCED;
}

static long take(struct crash__op *op, uint64_t rules)
{
	struct crash__control *control = op->control;
	struct crash__decision decision;
	long result;

	if (crash__call_syncs(op->kernel, op->args, op->target.sync))
		op->flags |= CRASH__OP_SYNC;
	if (crash__call_is_direct(op->kernel, op->target.direct))
		op->flags |= CRASH__OP_DIRECT;
	decision = crash__act_before(op, crash__nature_of(op->kernel), rules);
	crash__record_op(op);
	crash__check_dead(control);
	result = make(op, &decision);
	if ((op->flags & CRASH__OP_SYNC) && result > 0 && decision.making != CRASH__MAKES_TORN) {
		op->sync_occurrence = next_of(op, CRASH__FAMILY_FSYNC);
		atomic_fetch_add_explicit(&control->implied_syncs, 1, memory_order_relaxed);
		note_skipped(op);
	}
	crash__record_end(op, result);
	if (crash__moves_names(op->kernel))
		atomic_fetch_add_explicit(&control->name_epoch, 1, memory_order_acq_rel);
	crash__act_after(op, &decision, result);
	if (op->sync_occurrence)
		result = imply_sync(op, result);
	return result;
}

/* Gives the op its numbers. Returns whether the slow way is needed. */
static bool count(struct crash__op *op, uint64_t *rules)
{
	struct crash__control *control = op->control;

	op->family = op->kernel->family;
	op->occurrence = next_of(op, op->family);
	op->call_occurrence =
		atomic_fetch_add_explicit(&control->call_hits[op->call], 1, memory_order_relaxed) + 1;
	*rules = crash__plan_rules_of(&control->plan, op->call) & op->target.rules;
	return *rules || (control->mode & CRASH__MODE_RECORD) || op->target.sync ||
	       op->kernel->kernel == CRASH__CALL_pwritev2;
}

/*
 * What is no storage may block. What goes to pipes, sockets and terminals is what the program tells
 * the outside, from the moment of the call on: what another thread makes durable meanwhile comes too late.
 */
static long call_outside(struct crash__op *op)
{
	bool tells = (op->control->mode & CRASH__MODE_ACKS) && op->kernel->family == CRASH__FAMILY_WRITE;
	long result;

	if (__builtin_expect(tells, 0))
		op->start = crash__next_sequence(op->control);
	op->cancel = op->blocking_cancel;
	result = crash__op_call(op);
	if (__builtin_expect(tells, 0) && result > 0)
		crash__record_ack_of(op, result);
	return result;
}

static long by_descriptor(struct crash__op *op)
{
	uint64_t rules;
	long result;

	if (op->kernel->where.fd)
		op->target =
			crash__target_of_fd(op->control, (int)crash__arg(op->args, op->kernel->where.fd));
	else if (op->kernel->where.address)
		op->target = crash__target_of_mapping(op->control, (uintptr_t)op->args[0]);
	else /* sync() */
		op->target = (struct crash__target){.storage = true, .rules = ~op->control->plan.with_glob};
	if (__builtin_expect(op->target.channel ||
				     (op->kernel->where.fd && crash__arg(op->args, op->kernel->where.fd) ==
								      op->control->channel.number),
			     0) &&
	    crash__channel_take(op, &result))
		return result;
	if (!op->target.storage)
		return call_outside(op);
	if (op->kernel->kernel == CRASH__CALL_splice)
		op->cancel = op->blocking_cancel;
	return count(op, &rules) ? take(op, rules) : crash__op_call(op);
}

static long by_path(struct crash__op *op)
{
	uint64_t rules;
	long result;

	op->buffers = crash__path_buffers_take();
	if (!op->buffers) {
		crash__control_incomplete(op->control, CRASH__INCOMPLETE_PATH_UNKNOWN, NULL);
		return call_outside(op);
	}
	op->target = crash__target_of_path(op->control, op->kernel, op->args, op->buffers);
	if (op->target.storage) {
		count(op, &rules);
		result = take(op, rules);
		crash__path_buffers_give(op->buffers);
	} else {
		crash__path_buffers_give(op->buffers);
		op->buffers = NULL;
		result = call_outside(op);
	}
	/* the kernel can do without a name for where it is, if that is longer than any that it takes */
	if (__builtin_expect(op->target.unnamed, 0) && !crash__sys_failed(result))
		crash__control_incomplete(op->control, CRASH__INCOMPLETE_PATH_UNKNOWN, op->kernel->name);
	return result;
}

/* The kernel makes a fallocate() of some requests, and then they are one here. */
static bool make_fallocate(struct crash__op *op)
{
	struct crash__space space;
	struct stat status;
	int64_t from = 0;
	int fd = (int)op->args[0];

	if (crash__sys3(SYS_fstat, fd, (long)&status, 0) < 0 || !S_ISREG(status.st_mode) ||
	    !crash__is_readable((uintptr_t)op->args[2]) ||
	    !crash__is_readable((uintptr_t)op->args[2] + sizeof space - 1))
		return false;
	memcpy(&space, (const void *)op->args[2], sizeof space);
	if (space.whence != SEEK_SET)
		from = space.whence == SEEK_CUR ? crash__sys3(SYS_lseek, fd, 0, SEEK_CUR) : status.st_size;
	if (!crash__request_allocates(op->args, &space, from))
		return false;
	op->call = CRASH__CALL_fallocate;
	op->name = op->kernel = &crash__calls[op->call];
	return true;
}

/* Whether an ioctl() is an op. If it is not it has been made; of some it is not known what they have done. */
static bool takes_request(struct crash__op *op, long *result)
{
	unsigned long request = (unsigned long)op->args[1];
	enum crash__request kind = crash__request_kind(request);

	if (kind == CRASH__REQUEST_CLONE || (kind == CRASH__REQUEST_ALLOCATE && make_fallocate(op)))
		return true;
	*result = crash__op_call(op);
	if (kind == CRASH__REQUEST_OPAQUE && !crash__sys_failed(*result) &&
	    crash__target_of_fd(op->control, (int)op->args[0]).storage)
		crash__control_incomplete(op->control, CRASH__INCOMPLETE_UNSUPPORTED,
					  crash__request_name(request));
	return false;
}

static long by_kind(struct crash__op *op)
{
	const struct crash__call_info *kernel = op->kernel;
	long result;

	/* the unwinder opens files to read; it may do so after the crash */
	if (!crash__call_changes(kernel, op->args,
				 kernel->where.how ? crash__open_flags(kernel, op->args) : 0)) {
		op->cancel = op->blocking_cancel;
		return crash__op_call(op);
	}
	if (kernel->where.iocbs) {
		/* several ops in one call, which the supervisor takes apart */
		if (!(op->control->mode & CRASH__MODE_SUPERVISOR))
			crash__control_incomplete(op->control, CRASH__INCOMPLETE_UNSUPPORTED, kernel->name);
		return crash__syscall_seen(kernel->number, op->args);
	}
	crash__check_dead(op->control);
	if (__builtin_expect(crash__mapped, 0))
		crash__mapping_scan();
	if (kernel->where.request && !takes_request(op, &result))
		return result;
	result = kernel->where.path ? by_path(op) : by_descriptor(op);
	if (__builtin_expect(crash__mapped, 0))
		crash__mapping_wrote();
	return result;
}

/* No op, and nothing of it is written down. */
void crash__close_begins(int fd, const struct crash__caller *caller, struct crash__decision *decision)
{
	struct crash__control *control = crash__me.unwinding ? NULL : crash__control_now();
	struct crash__op op = {.control = control,
			       .kernel = &crash__calls[CRASH__CALL_close],
			       .name = &crash__calls[CRASH__CALL_close],
			       .caller = caller,
			       .call = CRASH__CALL_close,
			       .family = CRASH__FAMILY_CLOSE,
			       .args = {fd}};
	uint64_t rules;

	if (__builtin_expect(!control || crash__delegate || !crash__plan_rules_of(&control->plan, op.call),
			     1))
		return;
	op.target = crash__target_of_fd(control, fd);
	if (op.target.storage && count(&op, &rules) && rules)
		*decision = crash__act_before(&op, CRASH__NATURE_CALL, rules);
}

void crash__op_store(struct crash__op *op, const char *path)
{
	uint64_t rules;

	if (!op->target.storage || !count(op, &rules))
		return;
	op->buffers = crash__path_buffers_take();
	if (op->buffers) {
		strcpy(op->buffers->path, path);
		op->buffers->to[0] = '\0';
	}
	take(op, rules);
	crash__path_buffers_give(op->buffers);
}

long crash__op(unsigned int call, unsigned int kernel, const long args[6], enum crash__route route,
	       const struct crash__caller *caller)
{
	struct crash__op op;
	int type = PTHREAD_CANCEL_DEFERRED;
	long result;

	op.control = crash__me.unwinding ? NULL : crash__control_now();
	op.kernel = &crash__calls[kernel];
	op.name = &crash__calls[call];
	op.caller = caller;
	op.buffers = NULL;
	op.lock = NULL;
	op.wants_position = false;
	memcpy(op.args, args, sizeof op.args);
	op.call = call;
	op.route = route;
	op.start = op.sync_occurrence = 0;
	op.flags = op.took = 0;
	op.cancel = op.blocking_cancel = op.asynchronous = false;
	if (!crash__single_threaded()) {
		/* Libc's own cancellation points arrive with asynchronous cancellation switched on. */
		pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
		op.asynchronous = type == PTHREAD_CANCEL_ASYNCHRONOUS;
		op.blocking_cancel = op.asynchronous || caller->is_point ||
				     (route == CRASH__ROUTE_SYMBOL && op.kernel->cancel);
		if (op.blocking_cancel)
			pthread_testcancel();
	}
	if (__builtin_expect(op.control == NULL || crash__delegate, 0)) {
		op.enter = crash__me.unwinding ? crash__syscall : crash__syscall_seen;
		op.cancel = op.blocking_cancel;
		result = crash__op_call(&op);
	} else {
		op.enter = crash__syscall;
		result = by_kind(&op);
	}
	/* a call that was interrupted has done nothing: a libc that looks at that cancels it */
	if (__builtin_expect(result == -EINTR, 0) && op.blocking_cancel && crash__call_cancellable)
		pthread_testcancel();
	if (__builtin_expect(type == PTHREAD_CANCEL_ASYNCHRONOUS, 0))
		pthread_setcanceltype(type, NULL);
	return result;
}
