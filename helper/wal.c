/* SPDX-License-Identifier: MIT */
/*
 * Method: `store.wal` is a row of frames and nothing else. A frame is one transaction:
 *
 *      0  4 bytes  magic "WALf"
 *      4  4 bytes  length of the payload, never 0
 *      8  8 bytes  sequence number, one more than the frame before has
 *     16  4 bytes  checksum of the frame before; any value in the file's first frame
 *     20  4 bytes  checksum (CRC-32C) of bytes 0 to 19 and the payload
 *     24  payload: a batch, see batch.c
 *
 * All numbers are little-endian. The log ends before the first frame that is cut short, does not
 * check, or does not follow the one before. That is where a crash tore it: a transaction is
 * acknowledged after the sync that covers its frame and all before it, so whatever is lost, torn
 * or reordered by a power loss lies behind the last acknowledged frame.
 *
 * The link to the frame before keeps old bytes dead. Where a tail was cut off and the file grew
 * again, a disk may show an old block in place of a new one that it lost, and an old frame could
 * by accident begin where a new one ends and have the right number.
 *
 * Order of system calls:
 *
 *     create  fsync(parent directory), open(O_CREAT|O_EXCL), fsync(directory)
 *     commit  pwrite(header), pwrite(payload), fdatasync, and only then the acknowledgement
 *     repair  ftruncate if the tail is torn, fsync
 *
 * An empty log is a file of size 0, so that creating one has no half-way state: any prefix of the
 * first frame is a torn tail. The directory is synced before the first append; a log whose frames
 * are durable and whose name is not would be lost whole. A log is empty only in a new store: a
 * checkpoint leaves it the last frame that the snapshot covers. So a log that lost its content,
 * or a backup that is too old for it, cannot pass for a store without newer transactions.
 *
 * wal_repair() syncs even if nothing was torn. The frames just read may be in the page cache only,
 * from a process that died before its sync. Whoever opens the store sees their content and tells
 * others; that is an acknowledgement too. The size is synced before anything is appended, so that
 * new frames never share the file with the tail they replace.
 *
 * wal_sync() is a group commit. The first thread that needs a sync makes it, and it covers all
 * frames that were completely written when it began, whoever appended them. `durable` is taken
 * before fdatasync for this reason: a frame that was written meanwhile may not be covered.
 */
#include "wal.h"

#include "bugs.h"
#include "crc32c.h"
#include "file.h"

#include <crashinject/breakpoint.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static const uint32_t magic = 0x664c4157; /* "WALf" */

struct wal {
	int fd;
	uint64_t end;	   /* where the next frame goes */
	uint64_t torn;	   /* bytes behind `end` that are not a frame; 0 after the repair */
	uint64_t appended; /* last sequence number written */
	uint64_t durable;  /* last sequence number synced */
	uint32_t link;	   /* checksum of the last frame */
	bool syncing;	   /* a thread is in fdatasync, without the lock */
	int error;	   /* the first one; then all is refused */
	pthread_mutex_t lock;
	pthread_cond_t synced; /* `syncing` became false */
};

/** A frame as it lies in memory. */
struct frame {
	uint64_t sequence;
	uint32_t link;
	uint32_t checksum;
	const unsigned char *payload;
	size_t size; /* of the payload */
};

/* Of a frame; `header` is its first 20 bytes. */
static uint32_t checksum(const unsigned char *header, const void *payload, size_t size)
{
	return crc32c(crc32c(0, header, 20), payload, size);
}

/* The frame at `at`, or false if there is none. */
static bool frame_at(const struct bytes *log, size_t at, struct frame *frame)
{
	const unsigned char *header = log->data + at;
	size_t left = log->size - at;

	if (left < WAL_HEADER_SIZE || bytes_u32(header) != magic)
		return false;
	left -= WAL_HEADER_SIZE;
	*frame = (struct frame){
		.sequence = bytes_u64(header + 8),
		.link = bytes_u32(header + 16),
		.checksum = bytes_u32(header + 20),
		.payload = header + WAL_HEADER_SIZE,
		.size = bytes_u32(header + 4),
	};
	if (bug(BUG_WAL_TWO_WRITES_NO_HEADER_CHECK)) {
		frame->size = frame->size < left ? frame->size : left;
		return true;
	}
	if (frame->size == 0 || frame->size > left)
		return false;
	return bug(BUG_WAL_NO_CHECKSUM) || checksum(header, frame->payload, frame->size) == frame->checksum;
}

