/* SPDX-License-Identifier: MIT */
/*
 * proxy.c - making a call on behalf of the process that waits for it.
 *
 * Method. Calls on descriptors are made on the very same open file description, fetched with
 * pidfd_getfd(2): position, O_APPEND, O_DIRECT and locks are the process's. Calls on paths are made with
 * the path as the process gave it, relative to its directory, as its user, if root and mounts are ours;
 * only "/proc/self" is spelt out. Where anything is in the way (rights that we cannot take on, a file
 * size limit whose signal we would get) the answer is no, and the process makes its call itself.
 */
#include "supervisor/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "supervisor/mapped.h"

#define NOWHERE 8 /* an address where nothing is, for calls that are to fail with EFAULT */

bool crash__proxy_prepare(void)
{
	if (unshare(CLONE_FS) == 0)
		return true;
	crash__remote_share();
	return false;
}

void crash__proxied_clear(struct crash__proxied *proxied)
{
	if (proxied->fd >= 0)
		close(proxied->fd);
	free(proxied->data);
	proxied->fd = -1;
	proxied->data = NULL;
}

static long argument(const struct crash__watched *watched, uint8_t position)
{
	return crash__arg(watched->args, position);
}

static long or_errno(long result)
{
	return result < 0 ? -errno : result;
}

/* ------------------------------------------------------------------ on descriptors */

/* What a write hands over, as a vector; returns how long it is, or the error that the kernel has for it. */
static long fetch_vector(const struct crash__watched *watched, struct iovec vector[IOV_MAX])
{
	const struct crash__where *where = &watched->kernel->where;
	uint64_t count = (uint64_t)argument(watched, where->count);

	if (!where->iov) {
		vector[0] = (struct iovec){(void *)argument(watched, where->buf),
					   (size_t)argument(watched, where->bytes)};
		return (ssize_t)vector[0].iov_len < 0 ? -EFAULT : 1;
	}
	if (count > IOV_MAX)
		return -EINVAL;
	if (crash__remote_read(&watched->remote, (uint64_t)argument(watched, where->iov), vector,
			       count * sizeof *vector) != (long)(count * sizeof *vector))
		return -EFAULT;
	for (uint64_t i = 0; i < count; i++)
		if ((ssize_t)vector[i].iov_len < 0)
			return -EINVAL;
	return (long)count;
}

