/* SPDX-License-Identifier: MIT */
/*
 * Method: a checkpoint makes the log short. Order of system calls:
 *
 *     1  fdatasync(store.wal) unless the log is durable up to the snapshot's number
 *     2  publish the snapshot, see snapshot.c; ends with fsync(directory)
 *     3  unlink(store.wal.tmp), open(store.wal.tmp, O_CREAT|O_EXCL), write the frames to keep
 *     4  fsync(store.wal.tmp)
 *     5  rename(store.wal.tmp, store.wal)
 *     6  fsync(directory)
 *
 * Step 1 is the write-ahead rule: no snapshot of what the log does not durably have. Otherwise
 * the log on disk could end before the snapshot does, the next commit would leave a gap in it, and
 * a backup older than the gap would be worth nothing.
 *
 * Before step 5 the snapshot must be durable, content and name, because from then on it is the
 * only place of the dropped transactions. With both names synced by step 6 alone, the disk may
 * have the short log with the old snapshot.
 *
 * The log keeps the last frame that the snapshot covers, and all later ones. That one says where
 * the log stands, so that the recovery can tell whether it belongs to a snapshot or a backup.
 *
 * The frames copied in step 3 may be acknowledged already, so step 4 stands before step 5. Those
 * that are not yet durable become it here: a thread that waits for them in wal_sync() finds them
 * durable after step 6, and must not before, because until then a power loss can bring the old
 * file back, in which they were never synced. Steps 3 to 6 hold the log: a frame appended to the
 * old file after the copy would be lost.
 */
#include "checkpoint.h"

#include "bugs.h"
#include "file.h"

#include <crashinject/breakpoint.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* Steps 3 and 4. @return a descriptor of the synced file, or a negative errno */
static int write_tmp(int directory, const struct bytes *frames)
{
	int error;
	int fd = file_create(directory, CHECKPOINT_TMP);

	if (fd < 0)
		return fd;
	error = file_write(fd, frames->data, frames->size, 0);
	CRASH_BREAKPOINT("checkpoint.truncprefix.tmp-written-pre-sync");
	if (!error && !bug(BUG_CHECKPOINT_NO_SYNC))
		error = file_sync(fd);
	if (!error)
		return fd;
	close(fd);
	return error;
}

/* Steps 3 to 6, with the log held. */
static int replace_log(int directory, struct wal *wal, const struct bytes *frames)
{
	int error = 0;
	int fd = write_tmp(directory, frames);

	if (fd < 0)
		return fd;
	CRASH_BREAKPOINT("checkpoint.truncprefix.tmp-written-pre-rename");
	if (renameat(directory, CHECKPOINT_TMP, directory, WAL_NAME) < 0) {
		error = -errno;
		close(fd);
		if (bug(BUG_CHECKPOINT_UNLINKS_AFTER_RENAME))
			unlinkat(directory, WAL_NAME, 0);
		return error;
	}
	CRASH_BREAKPOINT("checkpoint.truncprefix.post-rename-pre-dirfsync");
	if (!bug(BUG_CHECKPOINT_RENAME_NO_DIRSYNC))
		error = file_sync(directory);
	wal_adopt(wal, fd, frames->size, error);
	return error;
}

/* Drops the frames before `sequence`. */
static int truncate_prefix(int directory, struct wal *wal, uint64_t sequence)
{
	struct bytes frames = {0};
	int error = wal_hold(wal);

	if (bug(BUG_CHECKPOINT_DROPS_ONE_MORE))
		sequence += 2;
	if (!error)
		error = wal_suffix(wal, sequence, &frames);
	if (!error)
		error = replace_log(directory, wal, &frames);
	wal_release(wal);
	bytes_clear(&frames);
	return error;
}

int checkpoint_publish(int directory, struct wal *wal, const struct snapshot *snapshot)
{
	int error = 0;

	if (!bug(BUG_SNAPSHOT_BEFORE_LOG))
		error = wal_sync(wal, snapshot->sequence);
	if (error)
		return error;
	if (bug(BUG_CHECKPOINT_NO_DIRSYNC_BEFORE_TRUNCATE))
		return snapshot_replace(directory, snapshot);
	return snapshot_publish(directory, snapshot);
}

int checkpoint_log_first(int directory, struct wal *wal, const struct snapshot *snapshot)
{
	int error = truncate_prefix(directory, wal, snapshot->sequence);

	CRASH_BREAKPOINT("checkpoint.snapshot-published-pre-truncate");
	return error ? error : checkpoint_publish(directory, wal, snapshot);
}

int checkpoint_run(int directory, struct wal *wal, const struct snapshot *snapshot)
{
	int error;

	if (bug(BUG_CHECKPOINT_TRUNCATE_BEFORE_PUBLISH))
		return checkpoint_log_first(directory, wal, snapshot);
	error = checkpoint_publish(directory, wal, snapshot);
	if (error)
		return error;
	CRASH_BREAKPOINT("checkpoint.snapshot-published-pre-truncate");
	return truncate_prefix(directory, wal, snapshot->sequence);
}
