/* SPDX-License-Identifier: MIT */
/*
 * Method. The last directory above the missing one that exists gets a file system in memory over it.
 * Everything that is in it is bound into that at its old name, with what is mounted below, and the missing
 * directories are made beside. The root directory cannot be covered like this, because paths begin below what
 * covers it: there the file system in memory becomes the root directory.
 */
#include "explore/recording/mount_point.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"

/* C libraries of before 2.36 have not heard of these. */
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#define MOVE_MOUNT_F_EMPTY_PATH 4
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

/* Binding more than this would take longer than it is worth. */
#define MOST_BESIDE 2000

struct cover {
	char above[PATH_MAX]; /* what exists */
	int below, memory;    /* it, as it was; and what covers it */
	/* where memory is not mounted over it but over a name in it: that, and a copy of what it shows */
	const char *hidden;
	int place;
};

/* Cuts a path down to what exists of it. */
static int find_above(const char *path, char above[PATH_MAX])
{
	struct stat status;

	snprintf(above, PATH_MAX, "%s", path);
	for (;;) {
		char *slash = strrchr(above, '/');

		if (stat(above, &status) == 0)
			break;
		/* a link that leads nowhere is there, and in the way */
		if (errno != ENOENT || !slash || lstat(above, &status) == 0)
			return crash__fail_errno("%s", above);
		slash[slash == above] = '\0';
	}
	if (!S_ISDIR(status.st_mode))
		return crash__fail(CRASH_EDIR, "%s is not a directory", above);
	return 0;
}

/* ------------------------------------------------------------------ what is beside it */

static int bind(const struct cover *cover, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (cover->hidden && strcmp(name, cover->hidden) == 0)
		return (int)syscall(SYS_move_mount, cover->place, "", cover->memory, name,
				    MOVE_MOUNT_F_EMPTY_PATH);
	snprintf(from, sizeof from, "/proc/self/fd/%d/%s", cover->below, name);
	snprintf(to, sizeof to, "/proc/self/fd/%d/%s", cover->memory, name);
	return mount(from, to, NULL, MS_BIND | MS_REC, NULL);
}

static int show(const struct cover *cover, const char *name)
{
	char text[PATH_MAX];
	struct stat status;
	ssize_t length;
	int fd;

	if (fstatat(cover->below, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	if (S_ISLNK(status.st_mode)) {
		length = readlinkat(cover->below, name, text, sizeof text - 1);
		text[length < 0 ? 0 : length] = '\0';
		return symlinkat(text, cover->memory, name);
	}
	if (S_ISDIR(status.st_mode))
		return mkdirat(cover->memory, name, 0700) < 0 ? -1 : bind(cover, name);
	fd = openat(cover->memory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	return bind(cover, name);
}

static int show_all(const struct cover *cover)
{
	int fd = openat(cover->below, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0, count = 0;
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const char *name;
	int more = 0;

	if (!directory)
		return crash__fail_errno("%s", cover->above);
	while (error == 0 && (more = crash__directory_next(directory, &name)) > 0) {
		if (++count > MOST_BESIDE)
			error = crash__fail(CRASH_EDIR, "%s has more than %d entries", cover->above,
					    MOST_BESIDE);
		else if (show(cover, name) < 0)
			error = crash__fail_errno("%s/%s", cover->above, name);
	}
	if (error == 0 && more < 0)
		error = crash__fail_errno("%s", cover->above);
	closedir(directory);
	return error;
}

/* ------------------------------------------------------------------ covering */

static int mount_memory(struct cover *cover, const char *where)
{
	char options[64];
	struct stat status;

	cover->below = open(cover->above, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cover->below < 0 || fstat(cover->below, &status) < 0)
		return crash__fail_errno("%s", cover->above);
	snprintf(options, sizeof options, "mode=%o", status.st_mode & 07777);
	if (mount("tmpfs", where, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
		return crash__fail_errno("cannot mount memory over %s", where);
	cover->memory = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cover->memory < 0)
		return crash__fail_errno("%s", where);
	if (geteuid() == 0 && fchown(cover->memory, status.st_uid, status.st_gid) < 0)
		return crash__fail_errno("%s", where);
	return show_all(cover);
}

/*
 * Memory is first mounted over some directory; then it becomes the root directory, and what was is left. What
 * that directory shows is copied before, or the memory would be a part of it.
 */
static int replace_root(struct cover *cover)
{
	static const char *const places[] = {"/tmp", "/var", "/home", "/usr"};
	size_t i = 0;
	int error;

	while (i < sizeof places / sizeof *places && cover->place < 0)
		cover->place = (int)syscall(SYS_open_tree, AT_FDCWD, places[i++],
					    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE |
						    AT_SYMLINK_NOFOLLOW);
	if (cover->place < 0)
		return crash__fail_errno("/ cannot be covered");
	cover->hidden = places[i - 1] + 1;
	error = mount_memory(cover, places[i - 1]);
	if (error == 0 && (fchdir(cover->memory) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
			   umount2(".", MNT_DETACH) < 0 || chdir("/") < 0))
		error = crash__fail_errno("cannot change the root directory");
	return error;
}

static int make_missing(const char *path, size_t from)
{
	char part[PATH_MAX];

	for (size_t at = from; path[at]; at += strcspn(path + at, "/")) {
		at += strspn(path + at, "/");
		snprintf(part, sizeof part, "%.*s", (int)(at + strcspn(path + at, "/")), path);
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return crash__fail_errno("cannot make %s", part);
	}
	return 0;
}

int crash__mount_point_make(const char *path)
{
	struct cover cover = {.below = -1, .memory = -1, .place = -1};
	char cwd[PATH_MAX];
	int error = find_above(path, cover.above);
	bool has_cwd = getcwd(cwd, sizeof cwd) != NULL;

	if (error == 0)
		error = strcmp(cover.above, "/") == 0 ? replace_root(&cover) :
							mount_memory(&cover, cover.above);
	if (error == 0)
		error = make_missing(path, strlen(cover.above));
	/* by path, or we would stand below what covers it */
	if (error == 0 && has_cwd && chdir(cwd) < 0)
		error = crash__fail_errno("%s", cwd);
	if (cover.below >= 0)
		close(cover.below);
	if (cover.memory >= 0)
		close(cover.memory);
	if (cover.place >= 0)
		close(cover.place);
	return error;
}