/* The bytes of a write, in memory that O_DIRECT can use. A bad address ends them; none is EFAULT. */
static long gather(const struct crash__watched *watched, uint64_t part, unsigned char **out)
{
	struct iovec vector[IOV_MAX];
	long count = fetch_vector(watched, vector);
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
		long got = crash__remote_read(&watched->remote, (uint64_t)vector[i].iov_base, *out + done, now);

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
static long write_bad(const struct crash__watched *watched, int fd, long error)
{
	const struct crash__where *where = &watched->kernel->where;
	struct iovec negative = {(void *)NOWHERE, SIZE_MAX};
	long args[6];

	memcpy(args, watched->args, sizeof args);
	args[where->fd - 1] = fd;
	if (!where->iov)
		args[where->buf - 1] = NOWHERE;
	else
		args[where->iov - 1] = error == -EINVAL ? (long)&negative : NOWHERE;
	if (where->iov && error == -EINVAL && args[where->count - 1] > 0 && args[where->count - 1] <= IOV_MAX)
		args[where->count - 1] = 1;
	return or_errno(syscall(watched->kernel->number, args[0], args[1], args[2], args[3], args[4], args[5]));
}

/* Writers of one file take turns, so that it is known where the position was. */
static _Atomic uint64_t *take_turn(struct crash__watched *watched)
{
	_Atomic uint64_t *lock = &watched->control->locks[crash__control_lock_of(watched->inode)];
	uint64_t mine = (uint64_t)getpid() << 32 | (uint32_t)gettid(), holder = 0;

	for (int i = 0; i < 2000; i++) {
		holder = 0;
		if (atomic_compare_exchange_weak(lock, &holder, mine))
			return lock;
		if (i > 1000)
			usleep(20);
	}
	atomic_compare_exchange_strong(lock, &holder, 0);
	return NULL;
}

static long write_gathered(struct crash__watched *watched, int fd, const void *data, size_t bytes)
{
	const struct crash__where *where = &watched->kernel->where;
	struct iovec iov = {(void *)(uintptr_t)data, bytes};

	if (!where->offset)
		return or_errno(write(fd, data, bytes));
	if (watched->kernel->kernel == CRASH__CALL_pwritev2)
		return or_errno(pwritev2(fd, &iov, 1, argument(watched, where->offset),
					 (int)argument(watched, where->flags)));
	return or_errno(pwrite(fd, data, bytes, argument(watched, where->offset)));
}

static bool is_at_position(const struct crash__watched *watched)
{
	const struct crash__where *where = &watched->kernel->where;

	return !where->offset || (watched->kernel->kernel == CRASH__CALL_pwritev2 &&
				  argument(watched, where->offset) == -1);
}

/* Where the data of a write went. */
static uint64_t find_offset(const struct crash__watched *watched, int fd, long result)
{
	struct stat status;
	off_t position;

	if (result < 0)
		return UINT64_MAX;
	if (is_at_position(watched)) {
		position = lseek(fd, 0, SEEK_CUR);
		return position < result ? UINT64_MAX : (uint64_t)(position - result);
	}
	if ((fcntl(fd, F_GETFL) & O_APPEND) && fstat(fd, &status) == 0)
		return (uint64_t)(status.st_size - result);
	return (uint64_t)argument(watched, watched->kernel->where.offset);
}

static uint64_t size_limit(const struct crash__watched *watched)
{
	struct rlimit limit;

	/* another user's limits are a secret of the system call's, but not of /proc's */
	if (prlimit(watched->remote.tid, RLIMIT_FSIZE, NULL, &limit) < 0)
		return crash__remote_size_limit(&watched->remote);
	return limit.rlim_cur;
}

/* Whether a file that ends at `start + bytes` is larger than the process may make one. The limit is not ours. */
static bool exceeds_limit(const struct crash__watched *watched, uint64_t start, uint64_t bytes)
{
	uint64_t limit = size_limit(watched);

	return limit != RLIM_INFINITY && (start > limit || bytes > limit - start);
}

/* The same for a write of `bytes`, wherever it goes; other threads may move position and end. */
static bool write_exceeds_limit(const struct crash__watched *watched, const off_t *at, uint64_t bytes)
{
	off_t position = at ? *at : lseek(watched->fd, 0, SEEK_CUR);
	struct stat status;

	if (size_limit(watched) == RLIM_INFINITY)
		return false;
	if (fstat(watched->fd, &status) < 0 || position < 0)
		return true;
	return exceeds_limit(watched, (uint64_t)(position > status.st_size ? position : status.st_size), bytes);
}

static bool proxy_write(struct crash__watched *watched, uint64_t part, struct crash__proxied *proxied)
{
	_Atomic uint64_t *turn = NULL;
	off_t offset = argument(watched, watched->kernel->where.offset);
	long bytes;

	if (watched->fd < 0 || write_exceeds_limit(watched, is_at_position(watched) ? NULL : &offset,
						   crash__watched_bytes(watched)))
		return false;
	bytes = gather(watched, part, &proxied->data);
	if (bytes == -ENOMEM)
		return false;
	if (bytes < 0) {
		proxied->result = write_bad(watched, watched->fd, bytes);
		return true;
	}
	if (is_at_position(watched))
		turn = take_turn(watched);
	proxied->result = write_gathered(watched, watched->fd, proxied->data, (size_t)bytes);
	proxied->offset = find_offset(watched, watched->fd, proxied->result);
	proxied->data_bytes = proxied->result > 0 ? (size_t)proxied->result : 0;
	if (turn)
		atomic_store(turn, 0);
	return true;
}

static bool read_all(int fd, unsigned char *to, size_t bytes, off_t offset)
{
	ssize_t got;

	for (size_t done = 0; done < bytes; done += (size_t)got)
		if ((got = pread(fd, to + done, bytes - done, offset + (off_t)done)) <= 0)
			return false;
	return true;
}

/* Reads what a copy inside the kernel has put into the file, if anybody wants to know. */
static void read_back(const struct crash__watched *watched, struct crash__proxied *proxied, int fd, size_t bytes)
{
	char path[64];
	int again = -1;
	bool good;

	if (!bytes || proxied->offset == UINT64_MAX ||
	    (!(watched->control->mode & CRASH__MODE_DATA) &&
	     !crash__mapped_is_watched(watched->device, watched->inode)))
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

static off_t *fetch_offset(const struct crash__watched *watched, uint8_t position, struct offset *offset)
{
	offset->address = (uint64_t)argument(watched, position);
	if (!offset->address)
		return NULL;
	if (crash__remote_read(&watched->remote, offset->address, &offset->value, sizeof offset->value) !=
	    sizeof offset->value)
		return (off_t *)NOWHERE;
	return &offset->value;
}

static bool is_ready(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	return poll(&ready, 1, 0) == 1;
}

/*
 * Whether the copy can be made here: from a file; from a pipe if it need not wait, because waiting, and being
 * interrupted in it, is the process's own affair.
 */
static bool can_copy(const struct crash__watched *watched, int from, bool *waits)
{
	struct stat status;

	*waits = false;
	if (fstat(from, &status) < 0)
		return false;
	if (S_ISREG(status.st_mode))
		return true;
	if (watched->kernel->kernel != CRASH__CALL_splice || !S_ISFIFO(status.st_mode))
		return false;
	*waits = !(watched->args[5] & SPLICE_F_NONBLOCK) && !(fcntl(from, F_GETFL) & O_NONBLOCK);
	return !*waits || is_ready(from);
}

static long make_copy(const struct crash__watched *watched, int from, off_t *at_source, int to, off_t *at_target,
		      uint64_t bytes)
{
	unsigned int flags = (unsigned int)watched->args[5];

	switch (watched->kernel->kernel) {
	case CRASH__CALL_sendfile:
		return or_errno(sendfile(to, from, at_source, bytes));
	case CRASH__CALL_splice:
		return or_errno(splice(from, at_source, to, at_target, bytes, flags | SPLICE_F_NONBLOCK));
	default:
		return or_errno(copy_file_range(from, at_source, to, at_target, bytes, flags));
	}
}

static bool proxy_copy(struct crash__watched *watched, uint64_t part, struct crash__proxied *proxied)
{
	const struct crash__where *where = &watched->kernel->where;
	int from = crash__remote_dup(&watched->remote, (int)argument(watched, where->from));
	int to = watched->fd;
	struct offset source = {0}, target = {0};
	off_t *at_source = fetch_offset(watched, where->from_offset, &source);
	off_t *at_target = fetch_offset(watched, where->offset_at, &target);
	uint64_t bytes = (uint64_t)argument(watched, where->bytes);
	bool done = false, waits;

	if (part < bytes)
		bytes = part;
	if (from < 0 || to < 0 || !can_copy(watched, from, &waits) ||
	    write_exceeds_limit(watched, at_target == &target.value ? at_target : NULL, bytes))
		goto close;
	proxied->result = make_copy(watched, from, at_source, to, at_target, bytes);
	if (waits && proxied->result == -EAGAIN) /* somebody else was faster */
		goto close;
	if (at_source == &source.value)
		crash__remote_write(&watched->remote, source.address, at_source, sizeof *at_source);
	if (at_target == &target.value)
		crash__remote_write(&watched->remote, target.address, at_target, sizeof *at_target);
	if (proxied->result > 0)
		proxied->offset = (uint64_t)((at_target ? *at_target : lseek(to, 0, SEEK_CUR)) - proxied->result);
	read_back(watched, proxied, to, proxied->result > 0 ? (size_t)proxied->result : 0);
	done = true;
close:
	if (from >= 0)
		close(from);
	return done;
}

static bool proxy_clone(struct crash__watched *watched, struct crash__proxied *proxied)
{
	struct file_clone_range range = {0};
	unsigned long request = (unsigned long)watched->args[1];
	int to = watched->fd, from = -1;
	struct stat status;
	bool done = false;

	if (request == FICLONE)
		range.src_fd = (int)watched->args[2];
	else if (crash__remote_read(&watched->remote, (uint64_t)watched->args[2], &range, sizeof range) !=
		 sizeof range)
		goto close;
	from = crash__remote_dup(&watched->remote, (int)range.src_fd);
	if (from < 0 || to < 0)
		goto close;
	range.src_fd = from;
	proxied->result = or_errno(request == FICLONE ? ioctl(to, FICLONE, from) :
							ioctl(to, FICLONERANGE, &range));
	if (proxied->result == 0 && fstat(from, &status) == 0) {
		proxied->offset = range.dest_offset;
		read_back(watched, proxied, to, crash__clone_bytes(&range, (uint64_t)status.st_size));
	}
	done = true;
close:
	if (from >= 0)
		close(from);
	return done;
}

/* Calls whose arguments behind the descriptor are plain numbers. Who may change attributes is asked. */
static bool proxy_plain(struct crash__watched *watched, struct crash__proxied *proxied)
{
	const struct crash__where *where = &watched->kernel->where;

	if (watched->fd < 0 ||
	    (watched->kernel->family == CRASH__FAMILY_TRUNCATE &&
	     exceeds_limit(watched, (uint64_t)argument(watched, where->offset),
			   (uint64_t)argument(watched, where->size ? where->size : where->bytes))) ||
	    (watched->kernel->family == CRASH__FAMILY_ATTR && !crash__remote_become(&watched->remote)))
		return false;
	proxied->result = or_errno(syscall(watched->kernel->number, watched->fd, watched->args[1],
					   watched->args[2], watched->args[3]));
	crash__remote_resume();
	return true;
}

/* ------------------------------------------------------------------ on paths */

#define NOT_OPEN (-EBADF) /* as bad a descriptor as the process's */

/* A descriptor for the directory that a relative path starts at; AT_FDCWD is the process's, not ours. */
static int open_base(const struct crash__watched *watched, uint8_t position)
{
	int dirfd = position ? (int)argument(watched, position) : AT_FDCWD, fd;
	char path[64];

	if (dirfd == AT_FDCWD)
		snprintf(path, sizeof path, "/proc/%d/cwd", (int)watched->remote.tid);
	else
		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)watched->remote.tid, dirfd);
	fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 && errno == ENOENT && dirfd != AT_FDCWD ? NOT_OPEN : fd;
}

