/* SPDX-License-Identifier: MIT */
/*
 * wal.h - the log: transactions in the order of their sequence numbers, made durable in groups.
 *
 * All functions return 0 or a negative errno. After an append or a sync failed, what is in the
 * file is unknown; the log then refuses everything with that first error until it is opened anew.
 */
#ifndef HELPER_WAL_H
#define HELPER_WAL_H

#include "bytes.h"
#include "reason.h"

#include <stddef.h>
#include <stdint.h>

#define WAL_NAME "store.wal"

/** Size of what stands before each frame's payload. */
#define WAL_HEADER_SIZE 24

struct wal;

/** Gets each recovered transaction in order. An error ends the recovery. */
typedef int wal_visit(void *context, uint64_t sequence, const void *payload, size_t size);

/**
 * Makes an empty log in `directory`, whose file does not exist yet, and its entry durable.
 * @param directory descriptor, kept open by the caller as long as the log
 * @param out       wal_close() frees it
 */
int wal_create(struct wal **out, int directory);

/**
 * Reads the log in `directory` and changes nothing; wal_repair() must follow before an append.
 * @param covered sequence number that the snapshot covers: later transactions are visited
 * @param out     wal_close() frees it
 * @param why     says what is wrong, may be NULL
 * @return -ENOENT without a log, -EUCLEAN if the log does not reach from the snapshot on
 */
int wal_open(struct wal **out, int directory, uint64_t covered, wal_visit *visit, void *context,
	     struct reason *why);

/** Cuts a torn tail off, and makes durable what wal_open() visited. */
int wal_repair(struct wal *wal);

/** Frees everything, without a sync. NULL does nothing. */
void wal_close(struct wal *wal);

/** Number of the last transaction in the log, 0 if there is none. */
uint64_t wal_sequence(struct wal *wal);

/** Appends a frame; not durable before wal_sync(). Callers give ascending numbers. Thread-safe. */
int wal_append(struct wal *wal, uint64_t sequence, const void *payload, size_t size);

/**
 * Waits until everything up to `sequence`, which was appended, is durable. One of the threads
 * that wait calls fdatasync for all. Thread-safe.
 */
int wal_sync(struct wal *wal, uint64_t sequence);

/**
 * Takes the log for a change of its file: waits for a sync under way, and keeps all others out.
 * wal_release() must follow in the same thread, also after an error of this function.
 */
int wal_hold(struct wal *wal);

/** Appends frame `sequence` and the later ones to `frames`, as they are. Only while held. */
int wal_suffix(struct wal *wal, uint64_t sequence, struct bytes *frames);

/**
 * Goes on in another file. Only while held.
 * @param fd    belongs to the log from now on
 * @param size  bytes in it, which are the log's last frames and durable, name and content
 * @param error if not 0, nobody knows whether they are: the log refuses everything with it
 */
void wal_adopt(struct wal *wal, int fd, size_t size, int error);

void wal_release(struct wal *wal);

#endif /* HELPER_WAL_H */
