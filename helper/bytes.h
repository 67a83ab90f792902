/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - a byte string that grows, and little-endian numbers in it.
 *
 * Invariant: `size` bytes at `data` are valid. After an allocation failed, `failed` is set and
 * stays so until bytes_clear(); appending does nothing then. A writer of many fields looks at
 * `failed` once, at the end.
 */
#ifndef HELPER_BYTES_H
#define HELPER_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A zeroed one is empty and ready. Owns `data`. */
struct bytes {
	unsigned char *data;
	size_t size;
	size_t capacity;
	bool failed;
};

/** Makes room for `more` bytes behind the valid ones. @return 0 or -ENOMEM */
int bytes_reserve(struct bytes *bytes, size_t more);

/** Appends a copy. A failure is kept in `failed`. */
void bytes_append(struct bytes *bytes, const void *data, size_t size);
void bytes_append_u32(struct bytes *bytes, uint32_t number);
void bytes_append_text(struct bytes *bytes, const char *text);

/** Writes or reads a number at `at`, which needs no alignment. */
void bytes_set_u32(unsigned char *at, uint32_t number);
void bytes_set_u64(unsigned char *at, uint64_t number);
uint32_t bytes_u32(const unsigned char *at);
uint64_t bytes_u64(const unsigned char *at);

/** Frees the content and zeroes the structure. */
void bytes_clear(struct bytes *bytes);

#endif /* HELPER_BYTES_H */
