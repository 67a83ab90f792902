/* SPDX-License-Identifier: MIT */
/*
 * real_fs.h - a file system of this machine's kernel, on the disk that loses power.
 */
#ifndef CRASH_REAL_FS_H
#define CRASH_REAL_FS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/** What is known of a kind of them. */
struct crash__real_kind {
	const char *name, *make, *package;
	uint64_t least; /* bytes of a disk */
	bool shares;	/* copies of files share their blocks */
};

struct crash__real_fs {
	const struct crash__real_kind *kind;
	const char *options; /* of mount(2), or NULL */
	const char *base;    /* the starting tree */
	char mount[PATH_MAX], data[PATH_MAX], other[PATH_MAX];
	struct disk_content *content; /* with the starting tree, durable */
};

/** NULL: there is none of this name. */
const struct crash__real_kind *crash__real_kind_find(const char *name);

/**
 * Makes the disk, and on it the file system with the starting tree. The calling process has mounts of its own
 * (disk.h).
 * @param place a directory of ours
 * @param room  bytes that are going to be written
 */
int crash__real_fs_make(struct crash__real_fs *fs, const char *place, uint64_t room);

/** Mounts what the disk holds: 1; 0 with errno: the kernel does not want to; or an error. */
int crash__real_fs_mount(const struct crash__real_fs *fs);
/** The same where nothing is wrong with the disk: 0, or an error. */
int crash__real_fs_mount_good(const struct crash__real_fs *fs);
int crash__real_fs_unmount(const struct crash__real_fs *fs);

/** Another program syncs a file of its own, or the file system commits of its own accord. */
int crash__real_fs_commit(const struct crash__real_fs *fs, bool itself);

#endif
