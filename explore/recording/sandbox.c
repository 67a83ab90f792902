/* SPDX-License-Identifier: MIT */
#include "explore/recording/sandbox.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/private_mounts.h"
#include "base/remove.h"
#include "base/rights.h"
#include "base/user_namespace.h"
#include "explore/recording/mount_point.h"

/* ------------------------------------------------------------------ namespaces */

/* Who has ended before we asked for the signal sends none. */
static void die_with(int parent, int death)
{
	struct pollfd ended = {.fd = parent, .events = POLLIN};

	prctl(PR_SET_PDEATHSIG, death, 0, 0, 0);
	if (parent >= 0 && poll(&ended, 1, 0) > 0)
		_exit(125);
}

static void close_both(const int ends[2])
{
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
}

/* In the child: waits for those outside to have said who is who, which it may not do itself. */
static bool is_mapped(int ends[2])
{
	char mapped = 0;

	close(ends[1]);
	ends[1] = -1;
	return read(ends[0], &mapped, 1) == 1 && mapped;
}

static void map(pid_t child, const int ends[2])
{
	char mapped = (char)crash__map_all_ids(child);

	if (write(ends[1], &mapped, 1) < 0)
		return; /* it is gone already */
}

static pid_t fork_with(unsigned long flags, int death)
{
	int parent = (int)syscall(SYS_pidfd_open, getpid(), 0), ends[2] = {-1, -1}, error;
	bool waits = (flags & CLONE_NEWUSER) && geteuid() == 0 && pipe2(ends, O_CLOEXEC) == 0;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	pid_t pid;

	fflush(NULL);
	pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
	error = errno;
	if (pid == 0 && (flags & CLONE_NEWUSER) && !(waits && is_mapped(ends)) &&
	    !crash__map_own_ids(uid, gid))
		_exit(CRASH__UNMAPPED);
	if (pid == 0)
		die_with(parent, death);
	if (pid > 0 && waits)
		map(pid, ends);
	close_both(ends);
	if (parent >= 0)
		close(parent);
	errno = error;
	return pid;
}

pid_t crash__sandbox_fork(bool own_pids, int death)
{
	unsigned long user = crash__may(CAP_SYS_ADMIN) ? 0 : CLONE_NEWUSER;

	return fork_with(CLONE_NEWNS | user | (own_pids ? CLONE_NEWPID : 0ul), death);
}

pid_t crash__fork_bound(int death)
{
	return fork_with(0, death);
}

/* ------------------------------------------------------------------ mounts */

/*
 * The space needs no place of its own: it is mounted over the data directory, and the overlay on top of it.
 * What is below is reached through descriptors. So there is nothing that could be left behind.
 */
static const char *const places[] = {"tree",  "store", "durable", "durable-store",
				     "upper", "work",  "lower",	  "empty"};

void crash__sandbox_path(const struct crash__sandbox *sandbox, const char *name, char out[64])
{
	if (sandbox->inside)
		snprintf(out, 64, "%s", name);
	else
		snprintf(out, 64, "/proc/self/fd/%d/%s", sandbox->space, name);
}

/* Mounts are the child's own from here on. */
static int keep_mounts(void)
{
	int error = crash__mounts_make_private();

	if (error < 0)
		return error;
	/* without the outside's /proc, descriptors could not be named by path in a new pid namespace */
	if (getpid() == 1 && mount("proc", "/proc", "proc", 0, NULL) < 0)
		return crash__fail_errno("cannot mount /proc");
	return 0;
}

static int make_missing_directory(const char *directory)
{
	return access(directory, F_OK) < 0 && errno == ENOENT ? crash__mount_point_make(directory) : 0;
}

