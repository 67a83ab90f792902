/* SPDX-License-Identifier: MIT */
/*
 * Method: a batch is kept in the form in which the log stores it, so that committing copies
 * nothing. Steps follow one another without padding:
 *
 *     1 byte   what: 1 put, 2 delete
 *     4 bytes  length of the key, little-endian
 *     4 bytes  length of the value, 0 for a delete
 *     key, value
 *
 * No step starts with 0, so a run of zeros never decodes as a transaction.
 */
#include "batch.h"

#include <errno.h>

enum { STEP_PUT = 1, STEP_DELETE = 2, STEP_HEADER = 9 };

static void append_step(struct batch *batch, unsigned char what, const void *key, size_t key_size,
			const void *value, size_t value_size)
{
	if (key_size > UINT32_MAX || value_size > UINT32_MAX) {
		batch->bytes.failed = true;
		return;
	}
	bytes_append(&batch->bytes, &what, 1);
	bytes_append_u32(&batch->bytes, (uint32_t)key_size);
	bytes_append_u32(&batch->bytes, (uint32_t)value_size);
	bytes_append(&batch->bytes, key, key_size);
	bytes_append(&batch->bytes, value, value_size);
}

void batch_put(struct batch *batch, const void *key, size_t key_size, const void *value, size_t value_size)
{
	append_step(batch, STEP_PUT, key, key_size, value, value_size);
}

void batch_delete(struct batch *batch, const void *key, size_t key_size)
{
	append_step(batch, STEP_DELETE, key, key_size, NULL, 0);
}

int batch_next(const unsigned char **at, const unsigned char *end, struct batch_step *step)
{
	const unsigned char *from = *at;
	size_t left = (size_t)(end - from);

	if (left == 0)
		return 0;
	if (left < STEP_HEADER || (from[0] != STEP_PUT && from[0] != STEP_DELETE))
		return -EBADMSG;
	*step = (struct batch_step){
		.deletes = from[0] == STEP_DELETE,
		.key = from + STEP_HEADER,
		.key_size = bytes_u32(from + 1),
		.value_size = bytes_u32(from + 5),
	};
	left -= STEP_HEADER;
	if (step->key_size > left || step->value_size > left - step->key_size ||
	    (step->deletes && step->value_size > 0))
		return -EBADMSG;
	step->value = step->key + step->key_size;
	*at = step->value + step->value_size;
	return 1;
}

int batch_apply(const void *encoded, size_t size, struct map *map)
{
	const unsigned char *at = encoded;
	const unsigned char *end = at + size;
	struct batch_step step;
	int more;

	while ((more = batch_next(&at, end, &step)) > 0) {
		if (step.deletes)
			map_delete(map, step.key, step.key_size);
		else if (map_put(map, step.key, step.key_size, step.value, step.value_size))
			return -ENOMEM;
	}
	return more;
}

void batch_clear(struct batch *batch)
{
	bytes_clear(&batch->bytes);
}
