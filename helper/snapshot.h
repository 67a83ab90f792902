/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - the whole map in one file, replaced at a stroke, with the one before as backup.
 *
 * `directory` is the store's descriptor. All functions return 0 or a negative errno.
 */
#ifndef HELPER_SNAPSHOT_H
#define HELPER_SNAPSHOT_H

#include "bytes.h"
#include "map.h"
#include "reason.h"

#include <stdbool.h>
#include <stdint.h>

#define SNAPSHOT_NAME "store.snap"
#define SNAPSHOT_BACKUP "store.snap.bak"
#define SNAPSHOT_TMP "store.snap.tmp"

/** Left by a recovery that has begun and not ended, with some of the bugs. */
#define RECOVERY_NOTE "store.recovering"

/** A map as it was at one moment, encoded. */
struct snapshot {
	uint64_t sequence; /* of the last transaction in it */
	struct bytes body;
};

/** Encodes the map. @param snapshot zeroed; snapshot_clear() frees its content */
int snapshot_take(struct snapshot *snapshot, const struct map *map, uint64_t sequence);

/** Frees the content and zeroes the structure. */
void snapshot_clear(struct snapshot *snapshot);

/**
 * Reads the snapshot, or the backup if the snapshot is missing or does not check. Changes nothing.
 * @param map         zeroed; gets the content
 * @param sequence    gets the number of the last transaction in it; 0 if there is no snapshot
 * @param from_backup gets true if it was the backup: snapshot_promote() must follow
 * @param why         says what is wrong, may be NULL
 * @return -EBADMSG if there is a file and none that checks
 */
int snapshot_load(int directory, struct map *map, uint64_t *sequence, bool *from_backup, struct reason *why);

/** Gives the backup the snapshot's name, durably. The backup keeps its own name too. */
int snapshot_promote(int directory);

/**
 * Writes the snapshot, keeps the current one as backup and takes its place. The log up to
 * snapshot->sequence must be durable. The new name is not yet durable: a power loss may show
 * the old one.
 */
int snapshot_replace(int directory, const struct snapshot *snapshot);

/** The same, durably. */
int snapshot_publish(int directory, const struct snapshot *snapshot);

#endif /* HELPER_SNAPSHOT_H */