int crash__sandbox_enter(struct crash__sandbox *sandbox, const char *directory, const char *base)
{
	char from[64], to[64];
	int below, error;

	sandbox->mounted = sandbox->inside = false;
	error = keep_mounts();
	if (error == 0 && base)
		error = make_missing_directory(directory);
	if (error < 0)
		return error;
	if (!realpath(directory, sandbox->directory))
		return crash__fail(CRASH_EDIR, "%s: %s", directory, strerror(errno));
	below = open(base ? base : sandbox->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (below < 0 || mount("tmpfs", sandbox->directory, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") < 0)
		return crash__fail_errno("cannot mount memory over %s", sandbox->directory);
	sandbox->space = open(sandbox->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sandbox->space < 0)
		return crash__fail_errno("%s", sandbox->directory);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (mkdirat(sandbox->space, places[i], 0700) < 0)
			return crash__fail_errno("cannot make a directory in memory");
	snprintf(from, sizeof from, "/proc/self/fd/%d", below);
	crash__sandbox_path(sandbox, "lower", to);
	if (mount(from, to, NULL, MS_BIND, NULL) < 0)
		return crash__fail_errno("cannot bind %s", sandbox->directory);
	close(below);
	return 0;
}

int crash__sandbox_stay(struct crash__sandbox *sandbox)
{
	if (fchdir(sandbox->space) < 0)
		return crash__fail_errno("cannot go to a directory in memory");
	sandbox->inside = true;
	return 0;
}

/* The upper layer looks like the directory that it stands for, as far as a state has not changed it. */
static int prepare_upper(const struct crash__sandbox *sandbox, const char *between)
{
	const char *below = between ? between : "lower";
	struct crash__xattrs xattrs;
	struct timespec times[2];
	struct stat status;
	char path[64];

	if (fstatat(sandbox->space, "lower", &status, 0) < 0 ||
	    fchmodat(sandbox->space, "upper", status.st_mode & 07777, 0) < 0 ||
	    (geteuid() == 0 && fchownat(sandbox->space, "upper", status.st_uid, status.st_gid, 0) < 0))
		return crash__fail_errno("cannot prepare an overlay for %s", sandbox->directory);
	crash__sandbox_path(sandbox, below, path);
	if (crash__xattrs_read(AT_FDCWD, path, &xattrs) < 0 || fstatat(sandbox->space, below, &status, 0) < 0)
		return crash__fail_errno("cannot prepare an overlay for %s", sandbox->directory);
	crash__xattrs_give(sandbox->space, "upper", &xattrs);
	crash__xattrs_clear(&xattrs);
	times[0] = status.st_atim;
	times[1] = status.st_mtim;
	utimensat(sandbox->space, "upper", times, 0);
	return 0;
}

int crash__sandbox_mount(struct crash__sandbox *sandbox, const char *between)
{
	char tree[64] = "", lower[64], upper[64], work[64], options[512];
	int error, length;

	assert(!sandbox->mounted);
	error = prepare_upper(sandbox, between);
	if (error < 0)
		return error;
	if (between)
		crash__sandbox_path(sandbox, between, tree);
	crash__sandbox_path(sandbox, "lower", lower);
	crash__sandbox_path(sandbox, "upper", upper);
	crash__sandbox_path(sandbox, "work", work);
	/* redirect_dir: or directories of the starting tree could not be renamed */
	length = snprintf(options, sizeof options, "lowerdir=%s%s%s,upperdir=%s,workdir=%s,%s", tree,
			  between ? ":" : "", lower, upper, work,
			  crash__is_trusted() ? "redirect_dir=on" : "userxattr");
	/*
	 * The names of a file stay names of one file, also when it is written to. A layer in between has such
	 * files whole; and an upper layer with an index goes with one stack of lower ones only.
	 */
	if (!between && crash__is_trusted())
		snprintf(options + length, sizeof options - (size_t)length, ",index=on");
	if (mount("overlay", sandbox->directory, "overlay", 0, options) == 0) {
		sandbox->mounted = true;
		return 0;
	}
	/* not every file system below can have an index */
	options[length] = '\0';
	if (mount("overlay", sandbox->directory, "overlay", 0, options) < 0)
		return crash__fail_errno("cannot mount an overlay over %s", sandbox->directory);
	sandbox->mounted = true;
	return 0;
}

bool crash__sandbox_is_busy(const struct crash__sandbox *sandbox)
{
	/* where it is not it would expire at the second time */
	return sandbox->mounted && umount2(sandbox->directory, MNT_EXPIRE) < 0 && errno == EBUSY;
}

/* Most checkers leave nothing, and an empty directory is made anew in less time than it is looked through. */
static int renew(const struct crash__sandbox *sandbox, const char *name)
{
	if (unlinkat(sandbox->space, name, AT_REMOVEDIR) < 0 &&
	    (crash__remove_below(sandbox->space, name) < 0 ||
	     unlinkat(sandbox->space, name, AT_REMOVEDIR) < 0))
		return -1;
	return mkdirat(sandbox->space, name, 0700);
}

int crash__sandbox_unmount(struct crash__sandbox *sandbox)
{
	if (sandbox->mounted && umount2(sandbox->directory, MNT_DETACH) < 0)
		return crash__fail_errno("cannot unmount %s", sandbox->directory);
	sandbox->mounted = false;
	unlinkat(sandbox->space, "work/work",
		 AT_REMOVEDIR); /* the kernel's; if there is more, it goes below */
	if (renew(sandbox, "upper") < 0 || renew(sandbox, "work") < 0)
		return crash__fail_errno("cannot empty an overlay of %s", sandbox->directory);
	return 0;
}

/* ------------------------------------------------------------------ copies */

int crash__sandbox_enter_plain(const char *directory)
{
	int error = keep_mounts();

	return error < 0 ? error : make_missing_directory(directory);
}

/* What a mount has must be kept by whoever has no rights over it. */
static void make_read_only(const char *directory)
{
	struct statvfs status;

	if (statvfs(directory, &status) == 0)
		mount(NULL, directory, NULL,
		      MS_REMOUNT | MS_BIND | MS_RDONLY | (status.f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)),
		      NULL);
}

int crash__sandbox_cover(const char *directory, const char *base, const char *seen, const char *nothing)
{
	int error = crash__sandbox_enter_plain(directory);

	if (error == 0)
		error = crash__sandbox_bind(base, seen);
	if (error == 0)
		error = crash__sandbox_bind(nothing, directory);
	if (error == 0)
		make_read_only(directory);
	return error;
}

int crash__sandbox_bind(const char *copy, const char *directory)
{
	if (mount(copy, directory, NULL, MS_BIND, NULL) < 0)
		return crash__fail_errno("cannot mount a copy over %s", directory);
	return 0;
}

bool crash__sandbox_unbind_unused(const char *directory)
{
	/* what nobody has used since it was asked before is unmounted */
	for (int i = 0; i < 3; i++) {
		if (umount2(directory, MNT_EXPIRE) == 0)
			return true;
		if (errno != EAGAIN)
			return false;
	}
	return false;
}

int crash__sandbox_unbind(const char *directory)
{
	return umount2(directory, MNT_DETACH) < 0 ? crash__fail_errno("cannot unmount %s", directory) : 0;
}

/* ------------------------------------------------------------------ trying */

/* Layers mark directories: file systems in memory can do that without rights since Linux 6.6. */
static int try_to_cut_off(const struct crash__sandbox *sandbox)
{
	const char *mark = crash__is_trusted() ? "trusted.overlay.opaque" : "user.overlay.opaque";
	char tree[64];

	crash__sandbox_path(sandbox, "tree", tree);
	if (setxattr(tree, mark, "y", 1, 0) < 0 || removexattr(tree, mark) < 0)
		return crash__fail_errno("files in memory cannot have the attribute %s", mark);
	return 0;
}

/* In the child: everything that a worker does. */
static int try_all(const char *directory, const char *base)
{
	struct crash__sandbox sandbox;
	int error = crash__sandbox_enter(&sandbox, directory, base);

	if (error == 0)
		error = try_to_cut_off(&sandbox);
	if (error == 0)
		error = crash__sandbox_mount(&sandbox, "tree");
	if (error == 0)
		error = crash__sandbox_unmount(&sandbox);
	return error;
}

/* What is mounted inside of the directory would not be seen through an overlay. */
static bool has_mounts(const char *directory, char *mount_point, size_t size)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[PATH_MAX + 512], path[PATH_MAX];
	size_t length = strlen(directory);
	bool found = false;

	while (mounts && !found && fgets(line, sizeof line, mounts)) {
		if (sscanf(line, "%*s %*s %*s %*s %4095s", path) != 1)
			continue;
		found = strncmp(path, directory, length) == 0 && path[length] == '/';
	}
	if (mounts)
		fclose(mounts);
	if (found)
		snprintf(mount_point, size, "%.200s", path);
	return found;
}

bool crash__sandbox_possible_over(const char *directory, const char *base, const char **why_not)
{
	static char reason[256], inside[201];
	int ends[2], status = -1;
	ssize_t got;
	pid_t pid;

	*why_not = reason;
	if (has_mounts(directory, inside, sizeof inside)) {
		snprintf(reason, sizeof reason, "%s is mounted inside it", inside);
		return false;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	pid = crash__sandbox_fork(true, SIGKILL);
	if (pid == 0) {
		int error = try_all(directory, base);
		const char *detail = crash_error_detail();

		if (error < 0 && write(ends[1], detail, strlen(detail)) < 0)
			_exit(2);
		_exit(error < 0);
	}
	close(ends[1]);
	if (pid < 0)
		snprintf(reason, sizeof reason, "namespaces are refused: %s", strerror(errno));
	got = pid < 0 ? -1 : read(ends[0], reason, sizeof reason - 1);
	if (got >= 0)
		reason[got] = '\0';
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (got == 0 && status != 0)
		snprintf(reason, sizeof reason, "%s",
			 WIFEXITED(status) && WEXITSTATUS(status) == CRASH__UNMAPPED ? CRASH__UNMAPPED_TEXT :
										       "it ended");
	return status == 0;
}

bool crash__sandbox_possible(const char *directory, const char **why_not)
{
	return crash__sandbox_possible_over(directory, NULL, why_not);
}

bool crash__sandbox_binds(const char *directory)
{
	int status = -1;
	pid_t pid = crash__sandbox_fork(true, SIGKILL);

	if (pid == 0)
		_exit(crash__sandbox_enter_plain(directory) < 0 ||
		      crash__sandbox_bind("/proc", directory) < 0 || crash__sandbox_unbind(directory) < 0);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0;
}
