/* SPDX-License-Identifier: MIT */
#include "base/private_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

static int make_private(void)
{
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* Entering a mount namespace leads to its own root directory, also when we are in it. */
static int enter_own_namespace(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0), result, error;

	if (pidfd < 0)
		return -1;
	result = setns(pidfd, CLONE_NEWNS);
	error = errno;
	close(pidfd);
	errno = error;
	return result;
}

/*
 * The file system that a chroot lies in has no path there, and something mounted over "/" instead would be
 * seen outside before it could be made private.
 */
static int make_private_outside(int root, int cwd)
{
	int result, error;

	if (enter_own_namespace() < 0)
		return crash__fail_errno(
			"cannot leave a root directory that is no mount point, to make mounts private");
	result = make_private();
	error = errno;
	if (fchdir(root) < 0 || chroot(".") < 0 || fchdir(cwd) < 0)
		return crash__fail_errno("cannot return to the root directory");
	errno = error;
	return result < 0 ? crash__fail_errno("cannot make mounts private") : 0;
}

int crash__mounts_make_private(void)
{
	int root, cwd, error;

	if (make_private() == 0)
		return 0;
	if (errno != EINVAL)
		return crash__fail_errno("cannot make mounts private");
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	error = root < 0 || cwd < 0 ? crash__fail_errno("cannot make mounts private") :
				      make_private_outside(root, cwd);
	if (root >= 0)
		close(root);
	if (cwd >= 0)
		close(cwd);
	return error;
}
