/* SPDX-License-Identifier: MIT */
/* checkpoint.h - a snapshot takes over from the log's beginning. */
#ifndef HELPER_CHECKPOINT_H
#define HELPER_CHECKPOINT_H

#include "snapshot.h"
#include "wal.h"

#define CHECKPOINT_TMP "store.wal.tmp"

/**
 * Publishes the snapshot and drops the frames that it covers, but the last one, from the log.
 * Other threads may append and sync meanwhile.
 * @param directory of the store
 * @return 0 or a negative errno; then the log may still have all its frames
 */
int checkpoint_run(int directory, struct wal *wal, const struct snapshot *snapshot);

/** The same in the wrong order, for bugs: what the log has dropped is nowhere for a while. */
int checkpoint_log_first(int directory, struct wal *wal, const struct snapshot *snapshot);

/** Publishes the snapshot alone; the log keeps its frames. */
int checkpoint_publish(int directory, struct wal *wal, const struct snapshot *snapshot);

#endif /* HELPER_CHECKPOINT_H */
