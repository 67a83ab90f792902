/* SPDX-License-Identifier: MIT */
/*
 * closes.c - calls that change no storage, but what a descriptor stands for.
 */
#include "preload/shim.h"

#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "common/numbers.h"
#include "preload/real.h"
#include "preload/tracker.h"

static long other(long number, long a, long b, long c)
{
	int saved = errno;
	long result = crash__other_call(number, (long[6]){a, b, c});

	errno = saved;
	return crash__result(result);
}

/*
 * Where a rule lets the close fail it is made all the same: on Linux the descriptor is gone whatever the
 * error says, EINTR as well.
 */
long crash__close(int fd, bool cancellable, const struct crash__caller *caller)
{
	struct crash__decision decision = {.making = CRASH__MAKES_ALL};
	long result;

	if (crash__tracker_owns(fd))
		return -EBADF;
	crash__close_begins(fd, caller, &decision);
	crash__fds_forget(fd, fd);
	result = cancellable ? crash__cancellable(SYS_close, (long[6]){fd}) :
			       crash__syscall(SYS_close, (long[6]){fd});
	return decision.making == CRASH__MAKES_NOTHING && result != -EBADF ? -decision.by->argument : result;
}

/* A cancellation point, and one that has closed the descriptor even when it is cancelled. */
CRASH__EXPORT int close(int fd)
{
	int saved = errno;
	long result = crash__close(fd, true, CRASH__CALLER());

	errno = saved;
	return (int)crash__result(result);
}

CRASH__EXPORT int __close(int fd) __attribute__((alias("close")));

CRASH__EXPORT int dup2(int from, int to)
{
	return (int)other(SYS_dup2, from, to, 0);
}

CRASH__EXPORT int __dup2(int from, int to);
int __dup2(int from, int to)
{
	return (int)other(SYS_dup2, from, to, 0);
}

CRASH__EXPORT int dup3(int from, int to, int flags)
{
	return (int)other(SYS_dup3, from, to, flags);
}

/* libc has these two from 2.34 on. */
CRASH__EXPORT int close_range(unsigned int first, unsigned int last, int flags);
CRASH__EXPORT void closefrom(int first);

int close_range(unsigned int first, unsigned int last, int flags)
{
	return (int)other(SYS_close_range, (long)first, (long)last, flags);
}

void closefrom(int first)
{
	other(SYS_close_range, first < 0 ? 0 : first, (long)UINT_MAX, 0);
}

/*
 * stdio closes without calling close(). Where libc is patched that is seen as well; where it is not,
 * these are enough for a program that does not open on one thread what it closes on another.
 */
static int number_of(FILE *file)
{
	int saved = errno, fd = file ? fileno(file) : -1;

	errno = saved;
	return fd;
}

CRASH__EXPORT int fclose(FILE *file)
{
	int fd = number_of(file), result = crash__real()->fclose(file);

	crash__fds_forget(fd, fd);
	return result;
}

CRASH__EXPORT FILE *freopen(const char *path, const char *mode, FILE *file)
{
	int fd = number_of(file);

	file = crash__real()->freopen(path, mode, file);
	crash__fds_forget(fd, fd);
	return file;
}

CRASH__EXPORT FILE *freopen64(const char *path, const char *mode, FILE *file)
{
	int fd = number_of(file);

	file = crash__real()->freopen64(path, mode, file);
	crash__fds_forget(fd, fd);
	return file;
}

CRASH__EXPORT int closedir(DIR *directory)
{
	int fd = dirfd(directory), result = crash__real()->closedir(directory);

	crash__fds_forget(fd, fd);
	return result;
}
