/* SPDX-License-Identifier: MIT */
#include "tests/powercut/foreign.h"

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/btrfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/unit/support.h"

void foreign_write(const char *other)
{
	int fd = open(other, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	ck_assert_int_eq(write(fd, "other\n", 6), 6);
	ck_assert_int_eq(fsync(fd), 0);
	close(fd);
}

/* The pages of a file, from the first to the last. */
static void write_back(const char *directory, uint64_t *random)
{
	static const char *const names[] = {"a", "b", "c", "d/x", "e/x", "d/a", "d/g/x"};
	char path[PATH_MAX + 16];
	int fd;

	snprintf(path, sizeof path, "%s/%s", directory,
		 names[support_below(random, sizeof names / sizeof *names)]);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
	close(fd);
}

void foreign_commit(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__u64 transaction = 0;

	/* elsewhere another program's fsync does it; on Btrfs that has a log of its own */
	if (ioctl(fd, BTRFS_IOC_START_SYNC, &transaction) == 0)
		ck_assert_int_eq(ioctl(fd, BTRFS_IOC_WAIT_SYNC, &transaction), 0);
	close(fd);
}

void foreign_act(const char *directory, const char *other, uint64_t *random)
{
	switch (support_below(random, 10)) {
	case 0:
	case 1:
		write_back(directory, random);
		break;
	case 2:
		foreign_write(other);
		break;
	case 3:
		foreign_commit(directory);
		break;
	}
}
