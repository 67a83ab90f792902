/* SPDX-License-Identifier: MIT */
/*
 * fds.c - what descriptors are: files that count, or anything else.
 *
 * Method. Asking the kernel costs two system calls, so the answer is kept in a table by descriptor
 * until the descriptor is closed or replaced (every route by which libc does that calls
 * crash__fds_forget(); closes that bypass libc are reported by the supervisor in fd_epoch) or names
 * change anywhere in the tree (name_epoch). A child of vfork shares the table but not the
 * descriptors: while there may be one, nothing is remembered.
 */
#include "preload/shim.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/walk.h"

#define FDS 65536

/* Bits of the lower half of `key`; the upper half is the epoch in which it was true. */
#define KNOWN 0x80000000u
#define STORAGE 0x40000000u
#define SYNC 0x20000000u
#define LOCK_SHIFT 24
#define APPEND 0x00800000u
#define DIRECT 0x00400000u
#define CHANNEL DIRECT		/* of what is no storage */
#define FILE_NUMBER 0x003fffffu /* its lower bits: who is filled in anew has another key */
#define FILLING 1u		/* and the thread in the upper half: somebody is asking */

struct entry {
	_Atomic uint64_t key;
	_Atomic uint64_t rules;
	_Atomic uint32_t file;
};

static struct entry table[FDS];

static uint32_t epoch_now(const struct crash__control *control)
{
	return atomic_load_explicit(&control->name_epoch, memory_order_acquire) +
	       atomic_load_explicit(&control->fd_epoch[crash__me.pid % CRASH__EPOCHS], memory_order_acquire);
}

void crash__fds_forget(int first, int last)
{
	if (crash__borrowed)
		return;
	if (last >= FDS)
		last = FDS - 1;
	for (int fd = first < 0 ? 0 : first; fd <= last; fd++)
		if (atomic_load_explicit(&table[fd].key, memory_order_relaxed))
			atomic_store_explicit(&table[fd].key, 0, memory_order_release);
}

/* Whether other descriptors of the open file may be known by flags that are not true any more. */
static bool may_be_known(int fd, uint64_t key, long flags)
{
	struct stat status;

	if (key & KNOWN)
		return (key & STORAGE) &&
		       (!(key & APPEND) != !(flags & O_APPEND) || !(key & DIRECT) != !(flags & O_DIRECT));
	return crash__sys3(SYS_fstat, fd, (long)&status, 0) == 0 && S_ISREG(status.st_mode);
}

void crash__fds_set_flags(struct crash__control *control, int fd, long flags)
{
	uint64_t key =
		(unsigned int)fd < FDS ? atomic_load_explicit(&table[fd].key, memory_order_relaxed) : 0;

	crash__fds_forget(fd, fd);
	if (control && may_be_known(fd, key, flags))
		atomic_fetch_add_explicit(&control->name_epoch, 1, memory_order_acq_rel);
}

/* Asks the kernel. */
static struct crash__target look_up(struct crash__control *control, int fd)
{
	struct crash__target target = {.rules = ~control->plan.with_glob};
	struct stat status;
	struct crash__path_buffers *buffers;
	char *path;
	long flags;

	if (crash__sys3(SYS_fstat, fd, (long)&status, 0) < 0)
		return target;
	target.channel = crash__channel_is(control, status.st_dev, status.st_ino);
	if (target.channel || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) ||
	    crash__control_is_outside(control, status.st_dev, status.st_ino))
		return target;
	buffers = crash__path_buffers_take();
	path = buffers ? buffers->path : (char[]){""};
	if (buffers && crash__path_of_fd(fd, status.st_nlink == 0, path)) {
		if (!crash__path_counts(control, path))
			goto done;
	} else {
		*path = '\0';
		crash__control_incomplete(control, CRASH__INCOMPLETE_PATH_UNKNOWN, NULL);
	}
	target.storage = true;
	target.lock = crash__control_lock_of(status.st_ino);
	flags = crash__sys3(SYS_fcntl, fd, F_GETFL, 0);
	target.sync = crash__open_flags_sync(flags);
	target.append = flags >= 0 && (flags & O_APPEND);
	target.direct = crash__open_flags_direct(flags);
	target.rules = crash__plan_rules_of_file(&control->plan, ~UINT64_C(0), path);
	if (control->mode & CRASH__MODE_RECORD)
		target.file = crash__record_file(control, status.st_dev, status.st_ino, status.st_mode,
						 (uint64_t)status.st_size, path);
done:
	crash__path_buffers_give(buffers);
	return target;
}

struct crash__target crash__target_of_fd(struct crash__control *control, int fd)
{
	struct crash__target target = {0};
	struct entry *entry;
	uint64_t key, mark, epoch;

	crash__thread();
	if ((unsigned int)fd >= FDS || crash__borrowed || crash__no_cache)
		return look_up(control, fd);
	entry = &table[fd];
	epoch = epoch_now(control);
	key = atomic_load_explicit(&entry->key, memory_order_acquire);
	if (__builtin_expect((key & KNOWN) && key >> 32 == (epoch & 0xffffffffu), 1)) {
		target.storage = key & STORAGE;
		target.sync = key & SYNC;
		target.append = key & APPEND;
		target.direct = target.storage && (key & DIRECT);
		target.channel = !target.storage && (key & CHANNEL);
		target.lock = key >> LOCK_SHIFT & (CRASH__LOCKS - 1);
		target.file = atomic_load_explicit(&entry->file, memory_order_acquire);
		target.rules = atomic_load_explicit(&entry->rules, memory_order_acquire);
		/* file, rules and key belong together if the key is still the same */
		if (__builtin_expect(atomic_load_explicit(&entry->key, memory_order_relaxed) == key, 1))
			return target;
	}
	/* A close on another thread meanwhile takes the mark away, and with it the answer. */
	mark = FILLING | (uint64_t)crash__me.tid << 32;
	atomic_store_explicit(&entry->key, mark, memory_order_release);
	target = look_up(control, fd);
	atomic_store_explicit(&entry->file, target.file, memory_order_release);
	atomic_store_explicit(&entry->rules, target.rules, memory_order_release);
	key = epoch << 32 | KNOWN | (target.storage ? STORAGE : 0) | (target.sync ? SYNC : 0) |
	      (target.append ? APPEND : 0) | (target.direct ? DIRECT : 0) | (target.channel ? CHANNEL : 0) |
	      target.lock << LOCK_SHIFT | (target.file & FILE_NUMBER);
	atomic_compare_exchange_strong_explicit(&entry->key, &mark, key, memory_order_acq_rel,
						memory_order_relaxed);
	return target;
}
