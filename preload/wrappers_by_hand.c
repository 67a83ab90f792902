/* SPDX-License-Identifier: MIT */
/*
 * wrappers_by_hand.c - wrappers that cannot be made from a row of calls.def: those with a variable argument
 * list, those whose result is no -1 with errno, and libc functions that make several calls.
 */
#include "preload/shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "preload/mapping.h"
#include "preload/real.h"
#include "preload/single_threaded.h"

static long op(unsigned int call, unsigned int kernel, const long args[6], const struct crash__caller *caller)
{
	int saved = errno;
	long result = crash__op(call, kernel, args, CRASH__ROUTE_SYMBOL, caller);

	errno = saved;
	return crash__result(result);
}

/* ------------------------------------------------------------------ open and its twins */

static bool has_mode(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

#define OPEN(symbol)                                                                                         \
	CRASH__EXPORT int symbol(const char *path, int flags, ...);                                          \
	int symbol(const char *path, int flags, ...)                                                         \
	{                                                                                                    \
		long args[6] = {AT_FDCWD, (long)path, flags};                                                \
		va_list rest;                                                                                \
                                                                                                             \
		va_start(rest, flags);                                                                       \
		if (has_mode(flags))                                                                         \
			args[3] = (long)va_arg(rest, mode_t);                                                \
		va_end(rest);                                                                                \
		return (int)op(CRASH__CALL_##symbol, CRASH__CALL_openat, args, CRASH__CALLER());             \
	}

#define OPENAT(symbol)                                                                                       \
	CRASH__EXPORT int symbol(int dirfd, const char *path, int flags, ...);                               \
	int symbol(int dirfd, const char *path, int flags, ...)                                              \
	{                                                                                                    \
		long args[6] = {dirfd, (long)path, flags};                                                   \
		va_list rest;                                                                                \
                                                                                                             \
		va_start(rest, flags);                                                                       \
		if (has_mode(flags))                                                                         \
			args[3] = (long)va_arg(rest, mode_t);                                                \
		va_end(rest);                                                                                \
		return (int)op(CRASH__CALL_##symbol, CRASH__CALL_openat, args, CRASH__CALLER());             \
	}

OPEN(open)
OPEN(open64)
OPEN(__open)
OPEN(__open64)
OPENAT(openat)
OPENAT(openat64)

/*
 * The FORTIFY twins. They are for calls without a mode, and end the program when the flags need one:
 * that is left to libc.
 */
#define OPEN_2(symbol)                                                                                       \
	CRASH__EXPORT int symbol(const char *path, int flags);                                               \
	int symbol(const char *path, int flags)                                                              \
	{                                                                                                    \
		if (has_mode(flags))                                                                         \
			return crash__real()->symbol(path, flags);                                           \
		return (int)op(CRASH__CALL_##symbol, CRASH__CALL_openat,                                     \
			       (long[6]){AT_FDCWD, (long)path, flags}, CRASH__CALLER());                     \
	}

#define OPENAT_2(symbol)                                                                                     \
	CRASH__EXPORT int symbol(int dirfd, const char *path, int flags);                                    \
	int symbol(int dirfd, const char *path, int flags)                                                   \
	{                                                                                                    \
		if (has_mode(flags))                                                                         \
			return crash__real()->symbol(dirfd, path, flags);                                    \
		return (int)op(CRASH__CALL_##symbol, CRASH__CALL_openat,                                     \
			       (long[6]){dirfd, (long)path, flags}, CRASH__CALLER());                        \
	}

OPEN_2(__open_2)
OPEN_2(__open64_2)
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)

/* ------------------------------------------------------------------ temporary files */

/* Puts six letters or digits into the template. */
static void fill_template(char *x)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	unsigned char random[6];

	if (crash__sys3(SYS_getrandom, (long)random, sizeof random, 0) != sizeof random) {
		uint64_t other = crash__ticks() * 0x9e3779b97f4a7c15u;

		memcpy(random, (char *)&other + 2, sizeof random);
	}
	for (int i = 0; i < 6; i++)
		x[i] = letters[random[i] % (sizeof letters - 1)];
}

/* The six X of a template that end `suffix` bytes before its end, or NULL. */
static char *find_template(char *template, int suffix)
{
	size_t length = strlen(template);

	if (suffix < 0 || length < 6 + (size_t)suffix ||
	    memcmp(template + length - (size_t)suffix - 6, "XXXXXX", 6) != 0)
		return NULL;
	return template + length - (size_t)suffix - 6;
}

#define TRIES (62 * 62 * 62)

static int make_temporary(unsigned int call, char *template, int suffix, int flags,
			  const struct crash__caller *caller)
{
	char *x = find_template(template, suffix);
	int saved = errno, fd;

	if (!x) {
		errno = EINVAL;
		return -1;
	}
	for (int i = 0; i < TRIES; i++) {
		fill_template(x);
		fd = (int)op(call, CRASH__CALL_openat,
			     (long[6]){AT_FDCWD, (long)template,
				       (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL, 0600},
			     caller);
		if (fd >= 0)
			errno = saved;
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

#define MKSTEMP(symbol, parameters, suffix, flags)                                                           \
	CRASH__EXPORT int symbol parameters;                                                                 \
	int symbol parameters                                                                                \
	{                                                                                                    \
		return make_temporary(CRASH__CALL_##symbol, template, suffix, flags, CRASH__CALLER());       \
	}

MKSTEMP(mkstemp, (char *template), 0, 0)
MKSTEMP(mkstemp64, (char *template), 0, 0)
MKSTEMP(mkostemp, (char *template, int flags), 0, flags)
MKSTEMP(mkostemp64, (char *template, int flags), 0, flags)
MKSTEMP(mkstemps, (char *template, int suffix), suffix, 0)
MKSTEMP(mkstemps64, (char *template, int suffix), suffix, 0)
MKSTEMP(mkostemps, (char *template, int suffix, int flags), suffix, flags)
MKSTEMP(mkostemps64, (char *template, int suffix, int flags), suffix, flags)

CRASH__EXPORT char *mkdtemp(char *template)
{
	char *x = find_template(template, 0);
	int saved = errno;

	if (!x) {
		errno = EINVAL;
		return NULL;
	}
	for (int i = 0; i < TRIES; i++) {
		fill_template(x);
		if (op(CRASH__CALL_mkdtemp, CRASH__CALL_mkdir, (long[6]){(long)template, 0700},
		       CRASH__CALLER()) == 0) {
			errno = saved;
			return template;
		}
		if (errno != EEXIST)
			return NULL;
	}
	return NULL;
}

/* ------------------------------------------------------------------ several calls in one */

CRASH__EXPORT int remove(const char *path)
{
	if (op(CRASH__CALL_remove, CRASH__CALL_unlink, (long[6]){(long)path}, CRASH__CALLER()) == 0)
		return 0;
	/* as in libc, errno stays EISDIR when a directory has been removed */
	if (errno != EISDIR)
		return -1;
	return (int)op(CRASH__CALL_rmdir, CRASH__CALL_rmdir, (long[6]){(long)path}, CRASH__CALLER());
}

/* Where the file system cannot allocate, libc writes a byte into each block; so do we. */
static int allocate_by_writing(int fd, off64_t offset, off64_t bytes, const struct crash__caller *caller)
{
	struct stat status;
	off64_t end = offset + bytes, block;
	char byte;
	long result = crash__sys3(SYS_fstat, fd, (long)&status, 0);

	if (result < 0)
		return (int)-result;
	block = status.st_blksize > 0 && status.st_blksize < 4096 ? status.st_blksize : 4096;
	for (off64_t at = offset + (bytes - 1) % block; at < end; at += block) {
		if (at < status.st_size) {
			long got = crash__sys6(SYS_pread64, fd, (long)&byte, 1, at, 0, 0);

			if (got < 0)
				return (int)-got;
			if (got == 1 && byte != 0)
				continue;
		}
		if (op(CRASH__CALL_pwrite64, CRASH__CALL_pwrite64, (long[6]){fd, (long)"", 1, at}, caller) !=
		    1)
			return errno;
	}
	return 0;
}

static int allocate(unsigned int call, int fd, off64_t offset, off64_t bytes,
		    const struct crash__caller *caller)
{
	int saved = errno, error = 0, state = PTHREAD_CANCEL_DISABLE;
	bool threads = !crash__single_threaded();

	if (threads) /* unlike fallocate(), it is no cancellation point */
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	if (op(call, CRASH__CALL_fallocate, (long[6]){fd, 0, offset, bytes}, caller) < 0)
		error = errno;
	if (error == EOPNOTSUPP)
		error = bytes == 0 || offset < 0 || bytes < 0 ?
				EINVAL :
				allocate_by_writing(fd, offset, bytes, caller);
	if (threads)
		pthread_setcancelstate(state, NULL);
	errno = saved;
	return error;
}

CRASH__EXPORT int posix_fallocate(int fd, off_t offset, off_t bytes)
{
	return allocate(CRASH__CALL_posix_fallocate, fd, offset, bytes, CRASH__CALLER());
}

CRASH__EXPORT int posix_fallocate64(int fd, off64_t offset, off64_t bytes)
{
	return allocate(CRASH__CALL_posix_fallocate64, fd, offset, bytes, CRASH__CALLER());
}

/* ------------------------------------------------------------------ attributes */

/* libc does the flags that the kernel's call lacks by other calls, which are seen as such. */
CRASH__EXPORT int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
	if (flags)
		return crash__real()->fchmodat(dirfd, path, mode, flags);
	return (int)op(CRASH__CALL_fchmodat, CRASH__CALL_fchmodat, (long[6]){dirfd, (long)path, mode},
		       CRASH__CALLER());
}

/* Returns NULL for NULL: now. */
static const struct timespec *convert_times(const struct timeval times[2], struct timespec out[2])
{
	if (!times)
		return NULL;
	for (int i = 0; i < 2; i++)
		out[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
	return out;
}

CRASH__EXPORT int futimes(int fd, const struct timeval times[2])
{
	struct timespec converted[2];

	return (int)op(CRASH__CALL_futimes, CRASH__CALL_utimensat,
		       (long[6]){fd, 0, (long)convert_times(times, converted)}, CRASH__CALLER());
}

CRASH__EXPORT int lutimes(const char *path, const struct timeval times[2])
{
	struct timespec converted[2];

	return (int)op(
		CRASH__CALL_lutimes, CRASH__CALL_utimensat,
		(long[6]){AT_FDCWD, (long)path, (long)convert_times(times, converted), AT_SYMLINK_NOFOLLOW},
		CRASH__CALLER());
}

/* What mknod() was before glibc 2.33; the version is the kernel's, 0. */
CRASH__EXPORT int __xmknod(int version, const char *path, mode_t mode, dev_t *device);
CRASH__EXPORT int __xmknodat(int version, int dirfd, const char *path, mode_t mode, dev_t *device);

static int make_node(unsigned int call, int version, int dirfd, const char *path, mode_t mode,
		     const dev_t *device, const struct crash__caller *caller)
{
	if (version != 0) {
		errno = EINVAL;
		return -1;
	}
	return (int)op(call, CRASH__CALL_mknodat, (long[6]){dirfd, (long)path, mode, (long)*device}, caller);
}

int __xmknod(int version, const char *path, mode_t mode, dev_t *device)
{
	return make_node(CRASH__CALL___xmknod, version, AT_FDCWD, path, mode, device, CRASH__CALLER());
}

int __xmknodat(int version, int dirfd, const char *path, mode_t mode, dev_t *device)
{
	return make_node(CRASH__CALL___xmknodat, version, dirfd, path, mode, device, CRASH__CALLER());
}

/* ------------------------------------------------------------------ the rest */

CRASH__EXPORT void sync(void)
{
	op(CRASH__CALL_sync, CRASH__CALL_sync, (long[6]){0}, CRASH__CALLER());
}

CRASH__EXPORT int ioctl(int fd, unsigned long request, ...)
{
	long args[6] = {fd, (long)request};
	va_list rest;

	va_start(rest, request);
	args[2] = (long)va_arg(rest, void *);
	va_end(rest);
	return (int)op(CRASH__CALL_ioctl, CRASH__CALL_ioctl, args, CRASH__CALLER());
}

/* What syscall() in entry.S goes on to. */
__attribute__((visibility("hidden"))) long crash__syscall_function(long number, ...);

long crash__syscall_function(long number, ...)
{
	long args[6];
	int saved = errno;
	va_list rest;
	long result;

	va_start(rest, number);
	for (int i = 0; i < 6; i++)
		args[i] = va_arg(rest, long);
	va_end(rest);
	result = crash__me.unwinding ?
			 crash__unwinder_syscall(number, args) :
			 crash__call_by_number(number, args, CRASH__ROUTE_SYMBOL, CRASH__CALLER());
	errno = saved;
	return crash__result(result);
}

/* ------------------------------------------------------------------ mappings of files */

/* The last stores are found before the memory is gone. exit() comes by the destructor in dispatch.c. */
static _Noreturn void end(int status)
{
	crash__mapping_finish();
	for (;;)
		crash__sys3(SYS_exit_group, status, 0, 0);
}

CRASH__EXPORT void _exit(int status)
{
	end(status);
}

CRASH__EXPORT void _Exit(int status)
{
	end(status);
}

static long mapping(long number, const long args[6])
{
	int saved = errno;
	long result = crash__mapping_call(number, args);

	errno = saved;
	return crash__result(result);
}

CRASH__EXPORT void *mmap(void *address, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	return (void *)mapping(SYS_mmap, (long[6]){(long)address, (long)bytes, prot, flags, fd, offset});
}

CRASH__EXPORT void *mmap64(void *address, size_t bytes, int prot, int flags, int fd, off64_t offset)
{
	return (void *)mapping(SYS_mmap, (long[6]){(long)address, (long)bytes, prot, flags, fd, offset});
}

CRASH__EXPORT int munmap(void *address, size_t bytes)
{
	return (int)mapping(SYS_munmap, (long[6]){(long)address, (long)bytes});
}

CRASH__EXPORT int mprotect(void *address, size_t bytes, int prot)
{
	return (int)mapping(SYS_mprotect, (long[6]){(long)address, (long)bytes, prot});
}

CRASH__EXPORT void *mremap(void *old, size_t old_bytes, size_t bytes, int flags, ...)
{
	va_list rest;
	void *address;

	va_start(rest, flags);
	address = va_arg(rest, void *); /* garbage unless MREMAP_FIXED, as in libc */
	va_end(rest);
	return (void *)mapping(SYS_mremap,
			       (long[6]){(long)old, (long)old_bytes, (long)bytes, flags, (long)address});
}
