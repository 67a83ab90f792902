/* SPDX-License-Identifier: MIT */
/* batch.h - one transaction: puts and deletes that become visible together or not at all. */
#ifndef HELPER_BATCH_H
#define HELPER_BATCH_H

#include "bytes.h"
#include "map.h"

#include <stdbool.h>

/** A zeroed one is empty and ready. `bytes` is the encoding that batch.c describes. */
struct batch {
	struct bytes bytes;
};

/** One step of a batch; key and value point into the encoding. */
struct batch_step {
	bool deletes;
	const unsigned char *key;
	size_t key_size;
	const unsigned char *value; /* empty for a delete */
	size_t value_size;
};

/** Appends a step with copies. Out of memory shows at batch_apply() and in `bytes.failed`. */
void batch_put(struct batch *batch, const void *key, size_t key_size, const void *value, size_t value_size);
void batch_delete(struct batch *batch, const void *key, size_t key_size);

/**
 * Takes the step at `*at` and moves `*at` behind it.
 * @return 1 for a step, 0 at `end`, -EBADMSG where the bytes are not a step
 */
int batch_next(const unsigned char **at, const unsigned char *end, struct batch_step *step);

/** Carries the encoded steps out on `map`. @return 0, -EBADMSG or -ENOMEM, half done then */
int batch_apply(const void *encoded, size_t size, struct map *map);

/** Frees the content and zeroes the structure. */
void batch_clear(struct batch *batch);

#endif /* HELPER_BATCH_H */