/* A path that is absolute needs no directory, and may come with a bad one. */
static bool has_base(int base, const char *given)
{
	return base >= 0 || base == NOT_OPEN || given[0] == '/';
}

static long make_open(struct crash__watched *watched, int base, struct crash__proxied *proxied)
{
	const struct crash__where *where = &watched->kernel->where;
	uint64_t flags = crash__watched_open_flags(watched);
	struct open_how how = {.flags = flags, .mode = (uint64_t)argument(watched, where->mode)};
	long fd;

	if (where->how) {
		if (crash__remote_read(&watched->remote, (uint64_t)argument(watched, where->how), &how,
				       sizeof how) != sizeof how)
			return -EFAULT;
		how.flags |= O_CLOEXEC;
		fd = syscall(SYS_openat2, base, watched->given, &how, sizeof how);
	} else {
		fd = openat(base, watched->given, (int)flags | O_CLOEXEC, (mode_t)how.mode);
	}
	if (fd < 0)
		return -errno;
	proxied->fd = (int)fd;
	proxied->cloexec = flags & O_CLOEXEC;
	return 0;
}

/* The second path as the process gave it, or one that is bad in the same way. */
static const char *second_path(const struct crash__watched *watched)
{
	static const char too_long[PATH_MAX + 1] = {[0 ... PATH_MAX - 1] = 'x'};
	char first;

	if (watched->given_to[0])
		return watched->given_to;
	if (crash__remote_read(&watched->remote, (uint64_t)argument(watched, watched->kernel->where.to), &first, 1) != 1)
		return (const char *)NOWHERE;
	return first ? too_long : "";
}

