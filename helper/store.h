/* SPDX-License-Identifier: MIT */
/*
 * store.h - a small key-value store: log, snapshot and checkpoint put together.
 *
 * Transactions are numbered from 1 without gaps. After a crash the store holds the transactions
 * up to some number, all of them whole, and never fewer than were acknowledged: store_commit() and
 * store_wait() returning 0 is the acknowledgement.
 *
 * All functions return 0 or a negative errno, and are thread-safe except store_open(),
 * store_close() and store_each(). One process at a time may have a directory open.
 */
#ifndef HELPER_STORE_H
#define HELPER_STORE_H

#include "batch.h"
#include "reason.h"

#include <stdint.h>

struct store;

/**
 * Opens the store in a directory, which is made if it is missing (not its parents), and recovers
 * it. Everything found is durable when this returns. Damage is refused, and nothing changed then.
 * @param out store_close() frees it
 * @param why says what is wrong, may be NULL
 * @return -EBADMSG or -EUCLEAN for damage
 */
int store_open(struct store **out, const char *path, struct reason *why);

/** Frees everything. What nobody waited for stays as durable as it is. NULL does nothing. */
void store_close(struct store *store);

/** Number of the last transaction. */
uint64_t store_sequence(struct store *store);

/**
 * Appends a transaction to the log and makes it visible; not durable before store_wait().
 * @param sequence gets its number
 * @return -EINVAL for an empty batch
 */
int store_append(struct store *store, const struct batch *batch, uint64_t *sequence);

/** Waits until the transaction and all before it are durable. */
int store_wait(struct store *store, uint64_t sequence);

/** Both. */
int store_commit(struct store *store, const struct batch *batch, uint64_t *sequence);

/** Appends the key's value to `value`. @return -ENOENT if there is none */
int store_get(struct store *store, const void *key, size_t key_size, struct bytes *value);

/** Calls `visit` for each entry in the order of keys, until it returns an error. */
typedef int store_visit(void *context, const struct map_entry *entry);
int store_each(struct store *store, store_visit *visit, void *context);

/** Publishes a snapshot and leaves the log as it is. */
int store_snapshot(struct store *store);

/**
 * A checkpoint in two halves. The first says what the snapshot holds, the second does the work,
 * and what is committed in between stays in the log.
 * @return -EALREADY, -ENOENT if the other half is due
 */
int store_checkpoint_begin(struct store *store);
int store_checkpoint_finish(struct store *store);

/** Both halves. */
int store_checkpoint(struct store *store);

/**
 * The end of a recovery that makes the next one short: a checkpoint of what was found, unless the snapshot
 * has all of it. It may be interrupted and run again. Right after store_open().
 */
int store_compact(struct store *store);

#endif /* HELPER_STORE_H */
