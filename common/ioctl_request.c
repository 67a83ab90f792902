/* SPDX-License-Identifier: MIT */
#include "common/ioctl_request.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Not all of them are in all headers. */
#define XFS 'X'
#define BTRFS 0x94
#define F2FS 0xf5

_Static_assert(sizeof(struct crash__space) == 48, "the kernel's struct space_resv");

struct row {
	uint32_t request;
	uint8_t kind; /* enum crash__request */
	int flags;    /* of the fallocate() */
	const char *name;
};

#define ALLOCATE(number, flags)                                                                              \
	{                                                                                                    \
		_IOW(XFS, number, struct crash__space), CRASH__REQUEST_ALLOCATE,                             \
			FALLOC_FL_KEEP_SIZE | (flags), ""                                                    \
	}
/* whatever it takes: its number alone says what it is */
#define OPAQUE(direction, type, number, bytes, name)                                                         \
	{                                                                                                    \
		_IOC(direction, type, number, bytes), CRASH__REQUEST_OPAQUE, 0, name                         \
	}

static const struct row rows[] = {
	{FICLONE, CRASH__REQUEST_CLONE, 0, ""},
	{FICLONERANGE, CRASH__REQUEST_CLONE, 0, ""},
	ALLOCATE(40, 0), /* FS_IOC_RESVSP */
	ALLOCATE(42, 0),
	ALLOCATE(41, FALLOC_FL_PUNCH_HOLE), /* FS_IOC_UNRESVSP */
	ALLOCATE(43, FALLOC_FL_PUNCH_HOLE),
	ALLOCATE(57, FALLOC_FL_ZERO_RANGE), /* FS_IOC_ZERO_RANGE */
	OPAQUE(_IOC_WRITE, XFS, 10, 48, "XFS_IOC_ALLOCSP"),
	OPAQUE(_IOC_WRITE, XFS, 11, 48, "XFS_IOC_FREESP"),
	OPAQUE(_IOC_WRITE, XFS, 36, 48, "XFS_IOC_ALLOCSP64"),
	OPAQUE(_IOC_WRITE, XFS, 37, 48, "XFS_IOC_FREESP64"),
	OPAQUE(_IOC_WRITE, XFS, 129, 40, "XFS_IOC_EXCHANGE_RANGE"),
	OPAQUE(_IOC_WRITE, XFS, 131, 88, "XFS_IOC_COMMIT_RANGE"),
	OPAQUE(_IOC_WRITE, BTRFS, 1, 4096, "BTRFS_IOC_SNAP_CREATE"),
	OPAQUE(_IOC_WRITE, BTRFS, 14, 4096, "BTRFS_IOC_SUBVOL_CREATE"),
	OPAQUE(_IOC_WRITE, BTRFS, 15, 4096, "BTRFS_IOC_SNAP_DESTROY"),
	OPAQUE(_IOC_WRITE, BTRFS, 23, 4096, "BTRFS_IOC_SNAP_CREATE_V2"),
	OPAQUE(_IOC_WRITE, BTRFS, 24, 4096, "BTRFS_IOC_SUBVOL_CREATE_V2"),
	OPAQUE(_IOC_WRITE, BTRFS, 63, 4096, "BTRFS_IOC_SNAP_DESTROY_V2"),
	OPAQUE(_IOC_WRITE, BTRFS, 64, 128, "BTRFS_IOC_ENCODED_WRITE"),
	OPAQUE(_IOC_NONE, F2FS, 1, 0, "F2FS_IOC_START_ATOMIC_WRITE"),
	OPAQUE(_IOC_NONE, F2FS, 3, 0, "F2FS_IOC_START_VOLATILE_WRITE"),
	OPAQUE(_IOC_NONE, F2FS, 25, 0, "F2FS_IOC_START_ATOMIC_REPLACE"),
};

const uint8_t crash__request_types[3] = {BTRFS, XFS, F2FS};

static const struct row *row_of(unsigned long request)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].request == (uint32_t)request)
			return &rows[i];
	return NULL;
}

enum crash__request crash__request_kind(unsigned long request)
{
	const struct row *row = row_of(request);

	return row ? (enum crash__request)row->kind : CRASH__REQUEST_OTHER;
}

const char *crash__request_name(unsigned long request)
{
	const struct row *row = row_of(request);

	return row ? row->name : "";
}

bool crash__request_allocates(long args[6], const struct crash__space *space, int64_t from)
{
	const struct row *row = row_of((unsigned long)args[1]);
	int64_t start;

	if (!row || space->whence < SEEK_SET || space->whence > SEEK_END ||
	    __builtin_add_overflow(space->start, from, &start))
		return false;
	args[1] = row->flags;
	args[2] = start;
	args[3] = space->bytes;
	args[4] = args[5] = 0;
	return true;
}