static long make_link(struct crash__watched *watched, int base, int to_base)
{
	char text[PATH_MAX];
	int flags = (int)argument(watched, watched->kernel->where.flags);

	if (watched->kernel->where.to)
		return or_errno(linkat(base, watched->given, to_base, second_path(watched),
				       watched->kernel->where.flags ? flags : 0));
	if (!crash__remote_string(&watched->remote, (uint64_t)argument(watched, watched->kernel->where.text),
				  text, sizeof text))
		return -EFAULT;
	return or_errno(symlinkat(text, base, watched->given));
}

/* For calls that know no directory to start at. */
static void path_from(const struct crash__watched *watched, int base, char path[PATH_MAX + 64])
{
	if (watched->given[0] == '/')
		snprintf(path, PATH_MAX + 64, "%s", watched->given);
	else
		snprintf(path, PATH_MAX + 64, "/proc/self/fd/%d/%s", base, watched->given);
}

static long make_truncate(const struct crash__watched *watched, int base)
{
	char path[PATH_MAX + 64];

	path_from(watched, base, path);
	return or_errno(truncate(path, (off_t)argument(watched, watched->kernel->where.size)));
}

static long make_unlink(const struct crash__watched *watched, int base)
{
	int flags = watched->kernel->kernel == CRASH__CALL_rmdir ? AT_REMOVEDIR :
								  (int)argument(watched, watched->kernel->where.flags);

	return or_errno(unlinkat(base, watched->given, flags));
}

