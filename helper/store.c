/* SPDX-License-Identifier: MIT */
/*
 * Method: a directory holds
 *
 *     store.snap        the map after some transaction, see snapshot.c
 *     store.snap.bak    the snapshot before that one, a spare
 *     store.wal         the last transaction in it, later ones, perhaps some before, see wal.c
 *     store.snap.tmp, store.wal.tmp    under construction, or left by a crash
 *
 * Opening reads first and writes later: it loads the snapshot (or the backup), replays the log's
 * newer frames over it and checks that the two fit, and only then changes anything. A store that
 * is refused is left as it was found. Then, in this order:
 *
 *     1  unlink the temporary files
 *     2  promote the backup if the snapshot is missing or does not check; ends with 4
 *     3  cut off the log's torn tail, fsync the log
 *     4  fsync the directory
 *
 * Step 4 is needed where nothing was promoted too. The process before may have died between a
 * rename and the sync of the directory; what was found through that name is about to be relied on.
 * With the log it is fatal to forget: commits go to the file that has the name now, and a power
 * loss brings back the file that had it before.
 *
 * Every step can be interrupted and begun again, because none destroys what an earlier one reads:
 * temporary files are never read, a promotion keeps the backup, and a torn tail stays torn.
 *
 * A directory without a log is a new store, and must not have a snapshot: the log's name was made
 * durable before there was anything to take a snapshot of, and is only ever replaced.
 *
 * `lock` orders transactions: number, place in the log and effect on the map are one step.
 * `checkpoint_lock` lets one snapshot be written at a time, while commits go on. A thread that
 * needs both takes `checkpoint_lock` first.
 */
#include "store.h"

#include "bugs.h"
#include "checkpoint.h"
#include "file.h"
#include "map.h"
#include "snapshot.h"
#include "wal.h"

#include <crashinject/breakpoint.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct store {
	int directory;
	struct map map;
	struct wal *wal;
	int error; /* the map missed a transaction that the log has */
	pthread_mutex_t lock;
	pthread_mutex_t checkpoint_lock;
	struct snapshot pending; /* between the halves of a checkpoint */
	bool begun;
	uint64_t covered; /* by the snapshot that was found */
};

static int replay(void *context, uint64_t sequence, const void *payload, size_t size)
{
	struct store *store = context;

	(void)sequence;
	return batch_apply(payload, size, &store->map);
}

/* What of the recovery only reads. @return 1 if there is no log yet, 0, or a negative errno */
static int read_files(struct store *store, bool *from_backup, struct reason *why)
{
	int error = snapshot_load(store->directory, &store->map, &store->covered, from_backup, why);

	if (error)
		return error;
	error = wal_open(&store->wal, store->directory, store->covered, replay, store, why);
	if (error != -ENOENT)
		return error;
	if (store->covered > 0)
		return reason_set(why, -EUCLEAN,
				  "there is a snapshot, of commit %llu, and " WAL_NAME " is missing",
				  (unsigned long long)store->covered);
	return 1;
}

static int remove_leftovers(int directory)
{
	int error = file_remove(directory, SNAPSHOT_TMP);
	int other = file_remove(directory, CHECKPOINT_TMP);

	if (error > 0 || other > 0)
		CRASH_BREAKPOINT("recovery.leftovers-removed");
	return error < 0 ? error : other < 0 ? other : 0;
}

/* Makes what was found the durable state. */
static int settle(struct store *store, bool from_backup)
{
	int error = remove_leftovers(store->directory);

	if (!error && from_backup)
		error = snapshot_promote(store->directory);
	if (!error)
		error = wal_repair(store->wal);
	if (error || from_backup)
		return error;
	CRASH_BREAKPOINT("recovery.names-found-pre-dirfsync");
	return bug(BUG_RECOVERY_NO_DIRSYNC) ? 0 : file_sync(store->directory);
}

static int recover(struct store *store, struct reason *why)
{
	bool from_backup;
	int error = read_files(store, &from_backup, why);

	if (error < 0)
		return error;
	error = error > 0 ? wal_create(&store->wal, store->directory) : settle(store, from_backup);
	return error ? reason_set(why, error, "recovery cannot write: %s", strerror(-error)) : 0;
}

