/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/user_namespace.h"
#include "doctor/attempts.h"
#include "explore/recording/network.h"
#include "explore/recording/sandbox.h"

/* Ends as a child of the attempt has: what it says goes through a pipe. */
static int in_child(pid_t pid, int (*attempt)(void), const char *refused)
{
	int status = -1, error = errno;

	if (pid == 0) {
		errno = 0;
		_exit(attempt() < 0 ? (errno & 0x7f ? errno & 0x7f : 0x7f) : 0);
	}
	errno = error;
	if (pid < 0)
		return crash__fail_errno("%s", refused);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	errno = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CRASH__UNMAPPED)
		return crash__fail(CRASH_ESYSTEM, CRASH__UNMAPPED_TEXT);
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return status == 0 ? 0 : crash__fail_errno("%s", refused);
}

/* Being first in it is not enough: under some rules of AppArmor nothing is allowed there. */
int crash__attempt_user_namespace(const char *directory)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	(void)directory;
	if (unshare(CLONE_NEWUSER) < 0)
		return crash__fail_errno("unshare(CLONE_NEWUSER)");
	if (!crash__map_own_ids(uid, gid))
		return crash__fail_errno("writing /proc/self/uid_map in a user namespace");
	return 0;
}

static int do_nothing(void)
{
	return 0;
}

static int mount_memory(void)
{
	int error = crash__sandbox_enter_plain("/");

	return error == 0 && mount("tmpfs", "/tmp", "tmpfs", 0, "") < 0 ? -1 : error;
}

int crash__attempt_mount_namespace(const char *directory)
{
	int error;

	(void)directory;
	error = in_child(crash__sandbox_fork(false, SIGKILL), do_nothing, "clone(CLONE_NEWNS)");
	if (error == 0)
		error = in_child(crash__sandbox_fork(false, SIGKILL), mount_memory,
				 "mount(tmpfs) in a mount namespace");
	return error;
}

static int mount_proc(void)
{
	return mount("proc", "/proc", "proc", 0, NULL);
}

static int mount_own_proc(void)
{
	return crash__sandbox_enter_plain("/") < 0 || mount_proc() < 0 ? -1 : 0;
}

int crash__attempt_pid_namespace(const char *directory)
{
	int error;

	(void)directory;
	error = in_child(crash__sandbox_fork(true, SIGKILL), do_nothing, "clone(CLONE_NEWPID)");
	if (error == 0)
		error = in_child(crash__sandbox_fork(true, SIGKILL), mount_own_proc,
				 "mount(proc) in a pid namespace");
	return error;
}

int crash__attempt_bind(const char *directory)
{
	if (crash__sandbox_binds(directory))
		return 0;
	errno = 0;
	return crash__fail(CRASH_ESYSTEM, "nothing can be mounted over %s", directory);
}

int crash__attempt_overlay(const char *directory)
{
	const char *why;

	if (crash__sandbox_possible(directory, &why))
		return 0;
	errno = 0;
	return crash__fail(CRASH_ESYSTEM, "%s", why);
}

static int make_network(void)
{
	return unshare(CLONE_NEWNET);
}

static int enter_network(void)
{
	return crash__network_enter();
}

int crash__attempt_network(const char *directory)
{
	int error;

	(void)directory;
	error = in_child(crash__sandbox_fork(false, SIGKILL), make_network, "unshare(CLONE_NEWNET)");
	if (error == 0)
		error = in_child(crash__sandbox_fork(false, SIGKILL), enter_network,
				 "ioctl(SIOCSIFFLAGS) in a network namespace");
	return error;
}

/* ------------------------------------------------------------------ what witness needs */

int crash__attempt_root(const char *directory)
{
	(void)directory;
	errno = EPERM;
	return geteuid() == 0 ? 0 : crash__fail(CRASH_ESYSTEM, "this is user %u", (unsigned int)geteuid());
}

static int open_device(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? crash__fail_errno("%s", path) : fd;
}

int crash__attempt_fuse(const char *directory)
{
	int fd = open_device("/dev/fuse");

	(void)directory;
	return fd < 0 ? fd : 0;
}

/* Asking which is free makes one, if there is none; that is what witness does, too. */
int crash__attempt_loop(const char *directory)
{
	int fd = open_device("/dev/loop-control"), number;
	char path[32];

	(void)directory;
	if (fd < 0)
		return fd;
	number = ioctl(fd, LOOP_CTL_GET_FREE);
	if (number < 0)
		return crash__fail_errno("/dev/loop-control");
	snprintf(path, sizeof path, "/dev/loop%d", number);
	fd = open_device(path);
	return fd < 0 ? fd : 0;
}

int crash__attempt_mkfs(const char *directory)
{
	static const char *const places[] = {"/sbin", "/usr/sbin", "/usr/local/sbin", "/bin", "/usr/bin"};
	static const char *const names[] = {"mkfs.ext4", "mkfs.xfs", "mkfs.btrfs"};
	char path[64];

	(void)directory;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t place = 0; place < sizeof places / sizeof *places; place++) {
			snprintf(path, sizeof path, "%s/%s", places[place], names[i]);
			if (access(path, X_OK) == 0)
				return 0;
		}
	errno = ENOENT;
	return crash__fail(CRASH_ESYSTEM, "there is no mkfs.ext4, mkfs.xfs or mkfs.btrfs");
}

int crash__attempt_kvm(const char *directory)
{
	int fd = open_device("/dev/kvm");

	(void)directory;
	return fd < 0 ? fd : 0;
}