/* The frame at `at` if it is the first or follows `before`. */
static bool frame_after(const struct frame *before, const struct bytes *log, size_t at, struct frame *frame)
{
	if (!frame_at(log, at, frame))
		return false;
	return before->payload == NULL ||
	       (frame->sequence == before->sequence + 1 && frame->link == before->checksum);
}

static int wal_new(struct wal **out, int fd)
{
	struct wal *wal = calloc(1, sizeof(*wal));

	if (wal == NULL)
		return -ENOMEM;
	wal->fd = fd;
	pthread_mutex_init(&wal->lock, NULL);
	pthread_cond_init(&wal->synced, NULL);
	*out = wal;
	return 0;
}

int wal_create(struct wal **out, int directory)
{
	int error, fd;

	/* A process that died after making the directory may have left this to us. */
	error = file_sync_parent(directory);
	if (error)
		return error;
	fd = openat(directory, WAL_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	CRASH_BREAKPOINT("wal.create.pre-dirfsync");
	error = bug(BUG_WAL_NO_DIRSYNC) ? 0 : file_sync(directory);
	if (!error)
		error = wal_new(out, fd);
	if (error)
		close(fd);
	return error;
}

/* Visits the log's good frames and sets the fields that follow from them. */
static int replay(struct wal *wal, const struct bytes *log, uint64_t covered, wal_visit *visit, void *context,
		  struct reason *why)
{
	struct frame frame, last = {0};
	size_t at = 0;
	int error;

	while (frame_after(&last, log, at, &frame)) {
		if (at == 0 && frame.sequence > covered + 1)
			return reason_set(why, -EUCLEAN,
					  "a hole: the snapshot covers commit %llu and the log "
					  "begins with commit %llu",
					  (unsigned long long)covered, (unsigned long long)frame.sequence);
		if (frame.sequence > covered) {
			error = visit(context, frame.sequence, frame.payload, frame.size);
			if (error)
				return reason_set(why, error,
						  "the log's frame %llu at byte %zu "
						  "does not decode",
						  (unsigned long long)frame.sequence, at);
		}
		at += WAL_HEADER_SIZE + frame.size;
		last = frame;
	}
	/* A snapshot's last frame is synced before it is published, and stays in the log. */
	if (last.sequence < covered)
		return reason_set(why, -EUCLEAN, "the log ends with commit %llu and the snapshot covers %llu",
				  (unsigned long long)last.sequence, (unsigned long long)covered);
	wal->end = at;
	wal->torn = log->size - at;
	wal->appended = wal->durable = last.sequence;
	wal->link = last.checksum;
	return 0;
}

int wal_open(struct wal **out, int directory, uint64_t covered, wal_visit *visit, void *context,
	     struct reason *why)
{
	struct bytes log = {0};
	struct wal *wal;
	int error;
	int fd = openat(directory, WAL_NAME, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : reason_set(why, -errno, "cannot open " WAL_NAME);
	error = wal_new(&wal, fd);
	if (error) {
		close(fd);
		return error;
	}
	error = file_read(fd, &log);
	if (error)
		reason_set(why, error, "cannot read " WAL_NAME);
	else
		error = replay(wal, &log, covered, visit, context, why);
	bytes_clear(&log);
	if (error)
		wal_close(wal);
	else
		*out = wal;
	return error;
}

int wal_repair(struct wal *wal)
{
	if (wal->torn && bug(BUG_WAL_TORN_TAIL_KEPT)) {
		wal->end += wal->torn;
	} else if (wal->torn) {
		CRASH_BREAKPOINT("recovery.torn-tail-pre-truncate");
		if (ftruncate(wal->fd, (off_t)wal->end) < 0)
			return -errno;
		CRASH_BREAKPOINT("recovery.torn-tail-post-truncate-pre-sync");
	}
	wal->torn = 0;
	CRASH_BREAKPOINT("recovery.log-replayed-pre-sync");
	return bug(BUG_RECOVERY_TAIL_NO_SYNC) ? 0 : file_sync(wal->fd);
}

void wal_close(struct wal *wal)
{
	if (wal == NULL)
		return;
	close(wal->fd);
	pthread_mutex_destroy(&wal->lock);
	pthread_cond_destroy(&wal->synced);
	free(wal);
}

uint64_t wal_sequence(struct wal *wal)
{
	uint64_t sequence;

	pthread_mutex_lock(&wal->lock);
	sequence = wal->appended;
	pthread_mutex_unlock(&wal->lock);
	return sequence;
}

static int write_frame(struct wal *wal, uint64_t sequence, const void *payload, size_t size)
{
	unsigned char header[WAL_HEADER_SIZE];
	uint32_t sum;
	int error;

	bytes_set_u32(header, magic);
	bytes_set_u32(header + 4, (uint32_t)size);
	bytes_set_u64(header + 8, sequence);
	bytes_set_u32(header + 16, wal->link);
	sum = checksum(header, payload, size);
	bytes_set_u32(header + 20, sum);
	error = file_write(wal->fd, header, sizeof(header), wal->end);
	if (error)
		return error;
	CRASH_BREAKPOINT("wal.mid-frame");
	error = file_write(wal->fd, payload, size, wal->end + WAL_HEADER_SIZE);
	if (error && !bug(BUG_WAL_IGNORES_WRITE_ERROR))
		return error;
	CRASH_BREAKPOINT("wal.append.frame-emitted");
	wal->end += WAL_HEADER_SIZE + size;
	wal->appended = sequence;
	wal->link = sum;
	return 0;
}

int wal_append(struct wal *wal, uint64_t sequence, const void *payload, size_t size)
{
	int error;

	if (size == 0 || size > UINT32_MAX)
		return size ? -EMSGSIZE : -EINVAL;
	pthread_mutex_lock(&wal->lock);
	if (!wal->error)
		wal->error = write_frame(wal, sequence, payload, size);
	error = wal->error;
	pthread_mutex_unlock(&wal->lock);
	return error;
}

static int sync_frames(int fd)
{
	int error = file_sync_data(fd);

	if ((error && bug(BUG_WAL_RETRIES_SYNC)) || (!error && bug(BUG_WAL_SYNCS_TWICE)))
		error = file_sync_data(fd);
	return bug(BUG_WAL_IGNORES_SYNC_ERROR) ? 0 : error;
}

/* Syncs for everybody. Called and returns with the lock held, which it gives up meanwhile. */
static void sync_group(struct wal *wal)
{
	uint64_t covers = wal->appended;
	int error;

	if (bug(BUG_WAL_GROUP_OFF_BY_ONE))
		covers++;
	wal->syncing = true;
	pthread_mutex_unlock(&wal->lock);
	CRASH_BREAKPOINT("wal.sync.pre-datasync");
	error = bug(BUG_WAL_NO_SYNC) ? 0 : sync_frames(wal->fd);
	CRASH_BREAKPOINT("wal.sync.post-datasync-pre-ack");
	pthread_mutex_lock(&wal->lock);
	wal->syncing = error && bug(BUG_WAL_SYNC_NEVER_DONE);
	if (wal->syncing)
		return;
	if (error)
		wal->error = error;
	else
		wal->durable = covers;
	pthread_cond_broadcast(&wal->synced);
}

int wal_sync(struct wal *wal, uint64_t sequence)
{
	bool led = false;
	int error;

	pthread_mutex_lock(&wal->lock);
	while (wal->durable < sequence && !wal->error) {
		if (wal->syncing) {
			pthread_cond_wait(&wal->synced, &wal->lock);
		} else {
			led = true;
			sync_group(wal);
		}
	}
	/* Durable is durable, even if the log has failed since. */
	error = wal->durable < sequence ? wal->error : 0;
	pthread_mutex_unlock(&wal->lock);
	if (!led && !error)
		CRASH_BREAKPOINT("wal.sync.shared-pre-ack");
	return error;
}

int wal_hold(struct wal *wal)
{
	pthread_mutex_lock(&wal->lock);
	while (wal->syncing)
		pthread_cond_wait(&wal->synced, &wal->lock);
	return wal->error;
}

int wal_suffix(struct wal *wal, uint64_t sequence, struct bytes *frames)
{
	struct bytes log = {0};
	struct frame frame, last = {0};
	size_t at = 0;
	int error = file_read(wal->fd, &log);

	while (!error && frame_after(&last, &log, at, &frame) && frame.sequence < sequence) {
		at += WAL_HEADER_SIZE + frame.size;
		last = frame;
	}
	if (!error) {
		bytes_append(frames, log.data + at, log.size - at);
		error = frames->failed ? -ENOMEM : 0;
	}
	bytes_clear(&log);
	return error;
}

void wal_adopt(struct wal *wal, int fd, size_t size, int error)
{
	if (bug(BUG_CHECKPOINT_STALE_DESCRIPTOR)) {
		close(fd);
		return;
	}
	close(wal->fd);
	wal->fd = fd;
	wal->end = size;
	if (error)
		wal->error = error;
	else
		wal->durable = wal->appended;
}

void wal_release(struct wal *wal)
{
	pthread_mutex_unlock(&wal->lock);
}