/* ------------------------------------------------------------------ attributes */

static int flags_of(const struct crash__watched *watched)
{
	return (int)argument(watched, watched->kernel->where.flags) |
	       (watched->kernel->where.nofollow ? AT_SYMLINK_NOFOLLOW : 0);
}

/* Owner and group follow the path. */
static long make_chown(const struct crash__watched *watched, int base, const char *path, int flags)
{
	const long *ids = &watched->args[watched->kernel->where.path];

	return or_errno(fchownat(base, path, (uid_t)ids[0], (gid_t)ids[1], flags));
}

/* The times in whatever form the call has them; NULL for now, or a bad address like the process's. */
static const struct timespec *fetch_times(const struct crash__watched *watched, struct timespec times[2])
{
	uint64_t address = (uint64_t)watched->args[watched->kernel->where.path];
	uint64_t words[4];
	size_t bytes = watched->kernel->kernel == CRASH__CALL_utime ? 2 * sizeof *words : sizeof words;

	if (!address)
		return NULL;
	if (crash__remote_read(&watched->remote, address, words, bytes) != (long)bytes)
		return (const struct timespec *)NOWHERE;
	switch (watched->kernel->kernel) {
	case CRASH__CALL_utime:
		times[0] = (struct timespec){.tv_sec = (time_t)words[0]};
		times[1] = (struct timespec){.tv_sec = (time_t)words[1]};
		break;
	case CRASH__CALL_utimensat:
		memcpy(times, words, sizeof words);
		break;
	default: /* microseconds */
		for (int i = 0; i < 2; i++)
			times[i] = (struct timespec){.tv_sec = (time_t)words[2 * i],
						     .tv_nsec = (long)words[2 * i + 1] * 1000};
	}
	return times;
}

static long make_times(const struct crash__watched *watched, int base, const char *path, int flags)
{
	struct timespec times[2];

	return or_errno(syscall(SYS_utimensat, base, path, fetch_times(watched, times), flags));
}

static bool is_chown(unsigned int call)
{
	return call == CRASH__CALL_chown || call == CRASH__CALL_lchown || call == CRASH__CALL_fchownat;
}

static bool is_utime(unsigned int call)
{
	return call == CRASH__CALL_utime || call == CRASH__CALL_utimes || call == CRASH__CALL_futimesat ||
	       call == CRASH__CALL_utimensat;
}

