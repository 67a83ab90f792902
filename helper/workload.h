/* SPDX-License-Identifier: MIT */
/*
 * workload.h - what the helper's commits contain: a function of the commit's number.
 *
 * The content of a store after N commits is therefore known, whoever made them and in which run,
 * and a checker needs nothing but N. Thread-safe.
 */
#ifndef HELPER_WORKLOAD_H
#define HELPER_WORKLOAD_H

#include "batch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORKLOAD_KEYS 16
#define WORKLOAD_CHANGES 5 /* of one commit, at most */
#define WORKLOAD_KEY_SIZE 3

/** One change of a commit. */
struct workload_change {
	unsigned int key; /* 0 to WORKLOAD_KEYS - 1 */
	bool deletes;
};

/** Fills in the changes of a commit, to different keys. @return their number, at least 2 */
unsigned int workload_changes(uint64_t sequence, struct workload_change changes[WORKLOAD_CHANGES]);

/** The key's name, WORKLOAD_KEY_SIZE characters and NUL. */
void workload_key(unsigned int key, char name[WORKLOAD_KEY_SIZE + 1]);

/** The key of that name, or -1. */
int workload_key_number(const void *name, size_t size);

/** Appends the steps of commit `sequence`; values have `value_bytes` to twice as many bytes. */
void workload_fill(struct batch *batch, uint64_t sequence, unsigned int value_bytes);

/** Whether commit `sequence` can have given this value to `key`. */
bool workload_wrote(uint64_t sequence, unsigned int key, const void *value, size_t size);

/** The number of the commit that a value says it is from, or 0. */
uint64_t workload_writer(const void *value, size_t size);

#endif /* HELPER_WORKLOAD_H */
