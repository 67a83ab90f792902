/* SPDX-License-Identifier: MIT */
/*
 * Method. A child in a user namespace of its own opens the file and sends the descriptor back. That costs
 * nothing where nobody is kept out.
 */
#include "base/as_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/user_namespace.h"

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* Sends a descriptor, or why there is none. */
static void send_opened(int channel, int fd, int error)
{
	union control control = {.header = {.cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS,
					    .cmsg_len = CMSG_LEN(sizeof fd)}};
	struct iovec text = {&error, sizeof error};
	struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof control.bytes;
	}
	sendmsg(channel, &message, MSG_NOSIGNAL);
}

static int receive_opened(int channel)
{
	union control control = {0};
	int error = EACCES, fd = -1;
	struct iovec text = {&error, sizeof error};
	struct msghdr message = {.msg_iov = &text,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof control.bytes};

	while (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) < 0 && errno == EINTR)
		;
	if (message.msg_controllen && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
	errno = error;
	return fd;
}

/* As openat(2); errno is EACCES where there are no user namespaces. */
static int open_in_namespace(int directory, const char *path, int flags)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int ends[2], fd, error;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	/* no signal at its end: nobody else waits for it */
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		bool mapped = crash__map_own_ids(uid, gid);

		fd = mapped ? openat(directory, path, flags) : -1;
		send_opened(ends[1], fd, mapped ? errno : EACCES);
		_exit(0);
	}
	close(ends[1]);
	fd = receive_opened(ends[0]);
	error = errno;
	close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	errno = error;
	return fd;
}

int crash__owner_open(int directory, const char *path, int flags)
{
	int fd = openat(directory, path, flags);

	if (fd >= 0 || errno != EACCES || geteuid() == 0)
		return fd;
	return open_in_namespace(directory, path, flags);
}

int crash__owner_lstat(int directory, const char *path, struct stat *status)
{
	int fd, result;

	if (fstatat(directory, path, status, AT_SYMLINK_NOFOLLOW | (*path ? 0 : AT_EMPTY_PATH)) == 0)
		return 0;
	if (errno != EACCES || (fd = crash__owner_open(directory, path, O_PATH | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return -1;
	result = fstat(fd, status);
	close(fd);
	return result;
}

ssize_t crash__owner_readlink(int directory, const char *path, char *out, size_t size)
{
	ssize_t length = readlinkat(directory, path, out, size);
	int fd, error;

	if (length >= 0 || errno != EACCES ||
	    (fd = crash__owner_open(directory, path, O_PATH | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return length;
	length = readlinkat(fd, "", out, size);
	error = errno;
	close(fd);
	errno = error;
	return length;
}