/* Extended attributes: of a descriptor, or of a path that needs no directory to start at. */
static long make_xattr(const struct crash__watched *watched, long file)
{
	char name[XATTR_NAME_MAX + 2], value[XATTR_SIZE_MAX];
	size_t bytes = (size_t)watched->args[3];
	const void *value_there = value;
	const char *name_there = name;

	if (!crash__remote_string(&watched->remote, (uint64_t)watched->args[1], name, sizeof name)) {
		if (crash__remote_read(&watched->remote, (uint64_t)watched->args[1], name, 1) != 1)
			name_there = (const char *)NOWHERE;
		name[sizeof name - 1] = '\0'; /* too long */
	}
	/* those that remove have no value, and this is not looked at */
	if (bytes && (bytes > sizeof value || crash__remote_read(&watched->remote, (uint64_t)watched->args[2],
								 value, bytes) != (long)bytes))
		value_there = (const void *)NOWHERE;
	return or_errno(syscall(watched->kernel->number, file, name_there, value_there, bytes, (int)watched->args[4]));
}

static bool make_attribute(const struct crash__watched *watched, int base, struct crash__proxied *proxied)
{
	char path[PATH_MAX + 64];

	if (is_chown(watched->kernel->kernel)) {
		proxied->result = make_chown(watched, base, watched->given, flags_of(watched));
	} else if (is_utime(watched->kernel->kernel)) {
		proxied->result = make_times(watched, base, watched->given, flags_of(watched));
	} else if (watched->kernel->kernel == CRASH__CALL_fchmodat2) {
		proxied->result = or_errno(syscall(watched->kernel->number, base, watched->given, watched->args[2],
						   watched->args[3]));
	} else {
		path_from(watched, base, path);
		proxied->result = make_xattr(watched, (long)path);
	}
	return true;
}

/* Where a descriptor takes the place of the path: NULL or empty. */
static bool proxy_nameless(const struct crash__watched *watched, struct crash__proxied *proxied)
{
	bool times = is_utime(watched->kernel->kernel) && !watched->args[watched->kernel->where.path - 1];

	if ((!times && watched->kernel->kernel != CRASH__CALL_fchownat) || watched->fd < 0 ||
	    !crash__remote_become(&watched->remote))
		return false;
	if (times)
		proxied->result = make_times(watched, watched->fd, NULL, flags_of(watched));
	else
		proxied->result = make_chown(watched, watched->fd, "", flags_of(watched));
	crash__remote_resume();
	return true;
}

static bool proxy_xattr(const struct crash__watched *watched, struct crash__proxied *proxied)
{
	if (watched->fd < 0 || !crash__remote_become(&watched->remote))
		return false;
	proxied->result = make_xattr(watched, watched->fd);
	crash__remote_resume();
	return true;
}

/* ------------------------------------------------------------------ any call */

static bool make_by_path(struct crash__watched *watched, int base, int to_base,
			 struct crash__proxied *proxied)
{
	mode_t mode = (mode_t)argument(watched, watched->kernel->where.mode);

	switch (watched->kernel->kernel) {
	case CRASH__CALL_mknod:
		proxied->result = or_errno(mknodat(base, watched->given, mode, (dev_t)watched->args[2]));
		return true;
	case CRASH__CALL_mknodat:
		proxied->result = or_errno(mknodat(base, watched->given, mode, (dev_t)watched->args[3]));
		return true;
	case CRASH__CALL_truncate:
		proxied->result = make_truncate(watched, base);
		return true;
	case CRASH__CALL_chmod:
	case CRASH__CALL_fchmodat:
		proxied->result = or_errno(fchmodat(base, watched->given, mode, 0));
		return true;
	}
	switch (watched->kernel->family) {
	case CRASH__FAMILY_OPEN:
		proxied->result = make_open(watched, base, proxied);
		return true;
	case CRASH__FAMILY_RENAME:
		proxied->result = or_errno(renameat2(base, watched->given, to_base, second_path(watched),
						     (unsigned int)argument(watched, watched->kernel->where.flags)));
		return true;
	case CRASH__FAMILY_UNLINK:
		proxied->result = make_unlink(watched, base);
		return true;
	case CRASH__FAMILY_LINK:
		proxied->result = make_link(watched, base, to_base);
		return true;
	case CRASH__FAMILY_MKDIR:
		proxied->result = or_errno(mkdirat(base, watched->given, mode));
		return true;
	default:
		return make_attribute(watched, base, proxied);
	}
}

