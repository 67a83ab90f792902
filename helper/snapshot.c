/* SPDX-License-Identifier: MIT */
/*
 * Method: `store.snap` is a header and a body:
 *
 *      0  4 bytes  magic "SNAP"
 *      4  4 bytes  version of the format, 1
 *      8  8 bytes  sequence number of the last transaction that is in the snapshot
 *     16  8 bytes  length of the body
 *     24  4 bytes  checksum (CRC-32C) of bytes 0 to 23 and the body
 *     28  body: the map's entries in order, encoded as the puts of one batch, see batch.c
 *
 * All numbers are little-endian. The file ends where the body ends.
 *
 * Order of system calls of a publication:
 *
 *     1  unlink(store.snap.tmp), open(store.snap.tmp, O_CREAT|O_EXCL), write header and body
 *     2  fsync(store.snap.tmp)
 *     3  unlink(store.snap.bak), link(store.snap, store.snap.bak), fsync(directory)
 *     4  rename(store.snap.tmp, store.snap)
 *     5  fsync(directory)
 *
 * Invariant: whatever has the name store.snap or store.snap.bak, in memory or on disk, was synced
 * before it got the name. So these two names never stand for half a file, in any order in which
 * the entries reach the disk, and a name that does not check is damage and not a crash.
 *
 * A temporary file left by a crash is never opened. Where a file system makes a rename out of two
 * entries, a power loss can leave store.snap.tmp as a second name of the published snapshot;
 * truncating it would destroy that.
 *
 * Step 3 never leaves store.snap without its name: the backup is a second link. The sync at its
 * end is for file systems where a rename may lose the old name before it has the new one; the
 * backup must be on disk before that begins. Without a current snapshot there is nothing to keep,
 * and step 3 is left out.
 *
 * A promotion links the backup to store.snap.tmp and renames that, for the same reason: at every
 * moment one durable name holds the only good copy.
 */
#include "snapshot.h"

#include "batch.h"
#include "bugs.h"
#include "crc32c.h"
#include "file.h"

#include <crashinject/breakpoint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { HEADER_SIZE = 28, VERSION = 1 };

static const uint32_t magic = 0x50414e53; /* "SNAP" */

int snapshot_take(struct snapshot *snapshot, const struct map *map, uint64_t sequence)
{
	struct batch batch = {0};
	size_t i;

	for (i = 0; i < map->count; i++)
		batch_put(&batch, map->entries[i].key, map->entries[i].key_size, map->entries[i].value,
			  map->entries[i].value_size);
	if (batch.bytes.failed) {
		batch_clear(&batch);
		return -ENOMEM;
	}
	snapshot->sequence = sequence;
	snapshot->body = batch.bytes;
	return 0;
}

void snapshot_clear(struct snapshot *snapshot)
{
	bytes_clear(&snapshot->body);
	snapshot->sequence = 0;
}

/* Of a snapshot; `header` is its first 24 bytes. */
static uint32_t checksum(const unsigned char *header, const void *body, size_t size)
{
	return crc32c(crc32c(0, header, 24), body, size);
}

static int decode(const struct bytes *file, struct map *map, uint64_t *sequence)
{
	const unsigned char *header = file->data;
	const unsigned char *body;
	size_t size;
	int error;

	if (file->size < HEADER_SIZE || bytes_u32(header) != magic || bytes_u32(header + 4) != VERSION)
		return -EBADMSG;
	body = header + HEADER_SIZE;
	size = file->size - HEADER_SIZE;
	if (bytes_u64(header + 16) != size || bytes_u32(header + 24) != checksum(header, body, size))
		return -EBADMSG;
	error = batch_apply(body, size, map);
	if (error)
		map_clear(map);
	else
		*sequence = bytes_u64(header + 8);
	return error;
}

/* @return 0, -ENOENT, -EBADMSG if the file does not check, or the system's error */
static int load(int directory, const char *name, struct map *map, uint64_t *sequence)
{
	struct bytes file = {0};
	int error = file_read_name(directory, name, &file);

	if (!error)
		error = decode(&file, map, sequence);
	bytes_clear(&file);
	return error;
}

int snapshot_load(int directory, struct map *map, uint64_t *sequence, bool *from_backup, struct reason *why)
{
	bool distrusts =
		bug(BUG_RECOVERY_DISTRUSTS_SNAPSHOT) && faccessat(directory, RECOVERY_NOTE, F_OK, 0) == 0;
	int error = distrusts ? -ENOENT : load(directory, SNAPSHOT_NAME, map, sequence);
	int backup_error;

	*from_backup = false;
	if (error != -ENOENT && error != -EBADMSG)
		return error ? reason_set(why, error, "cannot read " SNAPSHOT_NAME) : 0;
	backup_error = load(directory, SNAPSHOT_BACKUP, map, sequence);
	if (backup_error == 0) {
		*from_backup = true;
		return 0;
	}
	if (error == -ENOENT && backup_error == -ENOENT) {
		*sequence = 0;
		return 0;
	}
	if (backup_error != -ENOENT && backup_error != -EBADMSG)
		return reason_set(why, backup_error, "cannot read " SNAPSHOT_BACKUP);
	return reason_set(why, -EBADMSG, SNAPSHOT_NAME " %s and " SNAPSHOT_BACKUP " %s",
			  error == -ENOENT ? "is missing" : "does not check",
			  backup_error == -ENOENT ? "is missing" : "does not check");
}