static int open_directory(const char *path)
{
	int fd;

	/* wal_create() makes the entry durable, also one that a dead process has made. */
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int store_open(struct store **out, const char *path, struct reason *why)
{
	int error;
	struct store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return reason_set(why, -ENOMEM, "out of memory");
	pthread_mutex_init(&store->lock, NULL);
	pthread_mutex_init(&store->checkpoint_lock, NULL);
	store->directory = open_directory(path);
	if (store->directory < 0)
		error = reason_set(why, store->directory, "%s: %s", path, strerror(-store->directory));
	else
		error = recover(store, why);
	if (error)
		store_close(store);
	else
		*out = store;
	return error;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	wal_close(store->wal);
	map_clear(&store->map);
	snapshot_clear(&store->pending);
	if (store->directory >= 0)
		close(store->directory);
	pthread_mutex_destroy(&store->lock);
	pthread_mutex_destroy(&store->checkpoint_lock);
	free(store);
}

uint64_t store_sequence(struct store *store)
{
	return wal_sequence(store->wal);
}

int store_append(struct store *store, const struct batch *batch, uint64_t *sequence)
{
	uint64_t number;
	int error;

	if (batch->bytes.failed)
		return -ENOMEM;
	pthread_mutex_lock(&store->lock);
	error = store->error;
	number = wal_sequence(store->wal) + 1;
	if (!error)
		error = wal_append(store->wal, number, batch->bytes.data, batch->bytes.size);
	if (!error)
		store->error = error = batch_apply(batch->bytes.data, batch->bytes.size, &store->map);
	pthread_mutex_unlock(&store->lock);
	if (!error)
		*sequence = number;
	return error;
}

int store_wait(struct store *store, uint64_t sequence)
{
	return wal_sync(store->wal, sequence);
}

int store_commit(struct store *store, const struct batch *batch, uint64_t *sequence)
{
	int error = store_append(store, batch, sequence);

	return error ? error : store_wait(store, *sequence);
}

int store_get(struct store *store, const void *key, size_t key_size, struct bytes *value)
{
	const struct map_entry *entry;
	int error = -ENOENT;

	pthread_mutex_lock(&store->lock);
	entry = map_find(&store->map, key, key_size);
	if (entry) {
		bytes_append(value, entry->value, entry->value_size);
		error = value->failed ? -ENOMEM : 0;
	}
	pthread_mutex_unlock(&store->lock);
	return error;
}

int store_each(struct store *store, store_visit *visit, void *context)
{
	size_t i;
	int error = 0;

	for (i = 0; i < store->map.count && !error; i++)
		error = visit(context, &store->map.entries[i]);
	return error;
}

/* The map and the number that belongs to it, taken together. */
static int take(struct store *store, struct snapshot *snapshot)
{
	int error;

	pthread_mutex_lock(&store->lock);
	error = store->error;
	if (!error)
		error = snapshot_take(snapshot, &store->map, wal_sequence(store->wal));
	pthread_mutex_unlock(&store->lock);
	return error;
}

int store_snapshot(struct store *store)
{
	struct snapshot snapshot = {0};
	int error;

	pthread_mutex_lock(&store->checkpoint_lock);
	error = take(store, &snapshot);
	if (!error)
		error = checkpoint_publish(store->directory, store->wal, &snapshot);
	pthread_mutex_unlock(&store->checkpoint_lock);
	snapshot_clear(&snapshot);
	return error;
}

int store_checkpoint_begin(struct store *store)
{
	int error = -EALREADY;

	pthread_mutex_lock(&store->checkpoint_lock);
	if (!store->begun) {
		error = take(store, &store->pending);
		store->begun = error == 0;
	}
	pthread_mutex_unlock(&store->checkpoint_lock);
	return error;
}

int store_checkpoint_finish(struct store *store)
{
	int error = -ENOENT;

	pthread_mutex_lock(&store->checkpoint_lock);
	if (store->begun) {
		if (bug(BUG_CHECKPOINT_SEQUENCE_TOO_LATE))
			store->pending.sequence = wal_sequence(store->wal);
		error = checkpoint_run(store->directory, store->wal, &store->pending);
		snapshot_clear(&store->pending);
		store->begun = false;
	}
	pthread_mutex_unlock(&store->checkpoint_lock);
	return error;
}

int store_checkpoint(struct store *store)
{
	int error = store_checkpoint_begin(store);

	return error ? error : store_checkpoint_finish(store);
}

/* That a recovery has begun: only bugs make anything of it. */
static int leave_note(int directory)
{
	int fd;

	if (!bug(BUG_RECOVERY_DISTRUSTS_SNAPSHOT) && !bug(BUG_RECOVERY_RESUMES_LOG_FIRST))
		return 0;
	fd = openat(directory, RECOVERY_NOTE, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	close(fd);
	return file_sync(directory);
}

static int remove_note(int directory)
{
	int error = file_remove(directory, RECOVERY_NOTE);

	return error < 0 ? error : 0;
}

/* There is nothing in the log that the snapshot lacks. */
static int leave_covered_log(const struct store *store)
{
	if (!bug(BUG_RECOVERY_REMOVES_COVERED_LOG) || store->covered == 0)
		return 0;
	if (unlinkat(store->directory, WAL_NAME, 0) < 0)
		return -errno;
	return file_sync(store->directory);
}

int store_compact(struct store *store)
{
	struct snapshot snapshot = {0};
	bool hurries = bug(BUG_RECOVERY_RESUMES_LOG_FIRST) &&
		       faccessat(store->directory, RECOVERY_NOTE, F_OK, 0) == 0;
	int error;

	if (store->covered == wal_sequence(store->wal))
		return leave_covered_log(store);
	error = leave_note(store->directory);
	if (!error)
		error = take(store, &snapshot);
	if (!error && hurries)
		error = checkpoint_log_first(store->directory, store->wal, &snapshot);
	else if (!error)
		error = checkpoint_run(store->directory, store->wal, &snapshot);
	snapshot_clear(&snapshot);
	return error ? error : remove_note(store->directory);
}
