/* SPDX-License-Identifier: MIT */
#include "witness/real_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/btrfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/error.h"
#include "witness/disk.h"

#define MEBIBYTE (UINT64_C(1) << 20)
#define MOST (1024 * MEBIBYTE) /* that a disk in memory has */
#define PATH "PATH=$PATH:/usr/sbin:/sbin; "

/* Nothing is written later of what making it has left to do. There is room for what checkers and recoveries
 * write. */
static const struct crash__real_kind kinds[] = {
	{"ext4", "mkfs.ext4 -q -F -b 4096 -J size=4 -E nodiscard,lazy_itable_init=0,lazy_journal_init=0",
	 "e2fsprogs", 256 * MEBIBYTE, false},
	{"xfs", "mkfs.xfs -q -f -K", "xfsprogs", 320 * MEBIBYTE, true},
	{"btrfs", "mkfs.btrfs -q -f -K", "btrfs-progs", 256 * MEBIBYTE, true},
};

const struct crash__real_kind *crash__real_kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* ------------------------------------------------------------------ mounting */

int crash__real_fs_mount(const struct crash__real_fs *fs)
{
	const char *device = disk_attach();
	int why, error;

	if (!device)
		return CRASH_ESYSTEM; /* it said why */
	if (mount(device, fs->mount, fs->kind->name, 0, fs->options) == 0)
		return 1;
	why = errno;
	error = disk_detach();
	errno = why;
	return error;
}

int crash__real_fs_mount_good(const struct crash__real_fs *fs)
{
	int mounted = crash__real_fs_mount(fs);

	if (mounted)
		return mounted < 0 ? mounted : 0;
	return crash__fail_errno("this kernel does not mount %s%s%s", fs->kind->name,
				 fs->options ? " with the options " : "", fs->options ? fs->options : "");
}

int crash__real_fs_unmount(const struct crash__real_fs *fs)
{
	if (umount(fs->mount) < 0)
		return crash__fail_errno("cannot unmount %s", fs->mount);
	return disk_detach();
}

int crash__real_fs_commit(const struct crash__real_fs *fs, bool itself)
{
	int fd = open(fs->other, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), result = fd;
	uint64_t transaction;

	if (fd >= 0 && itself && strcmp(fs->kind->name, "btrfs") == 0) {
		result = ioctl(fd, BTRFS_IOC_START_SYNC, &transaction);
		if (result == 0)
			result = ioctl(fd, BTRFS_IOC_WAIT_SYNC, &transaction);
	} else if (fd >= 0) {
		result = write(fd, "other\n", 6) == 6 ? fsync(fd) : -1;
	}
	if (fd >= 0)
		close(fd);
	return result < 0 ? crash__fail_errno("%s", fs->other) : 0;
}

/* ------------------------------------------------------------------ making */

static uint64_t bytes_found;

static int add_bytes(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)path;
	(void)type;
	(void)where;
	bytes_found += (uint64_t)status->st_blocks * 512 + 4096;
	return 0;
}

/* Three times what there is to keep: old and new, and room between them. */
static int size_of(const struct crash__real_fs *fs, uint64_t room, uint64_t *bytes)
{
	bytes_found = 0;
	if (nftw(fs->base, add_bytes, 16, FTW_PHYS) < 0)
		return crash__fail_errno("%s", fs->base);
	*bytes = fs->kind->least + 3 * (bytes_found + room);
	*bytes -= *bytes % MEBIBYTE;
	if (*bytes > MOST)
		return crash__fail(CRASH_EINVAL,
				   "%llu MB of data are too many for a disk in memory, which has %llu MB",
				   (unsigned long long)((bytes_found + room) / MEBIBYTE),
				   (unsigned long long)(MOST / MEBIBYTE));
	return 0;
}

static int make(const struct crash__real_fs *fs)
{
	const char *device;
	char command[512];
	int status;

	snprintf(command, sizeof command, PATH "command -v %.*s >/dev/null",
		 (int)strcspn(fs->kind->make, " "), fs->kind->make);
	if (system(command) != 0)
		return crash__fail(CRASH_ESYSTEM, "there is no %.*s here: install %s",
				   (int)strcspn(fs->kind->make, " "), fs->kind->make, fs->kind->package);
	device = disk_attach();
	if (!device)
		return CRASH_ESYSTEM; /* it said why */
	snprintf(command, sizeof command, PATH "exec %s %s >/dev/null 2>&1", fs->kind->make, device);
	status = system(command);
	if (status)
		return crash__fail(CRASH_ESYSTEM, "\"%s\" failed", fs->kind->make);
	return disk_detach();
}

static int fill(struct crash__real_fs *fs)
{
	int error = crash__real_fs_mount_good(fs);

	if (error < 0)
		return error;
	if (mkdir(fs->data, 0755) < 0)
		return crash__fail_errno("%s", fs->data);
	error = crash__copy_tree(fs->base, fs->data);
	if (error == 0)
		error = crash__real_fs_commit(fs, false);
	if (error == 0)
		error = crash__real_fs_unmount(fs);
	return error;
}

int crash__real_fs_make(struct crash__real_fs *fs, const char *place, uint64_t room)
{
	char disk[PATH_MAX];
	const char *problem = NULL;
	uint64_t bytes = 0;
	int error;

	snprintf(disk, sizeof disk, "%.3900s/disk", place);
	snprintf(fs->mount, sizeof fs->mount, "%.3900s/mount", place);
	snprintf(fs->data, sizeof fs->data, "%.3900s/mount/data", place);
	snprintf(fs->other, sizeof fs->other, "%.3900s/mount/other", place);
	if (mkdir(disk, 0700) < 0 || mkdir(fs->mount, 0700) < 0)
		return crash__fail_errno("%s", fs->mount);
	error = size_of(fs, room, &bytes);
	if (error == 0)
		problem = disk_open(disk, bytes);
	if (problem)
		return crash__fail(CRASH_ESYSTEM, "there can be no disk that loses power: %s", problem);
	if (error == 0)
		error = make(fs);
	if (error == 0)
		error = fill(fs);
	if (error < 0)
		return error;
	fs->content = disk_is_full() ? NULL : disk_save();
	return fs->content ? 0 : crash__fail(CRASH_ENOMEM, "no memory for the disk");
}