int snapshot_promote(int directory)
{
	int error = file_remove(directory, SNAPSHOT_TMP);

	if (error < 0)
		return error;
	if (linkat(directory, SNAPSHOT_BACKUP, directory, SNAPSHOT_TMP, 0) < 0)
		return -errno;
	CRASH_BREAKPOINT("recovery.promote-linked-pre-rename");
	if (renameat(directory, SNAPSHOT_TMP, directory, SNAPSHOT_NAME) < 0)
		return -errno;
	CRASH_BREAKPOINT("recovery.promote-post-rename-pre-fsync");
	return bug(BUG_RECOVERY_PROMOTE_NO_SYNC) ? 0 : file_sync(directory);
}

static int write_content(int fd, const struct snapshot *snapshot)
{
	const struct bytes *body = &snapshot->body;
	unsigned char header[HEADER_SIZE];
	int error;

	bytes_set_u32(header, magic);
	bytes_set_u32(header + 4, VERSION);
	bytes_set_u64(header + 8, snapshot->sequence);
	bytes_set_u64(header + 16, body->size);
	bytes_set_u32(header + 24, checksum(header, body->data, body->size));
	error = file_write(fd, header, sizeof(header), 0);
	CRASH_BREAKPOINT("snapshot.mid-write");
	if (error)
		return error;
	error = file_write(fd, body->data, body->size, sizeof(header));
	return error == -ENOSPC && bug(BUG_SNAPSHOT_IGNORES_FULL) ? 0 : error;
}

/* Step 3. */
static int keep_backup(int directory)
{
	if (faccessat(directory, SNAPSHOT_NAME, F_OK, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (unlinkat(directory, SNAPSHOT_BACKUP, 0) < 0 && errno != ENOENT)
		return -errno;
	if (bug(BUG_SNAPSHOT_NO_BACKUP_ORDER))
		return unlinkat(directory, SNAPSHOT_NAME, 0) < 0 ? -errno : 0;
	CRASH_BREAKPOINT("snapshot.backup-removed-pre-link");
	if (linkat(directory, SNAPSHOT_NAME, directory, SNAPSHOT_BACKUP, 0) < 0)
		return -errno;
	CRASH_BREAKPOINT("snapshot.backup-linked-pre-dirfsync");
	return file_sync(directory);
}

/* Steps 1, 2 and, with a bug, others. @return a descriptor of the file, or a negative errno */
static int write_tmp(int directory, const struct snapshot *snapshot)
{
	int fd, error;

	if (bug(BUG_SNAPSHOT_IN_PLACE))
		fd = openat(directory, SNAPSHOT_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	else
		fd = file_create(directory, SNAPSHOT_TMP);
	if (fd < 0)
		return fd;
	error = write_content(fd, snapshot);
	CRASH_BREAKPOINT("snapshot.tmp-written-pre-sync");
	if (!error && !bug(BUG_SNAPSHOT_NO_SYNC) && !bug(BUG_SNAPSHOT_RENAME_BEFORE_SYNC))
		error = file_sync(fd);
	if (!error)
		return fd;
	close(fd);
	return error;
}

/* Steps 3 and 4. */
static int take_place(int directory)
{
	int error = keep_backup(directory);

	if (error)
		return error;
	CRASH_BREAKPOINT("snapshot.tmp-written-pre-rename");
	if (renameat(directory, SNAPSHOT_TMP, directory, SNAPSHOT_NAME) < 0)
		return -errno;
	CRASH_BREAKPOINT("snapshot.post-rename-pre-dirfsync");
	return 0;
}

int snapshot_replace(int directory, const struct snapshot *snapshot)
{
	int error;
	int fd = write_tmp(directory, snapshot);

	if (fd < 0)
		return fd;
	error = bug(BUG_SNAPSHOT_IN_PLACE) ? 0 : take_place(directory);
	if (!error && (bug(BUG_SNAPSHOT_RENAME_BEFORE_SYNC) || bug(BUG_SNAPSHOT_SYNCS_AGAIN)))
		error = file_sync(fd);
	close(fd);
	return error;
}

int snapshot_publish(int directory, const struct snapshot *snapshot)
{
	int error = snapshot_replace(directory, snapshot);

	if (!error && !bug(BUG_SNAPSHOT_NO_DIRSYNC))
		error = file_sync(directory);
	return error;
}