/* Who was opened or made. */
static void identify_made(const struct crash__watched *watched, struct crash__proxied *proxied)
{
	const char *path = watched->kernel->where.to ? watched->to : watched->path;

	if (proxied->result < 0)
		return;
	if (proxied->fd >= 0) {
		fstat(proxied->fd, &proxied->made);
		return;
	}
	if (watched->kernel->family == CRASH__FAMILY_OPEN || watched->kernel->family == CRASH__FAMILY_MKDIR ||
	    watched->kernel->family == CRASH__FAMILY_LINK)
		if (lstat(path, &proxied->made) < 0)
			proxied->made.st_ino = 0;
}

/*
 * linkat() with AT_EMPTY_PATH. Who may not do it with any descriptor may with one that he has opened himself
 * (Linux 6.10): we have not, so a refusal means nothing.
 */
static bool proxy_nameless_link(struct crash__watched *watched, struct crash__proxied *proxied)
{
	const struct crash__where *where = &watched->kernel->where;
	int to_base;

	if (!where->to || watched->fd < 0)
		return false;
	to_base = open_base(watched, where->todirfd);
	if (has_base(to_base, watched->given_to) && crash__remote_become(&watched->remote)) {
		proxied->result = or_errno(linkat(watched->fd, "", to_base, second_path(watched),
						  (int)argument(watched, where->flags)));
		crash__remote_resume();
		identify_made(watched, proxied);
	} else {
		proxied->result = -ENOENT;
	}
	if (to_base >= 0)
		close(to_base);
	return proxied->result != -ENOENT;
}

static bool proxy_path(struct crash__watched *watched, struct crash__proxied *proxied)
{
	const struct crash__where *where = &watched->kernel->where;
	int base = -1, to_base = -1;
	bool done = false;

	if (!watched->given[0] && watched->kernel->family == CRASH__FAMILY_ATTR)
		return proxy_nameless(watched, proxied);
	if (!watched->given[0])
		return proxy_nameless_link(watched, proxied);
	if (watched->kernel->family == CRASH__FAMILY_TRUNCATE &&
	    exceeds_limit(watched, 0, (uint64_t)argument(watched, where->size)))
		return false;
	base = open_base(watched, where->dirfd);
	to_base = where->to ? open_base(watched, where->todirfd) : -1;
	if (has_base(base, watched->given) && (!where->to || has_base(to_base, watched->given_to)) &&
	    crash__remote_become(&watched->remote)) {
		done = make_by_path(watched, base, to_base, proxied);
		crash__remote_resume();
		identify_made(watched, proxied);
	}
	if (base >= 0)
		close(base);
	if (to_base >= 0)
		close(to_base);
	return done;
}

bool crash__proxy_call(struct crash__watched *watched, uint64_t part, struct crash__proxied *proxied)
{
	const struct crash__where *where = &watched->kernel->where;

	*proxied = (struct crash__proxied){.fd = -1, .offset = UINT64_MAX};
	if (where->buf || where->iov)
		return proxy_write(watched, part, proxied);
	if (where->from)
		return proxy_copy(watched, part, proxied);
	if (where->request)
		return proxy_clone(watched, proxied);
	if (where->path)
		return proxy_path(watched, proxied);
	if (where->fd && (watched->kernel->family == CRASH__FAMILY_FSYNC ||
			  watched->kernel->family == CRASH__FAMILY_TRUNCATE ||
			  watched->kernel->kernel == CRASH__CALL_fchmod ||
			  watched->kernel->kernel == CRASH__CALL_fchown))
		return proxy_plain(watched, proxied);
	if (watched->kernel->kernel == CRASH__CALL_msync) {
		/* what the stores have made dirty is the file's own */
		if (watched->fd < 0)
			return false;
		if (argument(watched, where->flags) & MS_SYNC)
			proxied->result = or_errno(fdatasync(watched->fd));
		return true;
	}
	if (where->fd && watched->kernel->family == CRASH__FAMILY_ATTR)
		return proxy_xattr(watched, proxied);
	if (watched->kernel->kernel == CRASH__CALL_sync) {
		sync();
		return true;
	}
	return false;
}
