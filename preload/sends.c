/* SPDX-License-Identifier: MIT */
/*
 * sends.c - what goes out over sockets, and from memory or pipe to pipe.
 *
 * The supervisor hears it, and libc makes the calls. But what the program has stored to mapped files by then
 * has to be found before, or it would be written down after its acknowledgement.
 */
#include "preload/shim.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "preload/mapping.h"
#include "preload/real.h"

static void find_stores(void)
{
	int saved = errno;

	if (__builtin_expect(crash__mapped, 0))
		crash__mapping_scan();
	errno = saved;
}

CRASH__EXPORT ssize_t send(int fd, const void *bytes, size_t count, int flags)
{
	find_stores();
	return crash__real()->send(fd, bytes, count, flags);
}

CRASH__EXPORT ssize_t __send(int fd, const void *bytes, size_t count, int flags)
	__attribute__((alias("send")));

CRASH__EXPORT ssize_t sendto(int fd, const void *bytes, size_t count, int flags, const struct sockaddr *to,
			     socklen_t to_bytes)
{
	find_stores();
	return crash__real()->sendto(fd, bytes, count, flags, to, to_bytes);
}

CRASH__EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	find_stores();
	return crash__real()->sendmsg(fd, message, flags);
}

CRASH__EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	find_stores();
	return crash__real()->sendmmsg(fd, messages, count, flags);
}

CRASH__EXPORT ssize_t vmsplice(int fd, const struct iovec *pieces, size_t count, unsigned int flags)
{
	find_stores();
	return crash__real()->vmsplice(fd, pieces, count, flags);
}

CRASH__EXPORT ssize_t tee(int from, int to, size_t count, unsigned int flags)
{
	find_stores();
	return crash__real()->tee(from, to, count, flags);
}
